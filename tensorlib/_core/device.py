"""The names of the devices that tensors can be on."""

DEVICES = ("cpu",)


def check_device(device, op):
    """Refuse a device that is not there; None stands for the default."""
    if device is not None and device not in DEVICES:
        raise ValueError(f"{op}: expected a device out of {DEVICES}, got {device!r}")
