"""CTC on the device, against the CPU."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.nn import functional as F

RNG = np.random.default_rng(0)
SCORES = RNG.standard_normal((12, 3, 6))
TARGETS = RNG.integers(1, 6, (3, 5))
INPUT_LENGTHS, TARGET_LENGTHS = (12, 9, 7), (5, 3, 0)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("labels", ["padded", "joined", "on the CPU"])
def test_loss_and_gradient(device, labels, reduction):
    targets, lengths = tl.asarray(TARGETS), TARGET_LENGTHS
    if labels == "joined":
        targets = tl.concatenate([row[:n] for row, n in zip(TARGETS, lengths, strict=True)])
    results = []
    for place in ("cpu", device):
        x = tl.asarray(SCORES).to(place).requires_grad_()
        where = "cpu" if labels == "on the CPU" else place
        known = [tl.asarray(n).to(where) for n in (INPUT_LENGTHS, lengths)]
        loss = F.ctc_loss(F.log_softmax(x, 2), targets.to(where), *known, reduction=reduction)
        assert loss.device == x.device
        loss.sum().backward()
        results.append((loss.detach().cpu().numpy(), x.grad.cpu().numpy()))
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_too_long_targets(device):
    x = F.log_softmax(tl.asarray(SCORES[:3]).to(device), 2)
    targets = tl.asarray(TARGETS).to(device)
    losses = F.ctc_loss(x, targets, (3, 3, 3), (5, 3, 0), reduction="none")
    assert losses.tolist()[0] == np.inf and np.isfinite(losses.tolist()[2])
    zero = F.ctc_loss(x, targets, (3, 3, 3), (5, 3, 0), reduction="none", zero_infinity=True)
    assert zero.tolist()[0] == 0
    with pytest.raises(IndexError, match="^ctc_loss: expected targets from 0 to 5, got"):
        F.ctc_loss(x, targets + 5, (3, 3, 3), (5, 3, 0))
