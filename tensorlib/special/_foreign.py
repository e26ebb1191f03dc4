"""What is SciPy's own: it deals with no arrays, or calls the ufuncs with those it is given."""

# Polynomials as objects. Called with a tensor they give a tensor, with its gradient.
POLYNOMIALS = (
    "chebyc",
    "chebys",
    "chebyt",
    "chebyu",
    "gegenbauer",
    "genlaguerre",
    "hermite",
    "hermitenorm",
    "jacobi",
    "laguerre",
    "legendre",
    "sh_chebyt",
    "sh_chebyu",
    "sh_jacobi",
    "sh_legendre",
)
# What shall happen at singularities, overflow and so on: the loops ask for it themselves.
ERRORS = ("SpecialFunctionError", "SpecialFunctionWarning", "errstate", "geterr", "seterr")


def foreign():
    """These, by name."""
    import scipy.special

    return {name: getattr(scipy.special, name) for name in POLYNOMIALS + ERRORS}


FOREIGN = foreign()
