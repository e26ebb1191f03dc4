"""GPUs, and which one is this thread's current one."""

from tensorlib._core.device import device_number
from tensorlib.cuda import _driver


def index_of(device, op):
    """The index of a device: an int, a text such as "cuda:1", a `Device`, or None for the current
    one."""
    _open(op)
    if device is None:
        return _driver.current_index()
    if isinstance(device, int):
        return _driver.check_index(device, op)
    name = str(device)
    if name == "cuda":
        return _driver.current_index()
    device_number(name, op)
    kind, _, index = name.partition(":")
    if kind != "cuda":
        raise ValueError(f"{op}: expected a device of CUDA, got {device!r}")
    return int(index)


def _open(op):
    """Have the backend loaded, or an error that says what is missing."""
    device_number("cuda", op)


class Device:
    """A GPU.

    As a context manager it makes itself current. Its text is the name that the argument
    ``device=`` takes.

    Parameters
    ----------
    device : int or str, optional
        Its index, or a name such as "cuda:1"; the current one by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> if tl.cuda.is_available():
    ...     with tl.cuda.Device(0):
    ...         x = tl.zeros(3, device="cuda")
    """

    kind = "cuda"

    def __init__(self, device=None):
        self.index = index_of(device, "Device")
        self._before = []

    def __str__(self):
        return f"cuda:{self.index}"

    def __repr__(self):
        return f"Device({str(self)!r})"

    def __eq__(self, other):
        return str(self) == str(other) if isinstance(other, (Device, str)) else NotImplemented

    def __hash__(self):
        return hash(str(self))

    def __enter__(self):
        self._before.append(_driver.current_index())
        _driver.set_current(self.index)
        return self

    def __exit__(self, *exception):
        _driver.set_current(self._before.pop())

    @property
    def name(self):
        """str: what the maker calls it."""
        return _driver.name_of(self.index)

    @property
    def compute_capability(self):
        """tuple of int: which instructions it knows, as (major, minor)."""
        return _driver.capability(self.index)

    @property
    def total_memory(self):
        """int: its memory in bytes."""
        return _driver.total_memory(self.index)

    def synchronize(self):
        """Wait for all that was launched on it; see `tensorlib.cuda.synchronize`."""
        _driver.synchronize(self.index)


def current_device():
    """The index of this thread's current device.

    Returns
    -------
    int
    """
    _open("current_device")
    return _driver.current_index()


def set_device(device):
    """Make a device this thread's current one.

    Parameters
    ----------
    device : int, str or Device
    """
    _driver.set_current(index_of(device, "set_device"))


def get_device_name(device=None):
    """The name of a device, the current one by default.

    Returns
    -------
    str
    """
    return Device(device).name


def get_device_capability(device=None):
    """Which instructions a device knows, the current one by default.

    Returns
    -------
    tuple of int
        As (major, minor).
    """
    return Device(device).compute_capability


def synchronize(device=None):
    """Wait for all that was launched on a device, the current one by default.

    Raises
    ------
    CudaError
        If a kernel failed.
    IndexError
        If an index of a call on the device was out of bounds.
    """
    _driver.synchronize(index_of(device, "synchronize"))
