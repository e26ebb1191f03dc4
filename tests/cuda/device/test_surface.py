"""Every function of NumPy's names runs on tensors of a device; `CALLS` has calls of them."""

import numpy as np
import pytest

import tensorlib as tl

RNG = np.random.default_rng(0)
X = RNG.uniform(0.1, 0.9, (4, 5))
Y = RNG.uniform(0.1, 0.9, (4, 5))
SQUARE = RNG.uniform(-1, 1, (4, 4))
V, W = RNG.uniform(0.1, 0.9, 6), RNG.uniform(0.1, 0.9, 6)
THREE, OTHER = RNG.uniform(-1, 1, (2, 3)), RNG.uniform(-1, 1, (2, 3))
NAN = np.where(X < 0.3, np.nan, X)
INTS, FEW = RNG.integers(0, 9, (4, 5)), RNG.integers(1, 5, (4, 5))
B, C = X < 0.5, Y < 0.5
COMPLEX = X + 1j * Y
PLACES = np.array([0, 2, 1, 2])
SORTED = np.sort(V)
BYTES = RNG.integers(0, 255, (3, 8)).astype(np.uint8)

UNARY = """
abs absolute acos angle arccos arcsin arcsinh arctan arctanh asin asinh atan atanh
cbrt ceil conj conjugate cos cosh deg2rad degrees exp exp2 expm1 fabs fix floor imag
iscomplex isfinite isinf isnan isneginf isposinf isreal i0 log log10 log1p log2 logical_not modf
frexp nan_to_num negative positive rad2deg radians real real_if_close reciprocal rint round around
sign signbit sin sinc sinh spacing sqrt square tan tanh trunc
all amax amin any argmax argmin argsort argwhere average copy count_nonzero cov corrcoef
cumprod cumsum cumulative_prod cumulative_sum diag diagonal diagflat diff ediff1d
fliplr flipud flip flatnonzero max mean median min nonzero prod ptp ravel sort std
sum trace transpose tril triu unwrap var squeeze atleast_1d atleast_2d atleast_3d array asarray
asanyarray ascontiguousarray asfortranarray asarray_chkfinite unique unique_all unique_counts
unique_inverse unique_values matrix_transpose permute_dims sort_complex zeros_like ones_like
empty_like gradient rot90 trapezoid array_str array_repr array2string shape size ndim
""".split()
BINARY = """
add allclose arctan2 array_equal array_equiv atan2 copysign divide divmod equal float_power
floor_divide fmax fmin fmod greater greater_equal heaviside hypot isclose less less_equal
logaddexp logaddexp2 logical_and logical_or logical_xor maximum minimum mod multiply nextafter
not_equal pow power remainder subtract true_divide append
""".split()
NANS = """
nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanprod nanstd nansum
nanvar
""".split()

CALLS = {
    **{name: (X,) for name in UNARY},
    **{name: (X, Y) for name in BINARY},
    **{name: (NAN,) for name in NANS},
    **{name: (INTS, FEW) for name in "bitwise_and bitwise_or bitwise_xor gcd lcm".split()},
    **{name: (INTS, FEW) for name in "left_shift right_shift bitwise_left_shift".split()},
    **{name: (INTS, FEW) for name in "bitwise_right_shift ldexp".split()},
    **{name: (INTS,) for name in "bitwise_count bitwise_invert bitwise_not invert".split()},
    "acosh": (X + 1,),
    "arccosh": (X + 1,),
    "argpartition": (V, 2),
    "array_split": (X, 3),
    "apply_along_axis": (lambda a: a.sum(), 0, X),
    "apply_over_axes": (tl.sum, X, [0, 1]),
    "astype": (X, "float32"),
    "bincount": (PLACES,),
    "block": ([[X, Y], [Y, X]],),
    "broadcast_arrays": (X, X[0]),
    "broadcast_to": (X[0], (3, 5)),
    "choose": (PLACES % 2, [np.arange(4.0), np.arange(4.0) + 9]),
    "clip": (X, 0.3, 0.6),
    "cumulative_prod": (X.ravel(),),
    "cumulative_sum": (X.ravel(),),
    "column_stack": ([V, W],),
    "compress": (np.array([True, False, True, True]), X, 0),
    "concat": ([X, Y],),
    "concatenate": ([X, Y], 1),
    "convolve": (V, W[:3]),
    "copyto": (X.copy(), Y),
    "correlate": (V, W[:3]),
    "cross": (THREE, OTHER),
    "delete": (X, 1, 0),
    "diag_indices_from": (SQUARE,),
    "digitize": (X, SORTED),
    "dot": (X, Y.T),
    "dsplit": (X.reshape(2, 2, 5)[..., :4], 2),
    "dstack": ([X, Y],),
    "einsum": ("ij,kj->ik", X, Y),
    "expand_dims": (X, 1),
    "extract": (B, X),
    "fill_diagonal": (SQUARE.copy(), 3.0),
    "full_like": (X, 2.0),
    "histogram": (X,),
    "histogram2d": (V, W),
    "histogram_bin_edges": (X,),
    "histogramdd": (X,),
    "hsplit": (X[:, :4], 2),
    "hstack": ([X, Y],),
    "inner": (X, Y),
    "insert": (X, 1, 7.0, 0),
    "interp": (V, SORTED, W),
    "intersect1d": (INTS, FEW),
    "isin": (INTS, FEW),
    "iscomplexobj": (X,),
    "isrealobj": (X,),
    "ix_": (PLACES, PLACES[:2]),
    "kron": (X, Y),
    "lexsort": ((V, W),),
    "linspace": (V, W, 3),
    "geomspace": (V, W, 3),
    "logspace": (V, W, 3),
    "matmul": (X, Y.T),
    "matvec": (X, Y[0]),
    "meshgrid": (V, W[:3]),
    "moveaxis": (X.reshape(2, 2, 5), 0, 2),
    "nanpercentile": (NAN, 30),
    "nanquantile": (NAN, 0.3),
    "outer": (V, W),
    "packbits": (BYTES > 100,),
    "pad": (X, 2),
    "partition": (V, 2),
    "percentile": (X, 30),
    "piecewise": (X, [B, ~B], [0.0, 1.0]),
    "place": (X.copy(), B, V),
    "poly": (V,),
    "polyadd": (V, W),
    "polyder": (V,),
    "polydiv": (V, W[:3]),
    "polyfit": (V, W, 2),
    "polyint": (V,),
    "polymul": (V, W),
    "polysub": (V, W),
    "polyval": (V, X),
    "put": (X.copy(), PLACES, V[:4]),
    "put_along_axis": (X.copy(), INTS[:, :2] % 4, Y[:, :2], 1),
    "putmask": (X.copy(), B, Y),
    "quantile": (X, 0.3),
    "ravel_multi_index": ((PLACES, PLACES), (4, 5)),
    "repeat": (X, 3, 0),
    "require": (X,),
    "reshape": (X, (5, 4)),
    "resize": (X, (7, 3)),
    "roll": (X, 2, 1),
    "rollaxis": (X.reshape(2, 2, 5), 2),
    "roots": (V,),
    "searchsorted": (SORTED, W),
    "select": ([B, C], [X, Y]),
    "setdiff1d": (INTS, FEW),
    "setxor1d": (INTS, FEW),
    "split": (X, 2),
    "stack": ([X, Y],),
    "swapaxes": (X, 0, 1),
    "take": (X, PLACES, 0),
    "take_along_axis": (X, INTS[:, :2] % 4, 1),
    "tensordot": (X, Y, ([0, 1], [0, 1])),
    "tile": (X, (2, 3)),
    "tril_indices_from": (SQUARE,),
    "trim_zeros": (np.array([0.0, 1.0, 2.0, 0.0]),),
    "triu_indices_from": (SQUARE,),
    "union1d": (INTS, FEW),
    "unpackbits": (BYTES,),
    "unravel_index": (PLACES, (4, 5)),
    "unstack": (X,),
    "vander": (V, 3),
    "vdot": (COMPLEX, COMPLEX),
    "vecdot": (X, Y),
    "vecmat": (X[:, 0], SQUARE),
    "vsplit": (X, 2),
    "vstack": ([X, Y],),
    "where": (B, X, Y),
}
# They take no arrays, only describe them, or are about NumPy itself.
WITHOUT_ARRAYS = """
arange array2string bartlett base_repr binary_repr blackman broadcast_shapes can_cast common_type
diag_indices einsum_path empty empty_cache eye format_float_positional format_float_scientific
from_dlpack frombuffer fromfile fromfunction fromiter frompyfunc fromstring full get_printoptions
getbufsize geterr geterrcall hamming hanning identity indices isdtype isfortran isscalar issubdtype
iterable kaiser load mask_indices may_share_memory min_scalar_type mintypecode nested_iters ones
printoptions promote_types result_type row_stack save set_printoptions setbufsize seterr seterrcall
shares_memory tri tril_indices triu_indices typename zeros
""".split()
NOT_COMPARED = {"empty_like"}  # uninitialised
TEXT = {"array_repr"}  # names the device


def moved(value, place):
    if isinstance(value, np.ndarray):
        return tl.asarray(value.copy()).to(place)
    if isinstance(value, (list, tuple)):
        return type(value)(moved(v, place) for v in value)
    return value


def flat(value):
    if isinstance(value, (list, tuple)):
        return [part for v in value for part in flat(v)]
    return [value]


@pytest.mark.parametrize("name", sorted(CALLS))
def test_runs(name, device):
    function = getattr(tl, name)
    args = moved(CALLS[name], device)
    try:
        result = function(*args)
    except NotImplementedError as error:
        if "which is not installed" in str(error):  # one of NVIDIA's libraries
            return
        raise
    own = moved(CALLS[name], "cpu")
    expected = function(*own)
    if result is None:  # it writes into its first argument
        result, expected = args[0], own[0]
    if name in NOT_COMPARED | TEXT:
        return
    for one, other in zip(flat(result), flat(expected), strict=True):
        assert isinstance(one, tl.Tensor) == isinstance(other, tl.Tensor)
        if isinstance(one, tl.Tensor):
            assert one.device == "cuda:0", "the result came to the CPU"
            assert (one.shape, one.dtype) == (other.shape, other.dtype)
            np.testing.assert_allclose(
                one.cpu().numpy(), other.numpy(), rtol=1e-10, atol=1e-10, equal_nan=True
            )
        else:
            assert one == other


def test_every_function_of_numpy_is_here():
    names = {
        name
        for name in dir(tl)
        if not name.startswith("_")
        and hasattr(np, name)
        and callable(getattr(tl, name))
        and not isinstance(getattr(tl, name), type)
    }
    assert names - set(CALLS) - set(WITHOUT_ARRAYS) == set()
