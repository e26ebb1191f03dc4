"""Every op of the table on the device, against the same op on the CPU."""

import numpy as np
import pytest
from samples import SAMPLES

import tensorlib as tl
from tensorlib._core._dispatch import ops
from tensorlib.cuda.elementwise import OPS
from tensorlib.cuda.table import KERNELS

pytestmark = pytest.mark.usefixtures("libraries")

# Without a kernel: an error names the op and the device.
MISSING = sorted(
    name
    for name in SAMPLES
    if name not in OPS and name not in KERNELS and not getattr(ops, name).anywhere
)
# Their vectors have any phase, and their numbers any order: see test_linalg.py.
NOT_UNIQUE = {"eig", "eigh", "eigvals", "svd"}
PRESENT = sorted(set(SAMPLES) - set(MISSING) - NOT_UNIQUE)
DTYPES = {"float64": 1e-12, "float32": 3e-5}


def moved(value, device):
    return tl.asarray(value).to(device)


def as_tuple(value):
    return value if isinstance(value, tuple) else (value,)


def prepared(sample, dtype):
    """The sample's inputs with floating-point numbers in a dtype."""
    kinds = {"f": dtype, "c": "complex64" if dtype == "float32" else "complex128"}
    return [a.astype(kinds.get(a.dtype.kind, a.dtype)) for a in map(np.asarray, sample.inputs)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PRESENT)
def test_as_on_the_cpu(name, dtype, device):
    if (name, dtype) == ("as_strided", "float32"):
        return  # the sample's strides are of float64
    sample = SAMPLES[name](np.random.default_rng(0))
    inputs = prepared(sample, dtype)
    expected = as_tuple(sample.function(*map(tl.asarray, inputs), **sample.params))
    actual = as_tuple(sample.function(*[moved(a, device) for a in inputs], **sample.params))
    assert len(actual) == len(expected)
    for one, other in zip(actual, expected, strict=True):
        if name != "to_device":
            assert one.device == f"{device}:0"
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(
            one.cpu().numpy(), other.numpy(), rtol=DTYPES[dtype], atol=DTYPES[dtype]
        )


@pytest.mark.parametrize(
    "name",
    [name for name in PRESENT if getattr(ops, name).differentiable and name != "to_device"],
)
def test_gradients_as_on_the_cpu(name, device):
    sample = SAMPLES[name](np.random.default_rng(1))
    gradients = []
    for place in ("cpu", device):
        inputs = [moved(a, place) for a in prepared(sample, "float64")]
        for x in inputs:
            x.requires_grad = x.dtype.kind in "fc"
        outputs = as_tuple(sample.function(*inputs, **sample.params))
        outputs = [y for y in outputs if y.requires_grad]
        if not outputs:
            return
        rng = np.random.default_rng(2)
        seeds = [moved(rng.standard_normal(y.shape).astype(y.dtype), place) for y in outputs]
        leaves = [x for x in inputs if x.requires_grad]
        found = tl.autograd.grad(outputs, leaves, seeds, allow_unused=True)
        assert all(g is None or g.device == x.device for g, x in zip(found, leaves, strict=True))
        gradients.append([None if g is None else g.cpu().numpy() for g in found])
    for one, other in zip(*gradients, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", MISSING)
def test_what_has_no_kernel_says_so(name, device):
    sample = SAMPLES[name](np.random.default_rng(0))
    inputs = [moved(a, device) for a in prepared(sample, "float64")]
    with pytest.raises(NotImplementedError, match=rf"^\w+: no kernel for {device}:0; cpu\(\)"):
        sample.function(*inputs, **sample.params)
