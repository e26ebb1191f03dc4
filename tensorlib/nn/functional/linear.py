"""Linear maps."""

from tensorlib.nn._arguments import check_bias


def linear(x, weight, bias=None):
    """Map the last axis: ``x @ weight.T + bias``.

    Parameters
    ----------
    x : Tensor, shape (..., in)
    weight : Tensor, shape (out, in)
    bias : Tensor, shape (out,), optional

    Returns
    -------
    Tensor, shape (..., out)

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.linear(tl.asarray([1.0, 2.0]), tl.asarray([[3.0, 4.0]]), tl.asarray([0.5])).tolist()
    [11.5]
    """
    if weight.ndim != 2 or x.ndim < 1 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"linear: expected shapes (..., in) and (out, in), got {x.shape} and {weight.shape}"
        )
    check_bias("linear", bias, weight)
    result = x @ weight.T
    return result if bias is None else result + bias
