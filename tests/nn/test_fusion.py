"""nn.utils: batch normalization as part of the layer before it, beside PyTorch's."""

import numpy as np
import pytest
from parity import array_of, assert_close, dtypes, pair_of, torch

import tensorlib as tl
from tensorlib import nn

CASES = [
    ("Linear", (3, 4), {}, "BatchNorm1d", (5, 3)),
    ("Linear", (3, 4), {"bias": False}, "BatchNorm1d", (5, 3)),
    ("Conv1d", (4, 4, 2), {"groups": 2}, "BatchNorm1d", (2, 4, 5)),
    ("Conv2d", (3, 4, 2), {"bias": False}, "BatchNorm2d", (2, 3, 5, 5)),
    ("ConvTranspose2d", (3, 4, 2), {}, "BatchNorm2d", (2, 3, 5, 5)),
]


@dtypes
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("name, args, options, norm, shape", CASES)
def test_like_pytorch(dtype, affine, name, args, options, norm, shape):
    layer, other = pair_of(name, *args, dtype=dtype, **options)
    bn, other_bn = pair_of(norm, 4, affine=affine, dtype=dtype)
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    bn(layer(tl.asarray(x)))  # so that there are statistics
    other_bn(other(torch.tensor(x)))
    for module in (layer, bn, other, other_bn):
        module.eval()
    if name == "Linear":
        fused = nn.utils.fuse_linear_bn_eval(layer, bn)
        # PyTorch's needs the weight of the normalization.
        theirs = torch.nn.utils.fuse_linear_bn_eval(other, other_bn) if affine else None
    else:
        transpose = name.startswith("ConvT")
        fused = nn.utils.fuse_conv_bn_eval(layer, bn, transpose)
        theirs = torch.nn.utils.fuse_conv_bn_eval(other, other_bn, transpose)
    assert type(fused) is type(layer) and list(fused.state_dict()) == ["weight", "bias"]
    if theirs is not None:
        assert_close(fused.weight, theirs.weight, dtype)
        assert_close(fused.bias, theirs.bias, dtype)
    assert_close(fused(tl.asarray(x)), torch.tensor(array_of(bn(layer(tl.asarray(x))))), dtype)


def test_refused():
    conv, bn = nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)
    with pytest.raises(ValueError, match="fuse_conv_bn_eval: expected Conv2d in evaluation mode"):
        nn.utils.fuse_conv_bn_eval(conv, bn)
    with pytest.raises(ValueError, match="expected BatchNorm2d in evaluation mode"):
        nn.utils.fuse_conv_bn_eval(conv.eval(), bn)
    bare = nn.BatchNorm1d(2, track_running_stats=False).eval()
    with pytest.raises(ValueError, match="expected BatchNorm1d with running statistics"):
        nn.utils.fuse_linear_bn_eval(nn.Linear(2, 2).eval(), bare)
    grouped = nn.ConvTranspose2d(2, 2, 1, groups=2).eval()
    with pytest.raises(ValueError, match="expected a transposed convolution of one group, got 2"):
        nn.utils.fuse_conv_bn_eval(grouped, bn.eval(), transpose=True)
