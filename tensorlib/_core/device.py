"""The devices that tensors can be on: the CPU, and those of backends."""

import contextlib
import importlib

from tensorlib._core.errors import DeviceError

# Where a backend's class is; when one of its devices is first named, its module is imported and its
# `open_backend` called, which calls `add_device` for each that there is.
BACKENDS = {"cuda": "tensorlib.cuda._backend"}

names = ["cpu"]  # by number, which is what a storage has


def add_device(name):
    """Give a device its number."""
    names.append(name)
    return len(names) - 1


def device_number(device, op):
    """The number of a device.

    Parameters
    ----------
    device : str or object
        "cpu", "cuda" for the current one of them, "cuda:1"; or what has such a text.
    op : str
        The function that asks, for errors.

    Raises
    ------
    DeviceError
        If there is no such device.
    """
    name = str(device)
    if name in names:
        return names.index(name)
    kind = name.partition(":")[0]
    if kind not in BACKENDS:
        raise DeviceError(f"{op}: expected a device out of {known()}, got {device!r}")
    try:
        backend = importlib.import_module(BACKENDS[kind])
        backend.open_backend()
    except Exception as error:  # packages that look for a driver raise errors of their own
        raise DeviceError(f"{op}: {device!r} is not there: {reason(error)}") from error
    if name == kind:
        return backend.current_number()
    if name not in names:
        raise DeviceError(f"{op}: expected a device out of {known()}, got {device!r}")
    return names.index(name)


def part_of(kind, name, op):
    """A module of a backend's package, or the DeviceError of a backend that is not there."""
    device_number(kind, op)
    return importlib.import_module(f"{BACKENDS[kind].rpartition('.')[0]}.{name}")


def reason(error):
    """The first line of an error's text, or its type."""
    return str(error).partition("\n")[0] or type(error).__name__


def known():
    """The names that a user may give: those of the devices found so far, and of backends."""
    return (*names, *(kind for kind in BACKENDS if not any(n.startswith(kind) for n in names)))


def available():
    """The names of all devices that are there; this loads the backends."""
    for kind in BACKENDS:
        with contextlib.suppress(DeviceError):
            device_number(kind, "devices")
    return tuple(names)


def check_kind(kind, op):
    """Refuse what is no kind of device; it need not be there. Returns it without an index."""
    found = str(kind).partition(":")[0]
    if found != "cpu" and found not in BACKENDS:
        raise DeviceError(f"{op}: expected a device out of {known()}, got {kind!r}")
    return found


def check_device(device, op):
    """Refuse a device that is not there; None stands for the default."""
    if device is not None:
        device_number(device, op)
