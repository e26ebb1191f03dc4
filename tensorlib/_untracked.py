"""Which arguments need no tape: for those NumPy's compiled code may be the quicker way."""

import numpy as np

from tensorlib._arguments import for_arithmetic, on_device
from tensorlib._core._recorder import watched
from tensorlib._core._tape import is_grad_enabled
from tensorlib._core._tensor import Tensor


def untracked(*values):
    """The values as NumPy takes them, unless the tape or a recorder has to see what follows.

    Parameters
    ----------
    *values : object

    Returns
    -------
    list or None
        With ndarrays over the memory of the tensors, but of numbers of 8 bits, which become
        float32; None if one of them requires a gradient, or a recorder is active, or one is on a
        device.
    """
    if watched() or any(map(on_device, values)):
        return None
    if is_grad_enabled() and any(isinstance(x, Tensor) and x.requires_grad for x in values):
        return None
    return [np.asarray(for_arithmetic(x.detach())) if isinstance(x, Tensor) else x for x in values]
