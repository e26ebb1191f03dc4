"""Utilities: NumPy's names under `numpy.lib`, for tensors."""

from numpy.lib import Arrayterator, NumpyVersion

from tensorlib._lazy import lazy_module as _lazy_module

__all__ = ["Arrayterator", "NumpyVersion", "array_utils", "scimath", "stride_tricks"]

array_utils = _lazy_module("tensorlib.lib.array_utils")
scimath = _lazy_module("tensorlib.lib.scimath")
stride_tricks = _lazy_module("tensorlib.lib.stride_tricks")
