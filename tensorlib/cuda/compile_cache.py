"""The kernels that were compiled, on disk."""

from concurrent.futures import ThreadPoolExecutor

from tensorlib.cuda import _driver, nvrtc
from tensorlib.cuda.device import index_of
from tensorlib.cuda.sources import common_sources

__all__ = ["clear", "path", "warm"]


def path():
    """Where compiled kernels are kept.

    Returns
    -------
    pathlib.Path or None
        The folder ``tensorlib/kernels`` of the user's cache, or what the environment variable
        ``TENSORLIB_CUDA_CACHE`` says; None where that is empty.
    """
    return nvrtc.cache_folder()


def warm(device=None):
    """Compile the kernels of the most common ops and dtypes, so that their first calls need not.

    Parameters
    ----------
    device : int, str or Device, optional
        For whose kind; the current one by default.

    Returns
    -------
    int
        How many kernels are on disk for it now.
    """
    major, minor = _driver.capability(index_of(device, "warm"))
    sources = list(common_sources())
    with ThreadPoolExecutor() as pool:
        return sum(
            1 for _ in pool.map(lambda source: nvrtc.compiled(source, major, minor), sources)
        )


def clear():
    """Remove all compiled kernels from the disk."""
    cache = nvrtc.disk_cache()
    if cache is not None:
        cache.clear()
