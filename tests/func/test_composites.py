"""Public functions under the transforms: against loops and central differences."""

import numpy as np
import pytest
from func_cases import close, differences, stacked

import tensorlib as tl
from tensorlib import fft, linalg
from tensorlib.func import grad, jvp, vmap
from tensorlib.nn import functional as F


def put_along(a, i):
    x = a * 1
    tl.put_along_axis(x, i[:, None], a[:, :1] * 2, axis=1)
    return x


def putmask(a):
    x = a * 1
    tl.putmask(x, a > 1, a * 3)
    return x


def place(a):
    x = a * 1
    tl.place(x, a > 1, tl.asarray([5.0]))
    return x


def copyto(a, b):
    x = a * 1
    tl.copyto(x, b)
    return x


def filld(s):
    x = s * 1
    tl.fill_diagonal(x, 7.0)
    return x


def fill(a):
    x = a * 1
    x.fill(3.0)
    return x + a


def msort(a):
    x = a * 1
    x.sort()
    return x


CALLS = {
    # creation/joining/shape
    "zeros_like": lambda a, b, s, i: tl.zeros_like(a) + a,
    "full_like": lambda a, b, s, i: tl.full_like(a, 2) * a,
    "concatenate": lambda a, b, s, i: tl.concatenate([a, b[None]]),
    "stack": lambda a, b, s, i: tl.stack([a[0], b], axis=1),
    "vstack": lambda a, b, s, i: tl.vstack([a, b]),
    "hstack": lambda a, b, s, i: tl.hstack([b, b * 2]),
    "dstack": lambda a, b, s, i: tl.dstack([a, a]),
    "column_stack": lambda a, b, s, i: tl.column_stack([b, b]),
    "block": lambda a, b, s, i: tl.block([[s, s], [s, s]]),
    "split": lambda a, b, s, i: tuple(tl.split(a, 2, axis=1)),
    "array_split": lambda a, b, s, i: tuple(tl.array_split(b, 3)),
    "tile": lambda a, b, s, i: tl.tile(a, (2, 1)),
    "repeat": lambda a, b, s, i: tl.repeat(a, 2, axis=0),
    "repeat_list": lambda a, b, s, i: tl.repeat(a, [1, 2, 0], axis=0),
    "roll": lambda a, b, s, i: tl.roll(a, 1, axis=1),
    "rot90": lambda a, b, s, i: tl.rot90(a),
    "flip": lambda a, b, s, i: tl.flip(a, 0),
    "moveaxis": lambda a, b, s, i: tl.moveaxis(a, 0, 1),
    "swapaxes": lambda a, b, s, i: tl.swapaxes(a, 0, 1),
    "expand_dims": lambda a, b, s, i: tl.expand_dims(a, 1),
    "squeeze": lambda a, b, s, i: tl.squeeze(a[:1]),
    "ravel": lambda a, b, s, i: tl.ravel(a),
    "ravelT": lambda a, b, s, i: tl.ravel(a.T),
    "resize": lambda a, b, s, i: tl.resize(a, (2, 7)),
    "pad": lambda a, b, s, i: tl.pad(a, 1),
    "pad_edge": lambda a, b, s, i: tl.pad(a, ((1, 2), (0, 1)), mode="edge"),
    "pad_reflect": lambda a, b, s, i: tl.pad(a, 1, mode="reflect"),
    "pad_wrap": lambda a, b, s, i: tl.pad(a, 1, mode="wrap"),
    "pad_linear": lambda a, b, s, i: tl.pad(a, 2, mode="linear_ramp"),
    "pad_mean": lambda a, b, s, i: tl.pad(a, 2, mode="mean"),
    "pad_median": lambda a, b, s, i: tl.pad(a, 2, mode="median"),
    "meshgrid": lambda a, b, s, i: tuple(tl.meshgrid(b, b)),
    "diag": lambda a, b, s, i: tl.diag(b),
    "diagflat": lambda a, b, s, i: tl.diagflat(b),
    "tril": lambda a, b, s, i: tl.tril(a),
    "triu": lambda a, b, s, i: tl.triu(a, 1),
    "vander": lambda a, b, s, i: tl.vander(b, 3),
    "broadcast_arrays": lambda a, b, s, i: tuple(tl.broadcast_arrays(a, b)),
    "insert": lambda a, b, s, i: tl.insert(a, 1, b, axis=0),
    "delete": lambda a, b, s, i: tl.delete(a, 1, axis=0),
    "append": lambda a, b, s, i: tl.append(a, b),
    # selection
    "take": lambda a, b, s, i: tl.take(a, [0, 2], axis=0),
    "take_i": lambda a, b, s, i: tl.take(b, i),
    "take_wrap": lambda a, b, s, i: tl.take(b, i + 3, mode="wrap"),
    "take_along": lambda a, b, s, i: tl.take_along_axis(a, tl.argsort(a, axis=1), axis=1),
    "choose": lambda a, b, s, i: tl.choose(i, [s[0], s[1], s[2]]),
    "select": lambda a, b, s, i: tl.select([a > 1, a > 0.5], [a, a * 2], 0),
    "where": lambda a, b, s, i: tl.where(a > 1, a, b),
    "piecewise": lambda a, b, s, i: tl.piecewise(
        a, [a > 1, a <= 1], [lambda x: x * 2, lambda x: x * x]
    ),
    "put_along": lambda a, b, s, i: put_along(a, i),
    "putmask": lambda a, b, s, i: putmask(a),
    "place": lambda a, b, s, i: place(a),
    "copyto": lambda a, b, s, i: copyto(a, b),
    "fill_diagonal": lambda a, b, s, i: filld(s),
    "diag_indices": lambda a, b, s, i: s[tl.diag_indices(3)],
    "triu_indices": lambda a, b, s, i: s[tl.triu_indices(3)],
    "searchsorted": lambda a, b, s, i: tl.searchsorted(tl.sort(b), a[0]),
    "digitize": lambda a, b, s, i: tl.digitize(a, [0.5, 1.0]),
    "unravel": lambda a, b, s, i: tl.unravel_index(i, (3, 3)),
    "clip": lambda a, b, s, i: tl.clip(a, 0.5, 1.0),
    # statistics
    "mean": lambda a, b, s, i: tl.mean(a, axis=0),
    "mean_all": lambda a, b, s, i: tl.mean(a),
    "var": lambda a, b, s, i: tl.var(a, axis=1, ddof=1),
    "std": lambda a, b, s, i: tl.std(a),
    "median": lambda a, b, s, i: tl.median(a, axis=1),
    "quantile": lambda a, b, s, i: tl.quantile(a, 0.3, axis=0),
    "quantiles": lambda a, b, s, i: tl.quantile(a, [0.3, 0.5], axis=0),
    "percentile": lambda a, b, s, i: tl.percentile(a, 30),
    "average": lambda a, b, s, i: tl.average(a, axis=1, weights=b),
    "cov": lambda a, b, s, i: tl.cov(a),
    "corrcoef": lambda a, b, s, i: tl.corrcoef(a),
    "ptp": lambda a, b, s, i: tl.ptp(a, axis=0),
    "nanmedian": lambda a, b, s, i: tl.nanmedian(tl.where(a > 1.9, tl.nan, a), axis=1),
    "nanquantile": lambda a, b, s, i: tl.nanquantile(tl.where(a > 1.9, tl.nan, a), 0.3, axis=1),
    "quantile_of": lambda a, b, s, i: tl.quantile(a, b / 2),
    "quantile_lower": lambda a, b, s, i: tl.quantile(a, b / 2, method="lower"),
    "quantile_weighted": lambda a, b, s, i: tl.quantile(
        a[0], 0.4, weights=tl.arange(1.0, 5.0), method="inverted_cdf"
    ),
    "nanmean": lambda a, b, s, i: tl.nanmean(a, axis=0),
    "nansum": lambda a, b, s, i: tl.nansum(a),
    "nanmax": lambda a, b, s, i: tl.nanmax(a, axis=1),
    "nanvar": lambda a, b, s, i: tl.nanvar(a, axis=1),
    "histogram": lambda a, b, s, i: tl.histogram(a, 3, range=(0, 2))[0],
    "bincount": lambda a, b, s, i: tl.bincount(i, minlength=3),
    "packbits": lambda a, b, s, i: tl.unpackbits(tl.packbits(i > 1), count=3),
    "count_nonzero": lambda a, b, s, i: tl.count_nonzero(a > 1, axis=0),
    "cumsum": lambda a, b, s, i: tl.cumsum(a),
    "cumprod": lambda a, b, s, i: tl.cumprod(a, axis=1),
    "nancumsum": lambda a, b, s, i: tl.nancumsum(a, axis=1),
    "diff": lambda a, b, s, i: tl.diff(a, axis=1),
    "diff2": lambda a, b, s, i: tl.diff(a, n=2),
    "ediff1d": lambda a, b, s, i: tl.ediff1d(a),
    "gradient": lambda a, b, s, i: tl.gradient(b),
    "trapezoid": lambda a, b, s, i: tl.trapezoid(a, axis=1),
    "unwrap": lambda a, b, s, i: tl.unwrap(b * 4),
    "interp": lambda a, b, s, i: tl.interp(a[0], tl.arange(4.0), b),
    "interpx": lambda a, b, s, i: tl.interp(tl.asarray([0.5, 1.5]), tl.cumsum(b), b),
    "asarray": lambda a, b, s, i: tl.asarray([a[0], b, 1.0 + b]),
    "ufunc of a list": lambda a, b, s, i: tl.hypot(b, [a[0, 0], b[1], 0.0, 2.0]),
    "i0 of ints": lambda a, b, s, i: tl.i0(i),
    "correlate ints": lambda a, b, s, i: tl.correlate(i + 2**25, i * 0 + 1),
    "correlate bools": lambda a, b, s, i: tl.correlate(i > 0, i > 1),
    "emath": lambda a, b, s, i: tl.emath.sqrt(a - 1).real,
    "convolve": lambda a, b, s, i: tl.convolve(b, a[0]),
    "correlate": lambda a, b, s, i: tl.correlate(b, a[0]),
    "max": lambda a, b, s, i: a.max(axis=1),
    "argmax": lambda a, b, s, i: a.argmax(axis=1),
    "any": lambda a, b, s, i: tl.any(a > 1.5, axis=0),
    "all_none": lambda a, b, s, i: tl.all(a > 0),
    "sort": lambda a, b, s, i: tl.sort(a, axis=0),
    "sort_none": lambda a, b, s, i: tl.sort(a, axis=None),
    "argsort": lambda a, b, s, i: tl.argsort(a),
    "partition": lambda a, b, s, i: tl.partition(a, 2, axis=1)[:, 2],
    "lexsort": lambda a, b, s, i: tl.lexsort((a[0], b)),
    "allclose": lambda a, b, s, i: tl.isclose(a, b),
    "nan_to_num": lambda a, b, s, i: tl.nan_to_num(a),
    "round": lambda a, b, s, i: tl.round(a, 1) * a,
    "real_imag": lambda a, b, s, i: tl.real(a + 1j * a) + tl.imag(a * 1j),
    "angle": lambda a, b, s, i: tl.angle(a + 1j * b),
    "sinc": lambda a, b, s, i: tl.sinc(a),
    "i0": lambda a, b, s, i: tl.i0(a),
    "polyval": lambda a, b, s, i: tl.polyval(b, a),
    "polyfit": lambda a, b, s, i: tl.polyfit(tl.arange(4.0), b, 2),
    "poly of a matrix": lambda a, b, s, i: tl.poly(s),
    "series": lambda a, b, s, i: tl.polynomial.chebyshev.chebmul(a[0], b),
    "poly": lambda a, b, s, i: tl.poly(b),
    "power_scalar": lambda a, b, s, i: a ** b[0],
    "power_int": lambda a, b, s, i: a**3,
    "rpow": lambda a, b, s, i: 2.0**a,
    "floor_div": lambda a, b, s, i: (a // 0.3) + a % 0.3,
    "apply_along": lambda a, b, s, i: tl.apply_along_axis(lambda x: x.sum() * x, 1, a),
    "vectorize": lambda a, b, s, i: tl.vectorize(lambda x: x * 2)(a),
    # products
    "dot": lambda a, b, s, i: tl.dot(a, b),
    "inner": lambda a, b, s, i: tl.inner(a, b),
    "outer": lambda a, b, s, i: tl.outer(b, b),
    "kron": lambda a, b, s, i: tl.kron(s, b),
    "cross": lambda a, b, s, i: tl.cross(s[0], s),
    "tensordot": lambda a, b, s, i: tl.tensordot(a, a, axes=([1], [1])),
    "einsum": lambda a, b, s, i: tl.einsum("ij,j,ik->k", a, b, s),
    "einsum_tr": lambda a, b, s, i: tl.einsum("ii", s),
    "matmul": lambda a, b, s, i: s @ a,
    "vdot": lambda a, b, s, i: tl.vdot(b, b),
    "trace": lambda a, b, s, i: tl.trace(s),
    "vecdot": lambda a, b, s, i: tl.vecdot(a, b),
    # linalg
    "l.inv": lambda a, b, s, i: linalg.inv(s),
    "l.pinv": lambda a, b, s, i: linalg.pinv(a),
    "l.solve": lambda a, b, s, i: linalg.solve(s, a),
    "l.solvev": lambda a, b, s, i: linalg.solve(s, s[0]),
    "l.lstsq": lambda a, b, s, i: linalg.lstsq(a.T, b)[0],
    "l.det": lambda a, b, s, i: linalg.det(s),
    "l.slogdet": lambda a, b, s, i: linalg.slogdet(s)[1],
    "l.chol": lambda a, b, s, i: linalg.cholesky(s),
    "l.qr": lambda a, b, s, i: tuple(linalg.qr(a.T)),
    "l.svdvals": lambda a, b, s, i: linalg.svdvals(a),
    "l.eigvalsh": lambda a, b, s, i: linalg.eigvalsh(s),
    "l.eigh": lambda a, b, s, i: linalg.eigh(s)[1] ** 2,
    "l.eigvals": lambda a, b, s, i: tl.sort(linalg.eigvals(s + tl.diag(tl.arange(3.0))).real),
    "l.norm": lambda a, b, s, i: linalg.norm(a),
    "l.norm_nuc": lambda a, b, s, i: linalg.norm(a, "nuc"),
    "l.norm1": lambda a, b, s, i: linalg.norm(a, 1, axis=1),
    "l.norm_2": lambda a, b, s, i: linalg.norm(a, 2),
    "l.norm_inf": lambda a, b, s, i: linalg.norm(b, float("inf")),
    "l.cond": lambda a, b, s, i: linalg.cond(s),
    "l.rank": lambda a, b, s, i: linalg.matrix_rank(s),
    "l.power": lambda a, b, s, i: linalg.matrix_power(s, 3),
    "l.power_neg": lambda a, b, s, i: linalg.matrix_power(s, -2),
    "l.multi_dot": lambda a, b, s, i: linalg.multi_dot([s, a, b]),
    "l.tensorsolve": lambda a, b, s, i: linalg.tensorsolve(s, s[0]),
    "l.tensorinv": lambda a, b, s, i: linalg.tensorinv(s, 1),
    "l.vector_norm": lambda a, b, s, i: linalg.vector_norm(a, axis=0),
    "l.matrix_norm": lambda a, b, s, i: linalg.matrix_norm(a),
    "l.trace": lambda a, b, s, i: linalg.trace(s),
    # fft
    "f.fft": lambda a, b, s, i: fft.fft(a),
    "f.ifft": lambda a, b, s, i: fft.ifft(a, axis=0),
    "f.rfft": lambda a, b, s, i: fft.rfft(a, n=5),
    "f.irfft": lambda a, b, s, i: fft.irfft(a),
    "f.fft2": lambda a, b, s, i: fft.fft2(a),
    "f.fftn": lambda a, b, s, i: fft.fftn(a),
    "f.rfftn": lambda a, b, s, i: fft.rfftn(a),
    "f.irfft2": lambda a, b, s, i: fft.irfft2(a),
    "f.hfft": lambda a, b, s, i: fft.hfft(a),
    "f.ihfft": lambda a, b, s, i: fft.ihfft(a),
    "f.fftshift": lambda a, b, s, i: fft.fftshift(a),
    # methods
    "m.reshape": lambda a, b, s, i: a.reshape(-1),
    "m.T": lambda a, b, s, i: a.T,
    "m.flatten": lambda a, b, s, i: a.flatten(),
    "m.flat": lambda a, b, s, i: a.flat[2:5],
    "m.astype": lambda a, b, s, i: a.astype("float32"),
    "m.view": lambda a, b, s, i: a.copy().view(),
    "m.dot": lambda a, b, s, i: a.dot(b),
    "m.clip": lambda a, b, s, i: a.clip(0, 1),
    "m.iter": lambda a, b, s, i: tl.stack([r * 2 for r in a]),
    "m.fill": lambda a, b, s, i: fill(a),
    "m.sort": lambda a, b, s, i: msort(a),
    # nn.functional, with a as an image or as rows
    "nn.linear": lambda a, b, s, i: F.linear(a, a, b[:3]),
    "nn.relu": lambda a, b, s, i: F.relu(a - 1),
    "nn.gelu": lambda a, b, s, i: F.gelu(a),
    "nn.elu": lambda a, b, s, i: F.elu(a - 1),
    "nn.softplus": lambda a, b, s, i: F.softplus(a),
    "nn.hardswish": lambda a, b, s, i: F.hardswish(a - 1),
    "nn.prelu": lambda a, b, s, i: F.prelu(a - 1, b[:1]),
    "nn.glu": lambda a, b, s, i: F.glu(a),
    "nn.softmax": lambda a, b, s, i: F.softmax(a, -1),
    "nn.log_softmax": lambda a, b, s, i: F.log_softmax(a, 0),
    "nn.normalize": lambda a, b, s, i: F.normalize(a, dim=1),
    "nn.cosine_similarity": lambda a, b, s, i: F.cosine_similarity(a, b[None]),
    "nn.cdist": lambda a, b, s, i: F.pairwise_distance(a, b[None]),
    "nn.cross_entropy": lambda a, b, s, i: F.cross_entropy(a, i),
    "nn.cross_entropy_smooth": lambda a, b, s, i: F.cross_entropy(a, i, b, label_smoothing=0.1),
    "nn.nll_loss": lambda a, b, s, i: F.nll_loss(a, i, reduction="none"),
    "nn.mse_loss": lambda a, b, s, i: F.mse_loss(a[0], b),
    "nn.l1_loss": lambda a, b, s, i: F.l1_loss(a[0], b),
    "nn.smooth_l1_loss": lambda a, b, s, i: F.smooth_l1_loss(a[0], b),
    "nn.kl_div": lambda a, b, s, i: F.kl_div(tl.log(a), a, reduction="sum"),
    "nn.bce": lambda a, b, s, i: F.binary_cross_entropy_with_logits(a[0], b / 2),
    "nn.layer_norm": lambda a, b, s, i: F.layer_norm(a, (4,), b),
    "nn.rms_norm": lambda a, b, s, i: F.rms_norm(a, (4,), b),
    "nn.group_norm": lambda a, b, s, i: F.group_norm(a.T[None], 2, b),
    "nn.batch_norm": lambda a, b, s, i: F.batch_norm(a, b * 0, b, training=False),
    "nn.batch_norm_training": lambda a, b, s, i: F.batch_norm(a, None, None, b, training=True),
    "nn.conv1d": lambda a, b, s, i: F.conv1d(a, s[:, :, None] * b[:2]),
    "nn.conv2d": lambda a, b, s, i: F.conv2d(a[None, None], s[None, None, :2, :2], padding=1),
    "nn.conv_transpose1d": lambda a, b, s, i: F.conv_transpose1d(a, s[:, :, None], stride=2),
    "nn.max_pool1d": lambda a, b, s, i: F.max_pool1d(a, 2),
    "nn.max_pool2d": lambda a, b, s, i: F.max_pool2d(a[None], 2, 1),
    "nn.avg_pool2d": lambda a, b, s, i: F.avg_pool2d(a[None], 2, 1),
    "nn.adaptive_avg_pool1d": lambda a, b, s, i: F.adaptive_avg_pool1d(a, 2),
    "nn.lp_pool1d": lambda a, b, s, i: F.lp_pool1d(a, 2, 2),
    "nn.interpolate": lambda a, b, s, i: F.interpolate(a[None], scale_factor=2, mode="linear"),
    "nn.pad": lambda a, b, s, i: F.pad(a[None], (1, 2), mode="reflect"),
    "nn.unfold": lambda a, b, s, i: F.unfold(a[None, None], 2),
    "nn.pixel_shuffle": lambda a, b, s, i: F.pixel_shuffle(a.T[:, None], 2),
    "nn.embedding": lambda a, b, s, i: F.embedding(i, s),
    "nn.one_hot": lambda a, b, s, i: F.one_hot(i, 3),
    "nn.attention": lambda a, b, s, i: F.scaled_dot_product_attention(a, a, a * b),
    "nn.attention_causal": lambda a, b, s, i: F.scaled_dot_product_attention(
        a, a, s, is_causal=True
    ),
    "nn.attention_mask": lambda a, b, s, i: F.scaled_dot_product_attention(a, a, a, s),
}
# The gradient itself needs shapes that depend on values.
NO_LOOP_GRADIENT = set()


rng = np.random.default_rng(0)
ROOTS = rng.standard_normal((3, 3, 3))
# Examples of a: numbers above zero, b: a row of them, s: positive definite, i: indices below 3.
EXAMPLES = [
    tl.asarray(rng.uniform(0.2, 2, (3, 3, 4))),
    tl.asarray(rng.uniform(0.2, 2, (3, 4))),
    tl.asarray(ROOTS @ ROOTS.transpose(0, 2, 1) + np.eye(3)),
    tl.asarray(rng.integers(0, 3, (3, 3))),
]
DIRECTIONS = [tl.asarray(rng.standard_normal(x.shape)) for x in EXAMPLES[:3]]
DIRECTIONS[2] = DIRECTIONS[2] + tl.matrix_transpose(DIRECTIONS[2])
# NumPy computes it, which knows no derivatives.
WITHOUT_DERIVATIVE = {"histogram"}


def tensors(result):
    """What a function returns, flat."""
    if isinstance(result, tuple | list):
        return tuple(leaf for part in result for leaf in tensors(part))
    return (tl.asarray(result),)


@pytest.mark.parametrize("which", ["abs", "a", "b", "s", "i"])
@pytest.mark.parametrize("name", CALLS)
def test_vmap(name, which):
    dims = tuple(0 if which == "abs" or letter == which else None for letter in "absi")
    args = [x if dim == 0 else x[0] for x, dim in zip(EXAMPLES, dims, strict=True)]

    def call(*args):
        return tensors(CALLS[name](*args))

    loop = [
        call(*[x[k] if dim == 0 else x for x, dim in zip(args, dims, strict=True)])
        for k in range(3)
    ]
    close(vmap(call, dims)(*args), stacked(loop))


@pytest.mark.parametrize("name", [name for name in CALLS if name not in WITHOUT_DERIVATIVE])
def test_derivatives(name):
    xs = tuple(x[0] for x in EXAMPLES[:3])
    ts = tuple(t[0] for t in DIRECTIONS)

    def call(a, b, s):
        found = tensors(CALLS[name](a, b, s, EXAMPLES[3][0]))
        return tuple(x for x in found if x.dtype.kind in "fc" and x.dtype.itemsize >= 8)

    if not call(*xs):
        return
    _, tangents = jvp(call, xs, ts)
    close(tangents, differences(call, xs, ts), 1e-5, 1e-5)

    def scalar(*xs):
        return sum((x * tl.conj(x)).real.sum() for x in call(*xs))

    examples = [tuple(x[k] for x in EXAMPLES[:3]) for k in range(3)]
    if name not in NO_LOOP_GRADIENT:
        gradient = grad(scalar, (0, 1, 2))
        close(vmap(gradient)(*EXAMPLES[:3]), stacked([gradient(*x) for x in examples]), 1e-7, 1e-7)
