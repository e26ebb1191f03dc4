"""NumPy's ndarray with gradients, devices and speed."""

import contextlib as _contextlib

from numpy import (  # the state of errors and of printing is NumPy's, for ndarrays and tensors
    base_repr,
    binary_repr,
    broadcast,
    broadcast_shapes,
    dtypes,
    e,
    errstate,
    euler_gamma,
    exceptions,
    frompyfunc,
    get_printoptions,
    getbufsize,
    geterr,
    geterrcall,
    index_exp,
    inf,
    isscalar,
    iterable,
    nan,
    ndindex,
    nditer,
    nested_iters,
    newaxis,
    pi,
    printoptions,
    s_,
    set_printoptions,
    setbufsize,
    seterr,
    seterrcall,
)

# These give Tensor methods and answers to protocols.
from tensorlib import _methods, _ndarray_methods, _protocols, _to, autograd, lib
from tensorlib._array_api import __array_api_version__, __array_namespace_info__, finfo
from tensorlib._assignment import copyto, put, put_along_axis, putmask
from tensorlib._bits import packbits, unpackbits
from tensorlib._comparison import allclose, array_equal, array_equiv, isclose
from tensorlib._complex import (
    angle,
    imag,
    iscomplex,
    iscomplexobj,
    isreal,
    isrealobj,
    real,
    real_if_close,
)
from tensorlib._conversion import (
    asanyarray,
    asarray_chkfinite,
    asfortranarray,
    fromfile,
    fromiter,
    fromstring,
    isfortran,
    may_share_memory,
    require,
    shares_memory,
)
from tensorlib._core import _bytes, _item
from tensorlib._core._exchange import from_dlpack
from tensorlib._core._functions import (
    absolute,
    add,
    all,
    any,
    arange,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    argmax,
    argmin,
    argsort,
    array,
    as_strided,
    asarray,
    astype,
    bitwise_and,
    bitwise_count,
    bitwise_or,
    bitwise_xor,
    broadcast_to,
    cbrt,
    ceil,
    conjugate,
    copysign,
    cos,
    cosh,
    cumprod,
    cumsum,
    deg2rad,
    degrees,
    divide,
    divmod,
    empty,
    empty_like,
    equal,
    exp,
    exp2,
    expm1,
    fabs,
    float_power,
    floor,
    floor_divide,
    fmax,
    fmin,
    fmod,
    frexp,
    full,
    full_like,
    gcd,
    greater,
    greater_equal,
    heaviside,
    hypot,
    invert,
    isfinite,
    isinf,
    isnan,
    lcm,
    ldexp,
    left_shift,
    less,
    less_equal,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logaddexp2,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    matmul,
    matvec,
    max,
    maximum,
    min,
    minimum,
    modf,
    multiply,
    negative,
    nextafter,
    not_equal,
    ones,
    ones_like,
    positive,
    power,
    prod,
    rad2deg,
    radians,
    reciprocal,
    relu,
    remainder,
    reshape,
    right_shift,
    rint,
    sigmoid,
    sign,
    signbit,
    sin,
    sinh,
    sort,
    spacing,
    sqrt,
    square,
    subtract,
    sum,
    tan,
    tanh,
    transpose,
    trunc,
    vecdot,
    vecmat,
    zeros,
    zeros_like,
)
from tensorlib._core._functions import absolute as abs
from tensorlib._core._functions import arccos as acos
from tensorlib._core._functions import arccosh as acosh
from tensorlib._core._functions import arcsin as asin
from tensorlib._core._functions import arcsinh as asinh
from tensorlib._core._functions import arctan as atan
from tensorlib._core._functions import arctan2 as atan2
from tensorlib._core._functions import arctanh as atanh
from tensorlib._core._functions import conjugate as conj
from tensorlib._core._functions import divide as true_divide
from tensorlib._core._functions import invert as bitwise_invert
from tensorlib._core._functions import invert as bitwise_not
from tensorlib._core._functions import left_shift as bitwise_left_shift
from tensorlib._core._functions import max as amax
from tensorlib._core._functions import min as amin
from tensorlib._core._functions import power as pow
from tensorlib._core._functions import remainder as mod
from tensorlib._core._functions import right_shift as bitwise_right_shift
from tensorlib._core._memory import (
    empty_cache,
    memory_stats,
    reset_peak_memory_stats,
    set_cache_limit,
)
from tensorlib._core._tensor import Tensor
from tensorlib._core._threads import get_num_threads, set_num_threads
from tensorlib._core._ufuncs import Ufunc as ufunc
from tensorlib._core.errors import DeviceError, SerializationError
from tensorlib._correlation import convolve, corrcoef, correlate, cov
from tensorlib._creation import (
    ascontiguousarray,
    copy,
    diag,
    diagflat,
    eye,
    frombuffer,
    identity,
    tri,
    tril,
    triu,
    vander,
)
from tensorlib._differences import (
    cumulative_prod,
    cumulative_sum,
    diff,
    ediff1d,
    gradient,
    trapezoid,
    unwrap,
)
from tensorlib._dtypes import (
    False_,
    ScalarType,
    True_,
    bool_,
    byte,
    bytes_,
    can_cast,
    cdouble,
    character,
    clongdouble,
    common_type,
    complex64,
    complex128,
    complexfloating,
    csingle,
    datetime64,
    double,
    dtype,
    flexible,
    float16,
    float32,
    float64,
    floating,
    generic,
    half,
    iinfo,
    inexact,
    int8,
    int16,
    int32,
    int64,
    int_,
    intc,
    integer,
    intp,
    isdtype,
    issubdtype,
    little_endian,
    long,
    longdouble,
    longlong,
    min_scalar_type,
    mintypecode,
    number,
    object_,
    promote_types,
    result_type,
    sctypeDict,
    short,
    signedinteger,
    single,
    str_,
    timedelta64,
    typecodes,
    typename,
    ubyte,
    uint,
    uint8,
    uint16,
    uint32,
    uint64,
    uintc,
    uintp,
    ulong,
    ulonglong,
    unsignedinteger,
    ushort,
    void,
)
from tensorlib._dtypes import bool_ as bool
from tensorlib._einsum import einsum, einsum_path
from tensorlib._elementwise import around, fix, isneginf, isposinf, nan_to_num, round, sinc
from tensorlib._filling import fill_diagonal, place, resize
from tensorlib._flat import flatiter
from tensorlib._functional import apply_along_axis, apply_over_axes, piecewise, vectorize
from tensorlib._fused import fused
from tensorlib._histograms import (
    bincount,
    histogram,
    histogram2d,
    histogram_bin_edges,
    histogramdd,
)
from tensorlib._index_tricks import c_, ix_, mgrid, ndenumerate, ogrid, r_
from tensorlib._interpolation import digitize, interp
from tensorlib._joining import (
    append,
    block,
    column_stack,
    concatenate,
    dstack,
    hstack,
    insert,
    stack,
    vstack,
)
from tensorlib._joining import concatenate as concat
from tensorlib._joining import vstack as row_stack
from tensorlib._lazy import lazy_module as _lazy_module
from tensorlib._manipulation import (
    flip,
    fliplr,
    flipud,
    matrix_transpose,
    moveaxis,
    permute_dims,
    repeat,
    roll,
    rollaxis,
    rot90,
    swapaxes,
    tile,
)
from tensorlib._nan_functions import (
    nanargmax,
    nanargmin,
    nancumprod,
    nancumsum,
    nanmax,
    nanmean,
    nanmin,
    nanprod,
    nanstd,
    nansum,
    nanvar,
)
from tensorlib._ndarray import ndarray
from tensorlib._padding import pad
from tensorlib._places import (
    diag_indices,
    diag_indices_from,
    mask_indices,
    ravel_multi_index,
    tril_indices,
    tril_indices_from,
    triu_indices,
    triu_indices_from,
    unravel_index,
)
from tensorlib._polynomials import (
    poly,
    poly1d,
    polyadd,
    polyder,
    polydiv,
    polyfit,
    polyint,
    polymul,
    polysub,
    polyval,
    roots,
)
from tensorlib._printing import (
    array2string,
    array_repr,
    array_str,
    format_float_positional,
    format_float_scientific,
)
from tensorlib._products import cross, dot, inner, kron, outer, tensordot, vdot
from tensorlib._quantiles import (
    median,
    nanmedian,
    nanpercentile,
    nanquantile,
    percentile,
    quantile,
)
from tensorlib._ranges import fromfunction, geomspace, indices, linspace, logspace, meshgrid
from tensorlib._seeding import manual_seed
from tensorlib._selection import (
    argwhere,
    choose,
    clip,
    compress,
    diagonal,
    extract,
    flatnonzero,
    nonzero,
    searchsorted,
    select,
    take,
    take_along_axis,
    trace,
    where,
)
from tensorlib._serialization import load, save
from tensorlib._sets import (
    intersect1d,
    isin,
    setdiff1d,
    setxor1d,
    trim_zeros,
    union1d,
    unique,
    unique_all,
    unique_counts,
    unique_inverse,
    unique_values,
)
from tensorlib._shape import (
    atleast_1d,
    atleast_2d,
    atleast_3d,
    broadcast_arrays,
    expand_dims,
    ndim,
    ravel,
    shape,
    size,
    squeeze,
)
from tensorlib._sorting import argpartition, lexsort, partition, sort_complex
from tensorlib._splitting import array_split, delete, dsplit, hsplit, split, unstack, vsplit
from tensorlib._statistics import (
    average,
    count_nonzero,
    mean,
    ptp,
    std,
    var,
)
from tensorlib._version import __version__
from tensorlib._windows import bartlett, blackman, hamming, hanning, i0, kaiser
from tensorlib.autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)

# Loaded at first use, so that `import tensorlib` stays quick. Not by a module's __getattr__: with
# one, Python looks every `tl.name` up the slow way.
amp = _lazy_module("tensorlib.amp")
cuda = _lazy_module("tensorlib.cuda")
distributions = _lazy_module("tensorlib.distributions")
emath = _lazy_module("tensorlib.lib.scimath")
fft = _lazy_module("tensorlib.fft")
func = _lazy_module("tensorlib.func")
linalg = _lazy_module("tensorlib.linalg")
nn = _lazy_module("tensorlib.nn")
optim = _lazy_module("tensorlib.optim")
polynomial = _lazy_module("tensorlib.polynomial")
random = _lazy_module("tensorlib.random")
special = _lazy_module("tensorlib.special")
testing = _lazy_module("tensorlib.testing")
utils = _lazy_module("tensorlib.utils")

with _contextlib.suppress(ImportError):  # not on every platform
    from tensorlib._dtypes import complex256, float128
with _contextlib.suppress(ImportError):  # an extra of the installation
    from ml_dtypes import bfloat16, float8_e4m3fn, float8_e5m2
