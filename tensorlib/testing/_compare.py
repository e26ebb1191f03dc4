"""NumPy's assertions, for tensors too."""

import numpy as np

from tensorlib._core._tensor import Tensor


def _array(value):
    """`value` as NumPy sees it, wherever it is, whether or not it requires a gradient."""
    return np.asarray(value.detach().cpu() if isinstance(value, Tensor) else value)


def assert_allclose(actual, desired, rtol=1e-7, atol=0, equal_nan=True, err_msg="", verbose=True):
    """
    Raise where two tensors differ by more than a tolerance.

    Parameters
    ----------
    actual, desired : array_like
        Tensors (which may require a gradient), arrays or numbers of shapes that broadcast.
    rtol, atol : float, optional
        Allowed is ``atol + rtol * abs(desired)``.
    equal_nan : bool, optional
        Whether NaNs are equal to each other.
    err_msg : str, optional
        Text for the error.
    verbose : bool, optional
        Whether the error shows the values.

    Raises
    ------
    AssertionError
        Where they differ by more.

    See Also
    --------
    numpy.testing.assert_allclose : the same for arrays.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.testing.assert_allclose(tl.exp(tl.asarray([0.0, 1.0])), [1.0, 2.718281828])
    """
    actual, desired = _array(actual), _array(desired)
    np.testing.assert_allclose(actual, desired, rtol, atol, equal_nan, err_msg, verbose)


def assert_array_equal(actual, desired, err_msg="", verbose=True, *, strict=False):
    """
    Raise where two tensors are not equal.

    Parameters
    ----------
    actual, desired : array_like
        Tensors (which may require a gradient), arrays or numbers. NaNs are equal to each other.
    err_msg : str, optional
        Text for the error.
    verbose : bool, optional
        Whether the error shows the values.
    strict : bool, optional
        Whether shapes and dtypes must be the same too, without broadcasting of a scalar.

    Raises
    ------
    AssertionError
        Where they are not equal.

    See Also
    --------
    numpy.testing.assert_array_equal : the same for arrays.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.testing.assert_array_equal(tl.arange(3), [0, 1, 2])
    """
    actual, desired = _array(actual), _array(desired)
    np.testing.assert_array_equal(actual, desired, err_msg, verbose, strict=strict)
