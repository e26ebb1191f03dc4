"""Recorders: what sees every op of a thread before a kernel does."""

import threading

cdef extern from *:
    """
    static thread_local int tl_recorders = 0;
    """
    int tl_recorders      # active in this thread

cdef int recording = 0    # active in any thread: zero is quickly seen
cdef object here = threading.local()


class Recorder:
    """Sees every op of this thread while it is active: tracing, profiling and transforms.

    Use it as a context manager. `apply` receives each call and returns its result, `write` each
    write into a tensor; the defaults do it as if the recorder were not there.

    Attributes
    ----------
    wraps : bool
        Whether results may be tensors of the recorder's own (see `tensorlib._core._wrapping.wrap`).
        It then gets Tensors only, in lieu of Python's scalars.
    taped : bool
        Whether the tape records what it answers with tensors of its own.
    """

    wraps = False
    taped = True

    def __enter__(self):
        global recording, tl_recorders
        if not hasattr(here, "recorders"):
            here.recorders = []
        here.recorders.append(self)
        recording += 1
        tl_recorders += 1
        return self

    def __exit__(self, *exception):
        global recording, tl_recorders
        recorders = here.recorders
        del recorders[len(recorders) - 1 - recorders[::-1].index(self)]
        recording -= 1
        tl_recorders -= 1

    def apply(self, op, inputs, params):
        """Answer a call of an op.

        Parameters
        ----------
        op : Op
            With `name`, `kind`, `inputs` and `params`.
        inputs : tuple
            Tensors, and Python scalars for elementwise ops.
        params : tuple
            As the op's row names them.

        Returns
        -------
        Tensor or tuple of Tensor
        """
        from tensorlib._core._dispatch import apply
        return apply(op, inputs, params)

    def write(self, target, value, name):
        """Write into all of a tensor.

        Parameters
        ----------
        target, value : Tensor
            The value can be broadcast and cast to the target.
        name : str
            Of the function that writes.

        Returns
        -------
        bool
            Whether the tensor is the recorder's own.
        """
        from tensorlib._core._operators import assign
        assign(target, value, name)
        return False

    def before_write(self, target, value, name, owners=1):
        """Make ready for a write of `value` into a view of a tensor, which is taken next.

        `owners` is the number of tensors of recorders further in that have the target's memory.
        """
        before_write(target, value, name, owners)

    def lift(self, tensor):
        """A tensor of the recorder's own with the same elements, to be differentiated by.

        So the tape's derivatives of what happens further in are apart from those further out.
        """
        return lift(tensor)

    def random(self, draw, size=None, values=()):
        """Answer `tensorlib._core._recorder.random`."""
        return random(draw, size, values)

    def run_apart(self, function, values, name=None):
        """Answer `tensorlib._core._recorder.run_apart`."""
        return run_apart(function, values, name)

    def call_function(self, function, args):
        """Answer `Function.apply`, if a recorder further out has tensors of its own."""
        with stepped_out():
            return function.seen_by(self).apply(*args)

    def detach(self, tensor):
        """Answer ``tensor.detach()`` of a tensor of the recorder's own."""
        raise NotImplementedError(f"{type(self).__name__}: no detach is defined")

    def readable(self, tensor, name):
        """A tensor of its own as one whose elements can be read, or an error for `name`."""
        raise NotImplementedError(f"{type(self).__name__}: no readable is defined")

    def describe(self, tensor):
        """The text of a tensor of its own."""
        raise NotImplementedError(f"{type(self).__name__}: no describe is defined")

    def refuse(self, name):
        """Raise the error of a function that would see the memory of a tensor of its own."""
        raise NotImplementedError(f"{type(self).__name__}: no refuse is defined")


cpdef bint watched() noexcept:
    """Whether a recorder is active in this thread."""
    return recording > 0 and tl_recorders > 0


def before_write(target, value, name, owners=1):
    """Tell the innermost recorder that a view of a tensor will be taken to be written."""
    if watched():
        with stepped_out() as recorder:
            recorder.before_write(target, value, name, owners)


def lift(tensor):
    """The tensor as the innermost recorder's own, if there is one that has tensors of its own."""
    if not watched():
        return tensor
    with stepped_out() as recorder:
        return recorder.lift(tensor)


def random(draw, size=None, values=()):
    """Draw random numbers, as the recorders want them.

    Parameters
    ----------
    draw : callable
        ``draw(size, *values)`` returns a Tensor.
    size : tuple of int, optional
        The shape of the numbers, if it is known before.
    values : tuple, optional
        What else the numbers depend on; there may be tensors among it.

    Returns
    -------
    Tensor
    """
    if not watched():
        return draw(size, *values)
    with stepped_out() as recorder:
        return recorder.random(draw, size, values)


def run_apart(function, values, name=None):
    """Run a function that reads memory.

    Parameters
    ----------
    function : callable
        ``function(*values)`` returns Tensors.
    values : tuple
        There may be tensors of recorders among them; the function is given ordinary ones.
    name : str, optional
        Of the function, which has a derivative that is not known. Without it the results have
        none.

    Returns
    -------
    Tensor or tuple of Tensor
    """
    if not watched():
        return function(*values)
    with stepped_out() as recorder:
        return recorder.run_apart(function, values, name)


def innermost():
    """The recorder of this thread that sees an op first, or None."""
    return here.recorders[len(here.recorders) - 1] if watched() else None


def answering():
    """The recorder that answers calls of a `Function`: the innermost, if it or one further out has
    tensors of its own; else None."""
    if watched() and any([recorder.wraps for recorder in here.recorders]):
        return innermost()
    return None


class stepped_out:  # noqa: N801
    """A block in which the innermost recorder, which it gives, is off: ops pass it by."""

    def __enter__(self):
        self.recorder = step_out()
        return self.recorder

    def __exit__(self, *exception):
        step_in(self.recorder)


cdef object step_out():
    """Take the innermost recorder off, so that ops go to the next one out."""
    global recording, tl_recorders
    recording -= 1
    tl_recorders -= 1
    return here.recorders.pop()


cdef int step_in(object recorder) except -1:
    global recording, tl_recorders
    here.recorders.append(recorder)
    recording += 1
    tl_recorders += 1
    return 0
