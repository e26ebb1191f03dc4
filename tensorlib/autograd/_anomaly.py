"""Where NaN and infinities come from: the first op that made one."""

import threading

import numpy as np

from tensorlib._arguments import anywhere
from tensorlib._core import _backward
from tensorlib._core._functions import isfinite, isnan
from tensorlib._core._recorder import Recorder
from tensorlib._core._tape import user_line
from tensorlib._core._tensor import Tensor


class _Here(threading.local):
    recorder = None


_here = _Here()


def _bad(tensor, infinite):
    """Whether a tensor has NaN, or where asked for infinities, as a word; None if it has none."""
    if tensor.dtype.kind not in "fVc":  # bfloat16's kind is V
        return None
    tensor = tensor.detach()
    if not infinite:
        return "NaN" if anywhere(isnan(tensor)) else None
    if not anywhere(~isfinite(tensor)):
        return None
    return "NaN" if anywhere(isnan(tensor)) else "an infinity"


class detect_anomaly(Recorder):  # noqa: N801
    """Raise at the first op that makes NaN (or an infinity) of numbers that have none.

    A context manager. Forward, the op itself raises, whether it is recorded or not, so the
    traceback ends at the line of the program. Backward, the error names the op whose gradient is
    bad and the line where that op was called. All results are looked at, which takes time: it is
    for finding a fault.

    Parameters
    ----------
    check_nan : bool, optional
        Whether NaN is looked for.
    check_inf : bool, optional
        Whether infinities are, too.

    Raises
    ------
    FloatingPointError
        By ops inside the block.

    Examples
    --------
    >>> import tensorlib as tl
    >>> with tl.autograd.detect_anomaly(), tl.errstate(invalid="ignore"):
    ...     tl.log(tl.asarray([1.0, -1.0]))
    Traceback (most recent call last):
        ...
    FloatingPointError: log: made NaN of numbers that are none, in a result of shape (2,); ...
    """

    def __init__(self, check_nan=True, *, check_inf=False):
        self.check_nan = check_nan
        self.check_inf = check_inf
        self._previous = []

    def __enter__(self):
        self._previous.append(_backward.set_inspection(self.inspect))
        return super().__enter__()

    def __exit__(self, *exception):
        super().__exit__(*exception)
        _backward.set_inspection(self._previous.pop())

    def apply(self, op, inputs, params):
        results = super().apply(op, inputs, params)
        if _backward.is_walking():  # the walk names the op whose gradient it is
            return results
        for result in (results,) if isinstance(results, Tensor) else results:
            found = self.bad(result)
            if found and not any(self.bad(x) for x in inputs):
                raise FloatingPointError(
                    f"{op.name}: made {found} of numbers that are none, in a result of shape "
                    f"{result.shape}; the op was at {user_line()}"
                )
        return results

    def bad(self, value):
        """What is wrong with an input or a result, or None."""
        if not self.check_nan:
            return None
        if isinstance(value, Tensor):
            return _bad(value, self.check_inf)
        return None if not isinstance(value, float) or np.isfinite(value) else "NaN"

    def inspect(self, gradient, node, position):
        """Look at each gradient of a walk."""
        found = self.bad(gradient)
        if found:
            raise FloatingPointError(
                f"{node.name}: its gradient with respect to input {position}, of shape "
                f"{gradient.shape}, has {found}; the op was at {node.where}"
            )


def set_detect_anomaly(mode, check_nan=True, *, check_inf=False):
    """Switch `detect_anomaly` on or off for this thread, from here on.

    Parameters
    ----------
    mode : bool
    check_nan, check_inf : bool, optional
        As of `detect_anomaly`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.set_detect_anomaly(True)
    >>> tl.autograd.is_anomaly_enabled()
    True
    >>> tl.autograd.set_detect_anomaly(False)
    """
    if _here.recorder is not None:
        _here.recorder.__exit__(None, None, None)
        _here.recorder = None
    if mode:
        _here.recorder = detect_anomaly(check_nan, check_inf=check_inf)
        _here.recorder.__enter__()


def is_anomaly_enabled():
    """Whether `set_detect_anomaly` switched it on in this thread.

    Returns
    -------
    bool

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.is_anomaly_enabled()
    False
    """
    return _here.recorder is not None
