"""The ufuncs of `scipy.special`, made from the table: ops with SciPy's own inner loops."""

from tensorlib._core._dispatch import elementwise_op
from tensorlib._core._ufunc_docs import ARGUMENTS
from tensorlib._core._ufuncs import Ufunc
from tensorlib.special._table import FAMILIES, PRIVATE, SYNONYMS


def make_ufunc(loops, name, inputs, doc):
    """One of our ufuncs with the loops of one of SciPy's."""
    op = elementwise_op(f"special.{name}", loops, tuple(inputs.split(", ")), loops.nout, doc)
    ufunc = Ufunc(op)
    ufunc.__name__ = name  # pickled by the qualified name, tensorlib's special.erf
    return ufunc


def make_ufuncs():
    """Those of the table and the private ones, each by its name."""
    import scipy.special

    found = {}
    for name, inputs, example, doc in (row for rows in FAMILIES.values() for row in rows):
        if name not in SYNONYMS:
            found[name] = make_ufunc(getattr(scipy.special, name), name, inputs, doc)
            ARGUMENTS[f"special.{name}"] = example
    for name, inputs in PRIVATE:
        loops = getattr(scipy.special._ufuncs, name)
        found[name] = make_ufunc(loops, name, inputs, f"SciPy's `{name}`.")
    return found | {name: found[other] for name, other in SYNONYMS.items()}


UFUNCS = make_ufuncs()
globals().update(UFUNCS)
