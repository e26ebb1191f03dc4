"""The generator that initial parameters, dropout and shuffling draw from."""

import functools

from tensorlib.random._generator import default_rng


@functools.cache  # made at first need: numpy.random is slow to import
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


def manual_seed(seed):
    """Restart the default generator from a seed.

    Parameters
    ----------
    seed : int
        Not negative.

    Returns
    -------
    Generator
        The default generator.

    Raises
    ------
    TypeError
        If the seed is not an integer.
    ValueError
        If it is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> a = tl.manual_seed(3).random(2)
    >>> b = tl.manual_seed(3).random(2)
    >>> bool((a == b).all())
    True
    """
    return default_generator().restart(seed)
