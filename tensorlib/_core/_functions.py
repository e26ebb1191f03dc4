"""The functions of the compiled core in one place, and the methods that tensors have of them."""

from tensorlib._core import _tensor
from tensorlib._core._arrays import (
    arange,
    argsort,
    array,
    astype,
    astype_method,
    copy_method,
    empty,
    empty_like,
    fill_method,
    full,
    full_like,
    ones,
    ones_like,
    sort,
    zeros,
    zeros_like,
)
from tensorlib._core._dispatch import ops
from tensorlib._core._exchange import asarray, from_dlpack
from tensorlib._core._folds import (
    all,
    any,
    argmax,
    argmin,
    cumprod,
    cumsum,
    max,
    min,
    prod,
    sum,
)
from tensorlib._core._shapes import (
    as_strided,
    broadcast_to,
    reshape,
    reshape_method,
    transpose,
    transpose_method,
)
from tensorlib._core._ufuncs import Ufunc

UFUNCS = {
    name: Ufunc(op)
    for name, op in sorted(vars(ops).items())
    if op.kind in ("elementwise", "product")
}
globals().update(UFUNCS)

__all__ = [
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "argsort",
    "array",
    "as_strided",
    "asarray",
    "astype",
    "broadcast_to",
    "cumprod",
    "cumsum",
    "empty",
    "empty_like",
    "from_dlpack",
    "full",
    "full_like",
    "max",
    "min",
    "ones",
    "ones_like",
    "prod",
    "reshape",
    "sort",
    "sum",
    "transpose",
    "zeros",
    "zeros_like",
    *UFUNCS,
]

_tensor.add_methods(
    {
        "all": all,
        "any": any,
        "argmax": argmax,
        "argmin": argmin,
        "argsort": argsort,
        "astype": astype_method,
        "copy": copy_method,
        "cumprod": cumprod,
        "cumsum": cumsum,
        "fill": fill_method,
        "max": max,
        "min": min,
        "prod": prod,
        "reshape": reshape_method,
        "sum": sum,
        "transpose": transpose_method,
    }
)
