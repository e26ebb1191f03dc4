"""Special functions: those of `scipy.special`."""

from tensorlib._protocols import UFUNCS as _UFUNCS_OF_PROTOCOL
from tensorlib.special._ufuncs import UFUNCS as _UFUNCS

globals().update((name, value) for name, value in _UFUNCS.items() if not name.startswith("_"))
_UFUNCS_OF_PROTOCOL.update((value.numpy_ufunc(), value) for value in _UFUNCS.values())

# Last, as the rules are made of the functions.
from tensorlib.autograd.rules import special as _rules  # noqa: E402, F401
