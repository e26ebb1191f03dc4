"""``autocast``: ops in the precision that suits them."""

import threading
import weakref

import numpy as np

from tensorlib._core import _backward
from tensorlib._core._autocast import current, is_half, set_current
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._recorder import Recorder
from tensorlib._core._tape import function_rule, record_call
from tensorlib._core._wrapping import offset_of, overlap, untracked, wrapped_of
from tensorlib._core.device import check_device, check_kind
from tensorlib._dtypes import dtype as as_dtype
from tensorlib.amp._lists import FLOAT32, LOWER
from tensorlib.autograd._mode import _Mode

SINGLE = np.dtype("float32")
TRUTHS = np.dtype(bool)
# The walk makes a gradient's dtype that of the input.
_cast = function_rule("autocast", 1, lambda gradient, node, context: (gradient,))


class _Here(threading.local):
    def __init__(self):
        self.entered = []  # (who was in charge before, the recorder) of each block
        self.casts = {}


_here = _Here()


class Caster(Recorder):
    """Casts the operands of ops, if it is the innermost of its kind.

    Parameters
    ----------
    dtype : numpy.dtype
        The lower precision.
    cache_enabled : bool
        Whether casts of parameters are remembered.
    """

    def __init__(self, dtype, cache_enabled):
        self.dtype = dtype
        self.cache_enabled = cache_enabled
        self.in_walk = _backward.is_walking()

    def apply(self, op, inputs, params):
        # Gradient rules find operands as their op had them. A block inside of a walk, of a forward
        # pass that is done again or of a Function's backward, is meant for what is in it.
        if current() is self and _backward.is_walking() == self.in_walk:
            if op.name in LOWER:
                inputs = self.lowered(inputs)
            elif op.name in FLOAT32:
                inputs, params = widened(op, inputs, params)
        return super().apply(op, inputs, params)

    def lowered(self, inputs):
        """Operands in the lower precision, unless one is neither float32 nor of 16 bits."""
        if not all(is_half(x) or x.dtype in (SINGLE, TRUTHS) for x in inputs):
            return inputs
        return tuple([x if x.dtype in (self.dtype, TRUTHS) else self.cast(x) for x in inputs])

    def cast(self, x):
        """The tensor in the lower precision."""
        leaf = x if x.base is None else x.base
        if (
            self.cache_enabled
            and x.dtype == SINGLE
            and leaf.is_leaf
            and leaf.requires_grad
            and wrapped_of(x) is None
        ):
            return self.remembered(x, leaf)
        return apply(ops.astype, (x,), (self.dtype,))

    def remembered(self, x, leaf):
        """The cast of a parameter, or of a view of one, made once.

        Each use has a node of its own on the tape, so that a walk back through one, which frees
        nodes, leaves the others.
        """
        key = id(leaf), x.shape, x.strides, offset_of(x), self.dtype
        known = _here.casts.get(key)
        if known is None or not known.holds(x):
            casts = _here.casts
            reference = weakref.ref(leaf, lambda _: casts.pop(key, None))
            known = casts[key] = Remembered(x, reference, self.dtype)
        result = untracked(known.result)
        record_call(_cast, (x,), None, (result,))
        return result


class Remembered:
    """A cast, and what it was made of."""

    def __init__(self, x, reference, dtype):
        self.reference = reference
        self.source = untracked(x)
        self.version = x._version
        self.result = apply(ops.astype, (self.source,), (dtype,))

    def holds(self, x):
        """Whether the tensor has still the memory, and that the elements, that it had."""
        return x._version == self.version and overlap(x, self.source)


def widened(op, inputs, params):
    """16-bit operands of an op in float32; of a sum, what it adds in."""
    if not any(map(is_half, inputs)):
        return inputs, params
    if "dtype" in op.params:
        place = op.params.index("dtype")
        if params[place].itemsize == 2 and params[place].kind in "fV":
            params = (*params[:place], SINGLE, *params[place + 1 :])
        return inputs, params
    inputs = [apply(ops.astype, (x,), (SINGLE,)) if is_half(x) else x for x in inputs]
    return tuple(inputs), params


class autocast(_Mode):  # noqa: N801
    """Compute products in 16 bits, and what needs more digits or range in float32.

    A context manager, and a decorator of functions. It acts on float32 and 16-bit tensors, and
    never on float64:

    - products (matrix products, convolutions, attention) are computed in `dtype`;
    - exponentials, logarithms, powers, softmax, normalizations, sums, norms, linear algebra and
      losses are computed in float32;
    - ops of several operands promote them to the widest, and all others take what comes.

    Parameters stay float32, and so do their gradients. Blocks nest, and the innermost counts. The
    walk back is best begun outside: it takes each op's gradient in the dtype that the op had, and
    is not cast itself.

    Parameters
    ----------
    device_type : str, optional
        Where the tensors are: "cpu" or "cuda". It decides what the default of `dtype` is; ops are
        cast wherever their operands are.
    dtype : dtype, optional
        The lower precision: bfloat16, the default for "cpu", or float16, that for "cuda".
    enabled : bool, optional
        Whether ops are cast; false switches an outer block off.
    cache_enabled : bool, optional
        Whether a parameter is cast once only, until the outermost block ends; a parameter that was
        changed is cast anew.

    Raises
    ------
    ValueError
        If the device or the dtype is another.

    See Also
    --------
    GradScaler : for float16, whose range is small.

    Examples
    --------
    >>> import tensorlib as tl
    >>> weight = tl.ones((2, 2), dtype="float32").requires_grad_()
    >>> with tl.amp.autocast():
    ...     y = weight @ weight
    ...     loss = y.sum()
    >>> str(y.dtype), str(loss.dtype)
    ('bfloat16', 'float32')
    >>> loss.backward()
    >>> str(weight.grad.dtype)
    'float32'
    """

    def __init__(self, device_type="cpu", dtype=None, enabled=True, cache_enabled=True):
        check_device(device_type, "autocast")
        self.device_type = device_type
        self.dtype = get_autocast_dtype(device_type) if dtype is None else _checked(dtype)
        self.enabled = bool(enabled)
        self.cache_enabled = bool(cache_enabled)

    def __enter__(self):
        caster = Caster(self.dtype, self.cache_enabled) if self.enabled else None
        _here.entered.append((set_current(caster), caster))
        if caster is not None:
            caster.__enter__()
        return self

    def __exit__(self, *exception):
        previous, caster = _here.entered.pop()
        set_current(previous)
        if caster is not None:
            caster.__exit__(*exception)
        if not _here.entered:
            _here.casts.clear()

    def _fresh(self):
        return self  # what a block needs belongs to the thread


def _checked(dtype):
    dtype = as_dtype(dtype)
    if str(dtype) not in ("bfloat16", "float16"):
        raise ValueError(f"autocast: expected dtype bfloat16 or float16, got {dtype}")
    return dtype


def is_autocast_enabled(device_type="cpu"):
    """Whether this thread is inside of an `autocast` that is enabled.

    Parameters
    ----------
    device_type : str, optional
        "cpu" or "cuda", of which one acts on both.

    Returns
    -------
    bool

    Examples
    --------
    >>> import tensorlib as tl
    >>> with tl.amp.autocast():
    ...     tl.amp.is_autocast_enabled()
    True
    """
    check_kind(device_type, "is_autocast_enabled")
    return current() is not None


def get_autocast_dtype(device_type="cpu"):
    """The lower precision of the `autocast` that this thread is in, or its default.

    Parameters
    ----------
    device_type : str, optional
        "cpu", for which the default is bfloat16, or "cuda": float16.

    Returns
    -------
    numpy.dtype

    Examples
    --------
    >>> import tensorlib as tl
    >>> with tl.amp.autocast(dtype="float16"):
    ...     str(tl.amp.get_autocast_dtype())
    'float16'
    """
    kind = check_kind(device_type, "get_autocast_dtype")
    caster = current()
    if caster is not None:
        return caster.dtype
    return _checked("bfloat16" if kind == "cpu" else "float16")
