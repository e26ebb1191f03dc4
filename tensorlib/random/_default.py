"""The generator that initial parameters, dropout and shuffling draw from."""

import functools

from tensorlib.random._generator import default_rng


@functools.cache  # made at first need
def default_generator():
    """Return the generator that is used where none is given.

    Returns
    -------
    Generator
        The same object at each call. It is seeded by the operating system until `manual_seed`
        is called.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.random.default_generator() is tl.random.default_generator()
    True
    """
    return default_rng()
