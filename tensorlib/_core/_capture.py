"""What repeats itself in the replays of a graph, and what goes on from one to the next.

A device may capture what is launched, to launch it again without Python. What Python would have
counted or looked up each time is then asked for before each replay.
"""

from tensorlib._core._backend import run_on_device


def capturing(x):
    """Whether a graph is being captured on the device of a Tensor: nothing is computed now."""
    return x.device != "cpu" and run_on_device("capturing", x, ())


def lasting(x, make):
    """What a function makes on the device of a Tensor while a graph is captured there, in memory
    that nothing else in the graph is given; what is written there stays until the next replay."""
    return run_on_device("lasting", x, (make,))


def replayed(x, op, shape, function):
    """Numbers that a graph, which is being captured on the device of a Tensor, is given anew.

    Parameters
    ----------
    x : Tensor
    op : str
        Who asks, for messages.
    shape : tuple of int
    function : callable
        Called before each replay; it returns the numbers, of that shape or in one sequence, that
        the replay finds in the result.

    Returns
    -------
    Tensor
        float64, on the device.
    """
    return run_on_device("replayed", x, (op, shape, function))
