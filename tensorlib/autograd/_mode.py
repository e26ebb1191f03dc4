"""Whether operations are recorded: for a block, for a function, or from here on.

The mode belongs to the thread.
"""

import functools
import inspect
import threading

from tensorlib._core import _tape


def is_grad_enabled():
    """
    Whether operations are recorded in this thread.

    Returns
    -------
    bool

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.is_grad_enabled()
    True
    """
    return _tape.is_grad_enabled()


class _Mode:
    """A mode for a block or, as a decorator, for each call of a function."""

    enabled = None

    def __init__(self):
        self._previous = []  # a stack: an instance may be entered again inside its own block

    def __enter__(self):
        self._previous.append(_tape.set_grad_mode(self.enabled))
        return self

    def __exit__(self, *exception):
        _tape.set_grad_mode(self._previous.pop())

    def _fresh(self):
        """A new instance, as calls may run in several threads at once."""
        return type(self)()

    def __call__(self, function):
        if not callable(function):
            raise TypeError(
                f"{type(self).__name__}: expected a function to decorate, "
                f"got {type(function).__name__}"
            )
        if inspect.isgeneratorfunction(function):
            return self._wrap_generator(function)

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            with self._fresh():
                return function(*args, **kwargs)

        return wrapper

    def _wrap_generator(self, function):
        """The mode holds while the generator runs, and not while its caller does."""

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            generator = function(*args, **kwargs)
            resume, value = generator.send, None
            try:
                while True:
                    try:
                        with self._fresh():
                            item = resume(value)
                    except StopIteration as stop:
                        return stop.value
                    try:
                        resume, value = generator.send, (yield item)
                    except GeneratorExit:
                        raise
                    except BaseException as error:
                        resume, value = generator.throw, error
            finally:
                with self._fresh():
                    generator.close()

        return wrapper


class _PlainMode(_Mode):
    """A mode without an argument: ``@no_grad`` means ``@no_grad()``."""

    def __new__(cls, function=None):
        mode = super().__new__(cls)
        if function is None:
            return mode
        mode.__init__()
        return mode(function)  # not an instance, so Python does not call __init__

    def __init__(self, function=None):
        super().__init__()


class no_grad(_PlainMode):  # noqa: N801
    """
    Record nothing: results require no gradient.

    A context manager, and a decorator of functions and generator functions (with or without
    parentheses). The mode belongs to the thread and is restored when an exception leaves the block.

    See Also
    --------
    enable_grad : the opposite, inside a ``no_grad`` block.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.ones(3).requires_grad_()
    >>> with tl.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    >>> @tl.no_grad()
    ... def double(x):
    ...     return x * 2
    >>> double(x).requires_grad
    False
    """

    enabled = False


class enable_grad(_PlainMode):  # noqa: N801
    """
    Record again, inside a ``no_grad`` block.

    A context manager, and a decorator of functions and generator functions (with or without
    parentheses).

    See Also
    --------
    no_grad : the opposite.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.ones(3).requires_grad_()
    >>> with tl.no_grad(), tl.enable_grad():
    ...     y = x * 2
    >>> y.requires_grad
    True
    """

    enabled = True


class set_grad_enabled(_Mode):  # noqa: N801
    """
    Record or not, as the argument says: from here on, for a block, or for a function.

    Parameters
    ----------
    mode : bool
        Whether operations are recorded. The call itself sets the mode; as a context manager
        it is set back at the end of the block, as a decorator it holds during calls only.

    Raises
    ------
    TypeError
        Where `mode` is not a bool.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.ones(3).requires_grad_()
    >>> training = False
    >>> with tl.set_grad_enabled(training):
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    def __init__(self, mode):
        if not isinstance(mode, bool):
            raise TypeError(f"set_grad_enabled: expected a bool, got {type(mode).__name__}")
        super().__init__()
        self.enabled = mode
        self._before = _tape.set_grad_mode(mode)

    def __enter__(self):
        super().__enter__()
        if len(self._previous) == 1:  # what was before the call that made this, not after it
            self._previous[0] = self._before
        return self

    def __call__(self, function):
        _tape.set_grad_mode(self._before)
        return super().__call__(function)

    def _fresh(self):
        mode = _Mode()
        mode.enabled = self.enabled
        return mode


class _Inference(threading.local):
    enabled = False


_inference = _Inference()


def is_inference_mode_enabled():
    """
    Whether this thread is inside of `inference_mode`.

    Returns
    -------
    bool

    Examples
    --------
    >>> import tensorlib as tl
    >>> with tl.inference_mode():
    ...     tl.autograd.is_inference_mode_enabled()
    True
    """
    return _inference.enabled


class inference_mode(_Mode):  # noqa: N801
    """
    Record nothing, in code whose results will never be differentiated.

    It computes as `no_grad` does, and says more: that the results are not to be recorded later
    either. Nothing here depends on that, so results can be used like any other tensors.

    Parameters
    ----------
    mode : bool, optional
        False records again, inside of a block with True.

    Raises
    ------
    TypeError
        Where `mode` is neither a bool nor, as a decorator without parentheses, a function.

    See Also
    --------
    no_grad : where results go on into what is recorded.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.ones(3).requires_grad_()
    >>> with tl.inference_mode():
    ...     y = x * 2
    >>> y.requires_grad
    False
    >>> @tl.inference_mode
    ... def double(x):
    ...     return x * 2
    >>> double(x).requires_grad
    False
    """

    def __new__(cls, mode=True):
        if not callable(mode):
            return super().__new__(cls)
        return cls()(mode)

    def __init__(self, mode=True):
        if not isinstance(mode, bool):
            raise TypeError(f"inference_mode: expected a bool, got {type(mode).__name__}")
        super().__init__()
        self.mode = mode
        self.enabled = not mode
        self._flags = []

    def __enter__(self):
        super().__enter__()
        self._flags.append(_inference.enabled)
        _inference.enabled = self.mode
        return self

    def __exit__(self, *exception):
        _inference.enabled = self._flags.pop()
        super().__exit__(*exception)

    def _fresh(self):
        return type(self)(self.mode)
