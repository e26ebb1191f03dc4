"""``manual_seed``, apart from `random` because that loads at its first use."""


def manual_seed(seed):
    """Restart the default generator from a seed.

    Initial parameters, dropout and shuffling draw from it. The functions of `tensorlib.random` such
    as ``tl.random.rand`` have a stream of their own, as in NumPy, that ``tl.random.seed`` restarts.

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
    from tensorlib.random import default_generator

    return default_generator().restart(seed)
