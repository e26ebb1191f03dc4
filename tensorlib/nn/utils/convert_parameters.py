"""Parameters as one vector, and back."""

from tensorlib._core._functions import reshape
from tensorlib._joining import concatenate
from tensorlib.autograd import no_grad


def parameters_to_vector(parameters):
    """The elements of all parameters, one after the other.

    Parameters
    ----------
    parameters : iterable of Tensor

    Returns
    -------
    Tensor
        With one axis. Differentiable.

    Raises
    ------
    ValueError
        If there are no parameters.

    Examples
    --------
    >>> from tensorlib import nn
    >>> nn.utils.parameters_to_vector(nn.Linear(3, 2).parameters()).shape
    (8,)
    """
    parts = [reshape(parameter, (-1,)) for parameter in parameters]
    if not parts:
        raise ValueError("parameters_to_vector: expected parameters, got none")
    return concatenate(parts)


def vector_to_parameters(vec, parameters):
    """Copy the elements of a vector into parameters.

    Parameters
    ----------
    vec : Tensor
        With one axis, as `parameters_to_vector` makes it.
    parameters : iterable of Tensor
        They keep their dtypes.

    Raises
    ------
    ValueError
        If the vector has another size than the parameters together. Nothing was changed then.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.Linear(1, 2)
    >>> nn.utils.vector_to_parameters(tl.arange(4.0), layer.parameters())
    >>> layer.bias.tolist()
    [2.0, 3.0]
    """
    parameters = list(parameters)
    size = sum(parameter.size for parameter in parameters)
    if vec.shape != (size,):
        raise ValueError(
            f"vector_to_parameters: expected a vector of shape {(size,)} for the parameters, got "
            f"{vec.shape}"
        )
    start = 0
    with no_grad():
        for parameter in parameters:
            stop = start + parameter.size
            parameter[...] = vec[start:stop].reshape(parameter.shape)
            start = stop
