"""Functions of `scipy.special` that are not ufuncs and that SciPy's own code computes.

There are no gradients; tensors that require one are refused.
"""

import inspect
import warnings

from tensorlib._core._functions import asarray
from tensorlib._numpy_code import by_numpy
from tensorlib.special._computed_table import (
    FAMILIES,
    PARAMETERS,
    SIGNATURES,
    SYNONYMS,
    WARNING,
)


class ComputedFunction:
    """A function of SciPy that takes and gives tensors."""

    def __init__(self, function, name, example, doc):
        self.function, self.example, self.summary = function, example, doc
        self.__name__, self.__qualname__ = name, f"special.{name}"
        self.__module__ = "tensorlib"  # where pickle looks for special.name
        if name in SIGNATURES:
            given = eval(f"lambda {SIGNATURES[name][1:-1]}: None")  # of the literals of the table
            self.__signature__ = inspect.signature(given)
        else:
            self.__signature__ = inspect.signature(function)

    def __call__(self, *args, **kwargs):
        return by_numpy(self.__qualname__, self.function, args, kwargs)

    def __repr__(self):
        return f"<function {self.__qualname__}>"

    def __reduce__(self):
        return self.__qualname__

    @property
    def __doc__(self):
        """str: written when somebody reads it."""
        parameters = "\n".join(
            "{} : {}\n    {}".format(name, *PARAMETERS[name].split("|"))
            for name in self.__signature__.parameters
        )
        return DOCUMENTATION.format(
            summary=self.summary,
            parameters=parameters,
            call=f"tl.{self.__qualname__}({self.example})",
            skip="  # doctest: +SKIP" if self.__name__ in WARNING else "",
            answer=self.answer(),
        )

    def answer(self):
        """What the example prints."""
        with warnings.catch_warnings(action="ignore"):
            result = self.function(*eval(f"({self.example},)"))  # of the literals of the table
        if isinstance(result, tuple):
            return repr(tuple(map(asarray, result)))
        return repr(asarray(result))


DOCUMENTATION = """{summary}

It is SciPy's function, which tells more; it has no gradient.

Parameters
----------
{parameters}

Returns
-------
Tensor or tuple of Tensor

Raises
------
TypeError
    If a tensor requires a gradient.
ValueError
    If an argument is out of range.

Examples
--------
>>> import tensorlib as tl
>>> {call}{skip}
{answer}
"""


def make_functions():
    """Those of the table by name, with their older names."""
    import scipy.special

    found = {
        name: ComputedFunction(getattr(scipy.special, name), name, example, doc)
        for rows in FAMILIES.values()
        for name, example, doc in rows
    }
    return found | {name: found[other] for name, other in SYNONYMS.items()}


FUNCTIONS = make_functions()
