"""Special functions: those of `scipy.special`, by the same names and with its own inner loops."""

from tensorlib._protocols import UFUNCS as _UFUNCS_OF_PROTOCOL
from tensorlib.special._composites import (
    assoc_laguerre,
    h1vp,
    h2vp,
    ivp,
    jvp,
    kvp,
    lambertw,
    multigammaln,
    polygamma,
    sinc,
    spherical_in,
    spherical_jn,
    spherical_kn,
    spherical_yn,
    yvp,
    zeta,
)
from tensorlib.special._computed import FUNCTIONS as _FUNCTIONS
from tensorlib.special._exponentials import log_softmax, logsumexp, softmax, softplus
from tensorlib.special._foreign import FOREIGN as _FOREIGN
from tensorlib.special._guarded import GUARDED as _GUARDED
from tensorlib.special._ufuncs import UFUNCS as _UFUNCS

_PUBLIC = _UFUNCS | _GUARDED
globals().update(_PUBLIC | _FUNCTIONS | _FOREIGN)
_UFUNCS_OF_PROTOCOL.update((ufunc.numpy_ufunc(), ufunc) for ufunc in _PUBLIC.values())
__all__ = sorted(name for name in globals() if not name.startswith("_"))

# Last, as they are made of the functions.
import tensorlib.autograd.rules.special as _rules  # noqa: E402, F401
