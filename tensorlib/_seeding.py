"""``manual_seed``, apart from `random` because that loads at its first use."""

import operator


def manual_seed(seed):
    """Restart all random numbers of the library from a seed.

    Initial parameters, dropout, samples of distributions and shuffling draw from the default
    generator. The functions of `tensorlib.random` such as ``tl.random.rand`` have a stream of their
    own, as in NumPy; it is restarted as well, as by ``tl.random.seed``, which restarts no other.

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
    from tensorlib import random

    generator = random.default_generator().restart(seed)
    seed = operator.index(seed)
    if seed >= 2**32:  # the legacy seeding takes numbers of 32 bits
        seed = [seed >> bits & 0xFFFFFFFF for bits in range(0, seed.bit_length(), 32)]
    random.seed(seed)
    return generator
