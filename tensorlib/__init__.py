"""NumPy's ndarray with gradients, devices and speed."""

import contextlib as _contextlib

from numpy import broadcast_shapes, e, euler_gamma, inf, nan, newaxis, pi

from tensorlib import _methods, _protocols, autograd, random  # the first two install themselves
from tensorlib._assignment import copyto, put, put_along_axis, putmask
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
from tensorlib._core._memory import empty_cache, memory_stats, set_cache_limit
from tensorlib._core._tensor import Tensor
from tensorlib._core.errors import SerializationError
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
from tensorlib._dtypes import (
    bool_,
    can_cast,
    complex64,
    complex128,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    intp,
    isdtype,
    issubdtype,
    promote_types,
    result_type,
    uint8,
    uint16,
    uint32,
    uint64,
)
from tensorlib._dtypes import bool_ as bool
from tensorlib._einsum import einsum
from tensorlib._elementwise import around, fix, isneginf, isposinf, nan_to_num, round, sinc
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
from tensorlib._padding import pad
from tensorlib._products import cross, dot, inner, kron, outer, tensordot, vdot
from tensorlib._ranges import fromfunction, geomspace, indices, linspace, logspace, meshgrid
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
from tensorlib._splitting import array_split, delete, dsplit, hsplit, split, unstack, vsplit
from tensorlib._statistics import (
    average,
    count_nonzero,
    mean,
    median,
    nanmean,
    nansum,
    ptp,
    std,
    var,
)
from tensorlib._version import __version__
from tensorlib.autograd import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from tensorlib.random import manual_seed

# Loaded at first use, so that `import tensorlib` stays quick. Not by a module's __getattr__: with
# one, Python looks every `tl.name` up the slow way.
nn = _lazy_module("tensorlib.nn")
optim = _lazy_module("tensorlib.optim")
testing = _lazy_module("tensorlib.testing")
utils = _lazy_module("tensorlib.utils")

with _contextlib.suppress(ImportError):  # an extra of the installation
    from ml_dtypes import bfloat16
