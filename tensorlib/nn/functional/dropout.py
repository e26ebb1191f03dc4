"""Noise that zeroes elements."""

from tensorlib.nn._arguments import check_probability
from tensorlib.random import default_generator


def dropout(x, p=0.5, training=True, generator=None):
    """Zero each element with probability `p` and scale the others by ``1 / (1 - p)``.

    Parameters
    ----------
    x : Tensor
        Of a floating dtype.
    p : float, optional
    training : bool, optional
        If false, `x` is returned as it is.
    generator : tensorlib.random.Generator, optional
        By default the one that `tensorlib.manual_seed` seeds.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    ValueError
        If `p` is outside [0, 1].

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> y = F.dropout(tl.ones(1000), p=0.25)
    >>> sorted(set(y.tolist())) == [0.0, 1 / 0.75]
    True
    """
    check_probability("dropout", p)
    if not training or p == 0:
        return x
    # At p = 1 nothing is kept, so any finite factor serves.
    scale = 1.0 / (1.0 - p) if p < 1 else 0.0
    noise = (generator or default_generator()).random(x.shape, dtype="float32")
    factor = (noise >= p).astype(x.dtype)
    factor *= scale
    return x * factor
