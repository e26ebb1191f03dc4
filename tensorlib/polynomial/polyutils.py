"""What the families of polynomials have in common: series, domains."""

from numpy.polynomial.polyutils import format_float  # noqa: F401 (kept)

from tensorlib._arguments import anywhere
from tensorlib._core._functions import asarray
from tensorlib._rebound import run_module
from tensorlib.polynomial._documentation import document_function


def mapdomain(x, old, new):
    offset, scale = mapparms(old, new)  # noqa: F821 (of the module that is run)
    # A series as x means composition: it is no array.
    series = getattr(type(x), "__array_ufunc__", x) is None
    return offset + scale * (x if series or isinstance(x, (int, float, complex)) else asarray(x))


def trimseq(seq):
    """NumPy's; under vmap the zeros at the end go that are zeros in all examples."""
    length = len(seq)
    while length > 1 and not anywhere(asarray(seq[length - 1] != 0)):
        length -= 1
    return seq[:length]


def _divmod(mul, c1, c2):
    """NumPy's division for any family, with a remainder of the dtype of the quotient."""
    c1, c2 = as_series([c1, c2])  # noqa: F821
    quotient, remainder = _div(mul, c1, c2)  # noqa: F821
    return quotient, remainder.astype(quotient.dtype)


run_module("numpy.polynomial.polyutils", globals(), keep={"format_float", "mapdomain", "trimseq"})

for _name in set(__all__) - {"format_float"}:  # noqa: F821
    document_function(globals()[_name], "polyutils")
