"""The functions of `tensorlib.random` that share one stream: methods of one `RandomState`.

It is another object than NumPy's, and than the default generator; `manual_seed` restarts both.
"""

from tensorlib.random._bit_generators import MT19937, checked
from tensorlib.random._distributions import TABLE
from tensorlib.random._legacy import RandomState

STATE = RandomState()

METHODS = (
    *(row[0] for row in TABLE),
    *("bytes", "choice", "dirichlet", "get_state", "multinomial", "multivariate_normal"),
    *("permutation", "rand", "randint", "randn", "random", "random_integers", "random_sample"),
    *("set_state", "shuffle", "standard_exponential", "standard_gamma", "standard_normal"),
)
functions = {name: getattr(STATE, name) for name in METHODS}
functions["ranf"] = functions["sample"] = functions["random_sample"]


def seed(seed=None):
    """Restart the stream from which the functions of `tensorlib.random` draw.

    Neither NumPy's own stream nor that of the default generator is touched;
    `tensorlib.manual_seed` restarts the latter too.

    Parameters
    ----------
    seed : int or array_like of ints, optional
        From 0 to 2**32 - 1; by default the operating system gives one.

    Raises
    ------
    TypeError
        If the seed is no integer.
    ValueError
        If it is out of range, or an empty array.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorlib as tl
    >>> tl.random.seed(7)
    >>> tl.random.rand().item() == np.random.RandomState(7).rand()
    True
    """
    bit_generator = STATE._bit_generator
    if isinstance(bit_generator, MT19937):
        STATE.seed(seed)
    else:  # one that `set_bit_generator` brought
        STATE.set_state(type(bit_generator)(seed).state)


def get_bit_generator():
    """The bit generator from which the functions of `tensorlib.random` draw.

    Returns
    -------
    BitGenerator

    Examples
    --------
    >>> import tensorlib as tl
    >>> type(tl.random.get_bit_generator()).__name__
    'MT19937'
    """
    return STATE._bit_generator


def set_bit_generator(bitgen):
    """Let the functions of `tensorlib.random` draw from another bit generator.

    Parameters
    ----------
    bitgen : BitGenerator

    Raises
    ------
    TypeError
        If it is none.
    ValueError
        If it is a class.

    Examples
    --------
    >>> import tensorlib as tl
    >>> old = tl.random.get_bit_generator()
    >>> tl.random.set_bit_generator(tl.random.PCG64(7))
    >>> tl.random.set_bit_generator(old)
    """
    STATE.__init__(checked("set_bit_generator", bitgen))


functions |= {f.__name__: f for f in (seed, get_bit_generator, set_bit_generator)}
