"""What the library says of itself, in the words of the Array API standard."""

import numpy as np

from tensorlib._core._dtypes import ML_DTYPES
from tensorlib._core._tensor import Tensor
from tensorlib._core.device import available, check_device

__array_api_version__ = "2025.12"

_NUMPY = np.__array_namespace_info__()


def __array_namespace_info__():
    """The inspection functions of the Array API standard.

    Returns
    -------
    ArrayNamespaceInfo

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.__array_namespace_info__().default_device()
    'cpu'
    """
    return ArrayNamespaceInfo()


class ArrayNamespaceInfo:
    """What an array library can do, and with which devices and dtypes.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.__array_namespace_info__().devices()[0]
    'cpu'
    """

    def capabilities(self):
        """What the library can do.

        Returns
        -------
        dict
            ``"boolean indexing"`` and ``"data-dependent shapes"``: True; ``"max dimensions"``: an
            int.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.__array_namespace_info__().capabilities()["max dimensions"]
        64
        """
        return _NUMPY.capabilities()

    def default_device(self):
        """Where new tensors are.

        Returns
        -------
        str

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.__array_namespace_info__().default_device()
        'cpu'
        """
        return "cpu"

    def default_dtypes(self, *, device=None):
        """The dtypes of new tensors that are given none.

        Parameters
        ----------
        device : str, optional

        Returns
        -------
        dict
            Of ``"real floating"``, ``"complex floating"``, ``"integral"`` and ``"indexing"``.

        Raises
        ------
        ValueError
            If there is no such device.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.__array_namespace_info__().default_dtypes()["real floating"]
        dtype('float64')
        """
        check_device(device, "default_dtypes")
        return _NUMPY.default_dtypes()

    def dtypes(self, *, device=None, kind=None):
        """The standard's dtypes that tensors have.

        Parameters
        ----------
        device : str, optional
        kind : str or tuple of str, optional
            Only those of a kind, or of several: ``"bool"``, ``"signed integer"``,
            ``"unsigned integer"``, ``"integral"``, ``"real floating"``, ``"complex floating"``,
            ``"numeric"``.

        Returns
        -------
        dict
            By their names.

        Raises
        ------
        ValueError
            If there is no such device or kind.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.__array_namespace_info__().dtypes(kind="complex floating")
        {'complex64': dtype('complex64'), 'complex128': dtype('complex128')}
        """
        check_device(device, "dtypes")
        return _NUMPY.dtypes(kind=kind)

    def devices(self):
        """Where tensors can be.

        Returns
        -------
        tuple of str

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.__array_namespace_info__().devices()[0]
        'cpu'
        """
        return Devices(available())


class Devices(tuple):
    """A tuple, which the standard asks for since 2025.12, that can be added to a list, which it
    was before."""

    __slots__ = ()

    def __add__(self, other):
        return [*self, *other] if isinstance(other, list) else tuple.__add__(self, other)


class finfo:
    """The limits of a floating-point dtype.

    The numbers are Python floats, as the Array API standard has it, and so weak in promotion;
    NumPy's are scalars of the dtype.

    Parameters
    ----------
    dtype : dtype or Tensor
        Floating-point or complex; of the latter the parts are meant.

    Attributes
    ----------
    bits : int
        The number of bits of a number.
    eps : float
        The distance from 1 to the next larger number.
    max, min : float
        The largest and the smallest number.
    smallest_normal, tiny : float
        The smallest positive number of full precision.
    smallest_subnormal : float
        The smallest positive number.
    resolution, precision : float, int
        How many decimals are right: ``10**-precision`` and `precision`.
    dtype : dtype
        The dtype.
    epsneg, iexp, machep, maxexp, minexp, negep, nexp, nmant : float or int
        As NumPy's.

    Raises
    ------
    ValueError
        If the dtype is neither.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.finfo(tl.float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, dtype):
        info, dtype = np.finfo, dtype.dtype if isinstance(dtype, Tensor) else dtype
        if getattr(dtype, "__name__", str(dtype)) in ML_DTYPES:
            from ml_dtypes import finfo as info  # without which there is no such dtype
        self._info = info(dtype)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        value = getattr(self._info, name)
        return value.item() if isinstance(value, np.generic) else value

    def __reduce__(self):
        return finfo, (self.dtype,)

    def __dir__(self):
        return dir(self._info)

    def __repr__(self):
        return repr(self._info)

    def __str__(self):
        return str(self._info)
