"""The errors of CUDA."""


class CudaError(RuntimeError):
    """A call of the driver, or a kernel, failed.

    Attributes
    ----------
    code : int
        The driver's number of the error.
    """

    code = 0


class OutOfMemoryError(CudaError, MemoryError):
    """A GPU has no memory left; the text lists the largest live tensors."""
