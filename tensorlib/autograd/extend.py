"""Functions with derivatives of one's own, in the way of HIPS autograd."""

import functools

from tensorlib._core._functions import asarray, zeros_like
from tensorlib._core._tensor import Tensor
from tensorlib.autograd.function import Function

__all__ = ["defjvp", "defjvp_argnum", "defvjp", "defvjp_argnum", "primitive"]


class primitive:  # noqa: N801
    """A function whose derivatives are given by `defvjp` and `defjvp`.

    A decorator. The function is called with Tensors that have no history, so it may use any
    library; numbers and ndarrays that it returns become Tensors. Positional arguments can be
    differentiated, keyword arguments cannot.

    Parameters
    ----------
    function : callable
        Returns one Tensor, array or number.

    See Also
    --------
    tensorlib.autograd.Function : the same as a class, for several outputs too.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.autograd import defvjp, grad, primitive
    >>> @primitive
    ... def cube(x):
    ...     return x**3
    >>> defvjp(cube, lambda ans, x: lambda g: 3 * x**2 * g)
    >>> print(grad(cube)(2.0), grad(grad(cube))(2.0))
    12.0 12.0
    """

    def __init__(self, function):
        if not callable(function):
            raise TypeError(f"primitive: expected a function, got {type(function).__name__}")
        functools.update_wrapper(self, function)
        self.function = function
        self.vjps = None  # functions of (argnums, ans, args, kwargs) and of g
        self.jvps = None
        name = getattr(function, "__name__", "primitive")
        self.cls = type(name, (_Call,), {})

    def __call__(self, *args, **kwargs):
        return self.cls.apply(self, kwargs, *args)

    def __repr__(self):
        return f"<primitive {self.cls.__name__}>"


class _Call(Function):
    """A call of a primitive: it and its keyword arguments come before its own arguments."""

    @staticmethod
    def forward(ctx, called, kwargs, *args):
        values = [x.detach() if isinstance(x, Tensor) else x for x in args]
        result = called.function(*values, **kwargs)
        if not isinstance(result, Tensor):
            result = asarray(result)
        elif any(result is x for x in values):
            result = result.copy()
        ctx.called, ctx.keywords = called, kwargs
        ctx.others = [None if isinstance(x, Tensor) else x for x in args]
        ctx.places = [i for i, x in enumerate(args) if isinstance(x, Tensor)]
        ctx.save_for_backward(result, *[args[i] for i in ctx.places])
        return result

    @staticmethod
    def backward(ctx, gradient):
        ans, args = _values(ctx)
        called = ctx.called
        if called.vjps is None:
            raise NotImplementedError(
                f"{called.cls.__name__}: expected a gradient given by defvjp, got none"
            )
        wanted = [i for i in ctx.places if ctx.needs_input_grad[i + 2]]
        found = called.vjps(wanted, ans, args, ctx.keywords)(gradient)
        gradients = [None] * (len(args) + 2)
        for i, value in zip(wanted, found, strict=True):
            gradients[i + 2] = value if isinstance(value, Tensor | None) else asarray(value)
        return tuple(gradients)


def _jvp(ctx, _, __, *tangents):
    ans, args = _values(ctx)
    total = None
    for i, tangent in enumerate(tangents):
        if tangent is not None:
            part = ctx.called.jvps(i, tangent, ans, args, ctx.keywords)
            if part is not None:
                total = part if total is None else total + part
    return zeros_like(ans) if total is None else total


def _values(ctx):
    """What a call returned and what it was given."""
    ans, *saved = ctx.saved_tensors
    args = list(ctx.others)
    for i, x in zip(ctx.places, saved, strict=True):
        args[i] = x
    return ans, args


def _check(name, fun):
    if not isinstance(fun, primitive):
        raise TypeError(f"{name}: expected a function made by primitive, got {fun!r}")


def _by_argument(name, fun, makers, argnums):
    """The makers by the number of the argument."""
    numbers = range(len(makers)) if argnums is None else tuple(argnums)
    if len(numbers) != len(makers):
        raise ValueError(
            f"{name}: expected a function for each of the argnums {tuple(numbers)} of "
            f"{fun.cls.__name__}, got {len(makers)}"
        )
    return dict(zip(numbers, makers, strict=True))


def _maker(name, fun, by_argument, i):
    if i not in by_argument:
        raise NotImplementedError(
            f"{fun.cls.__name__}: no derivative with respect to argument {i} was given to {name}"
        )
    return by_argument[i]


def defvjp(fun, *vjpmakers, argnums=None):
    """Say how gradients pass a `primitive`.

    Parameters
    ----------
    fun : primitive
    *vjpmakers : callable or None
        For each argument ``vjpmaker(ans, *args, **kwargs)``, with the result and the arguments of
        the call, which gives the function of the result's gradient that is the argument's. None:
        its gradient is zero. Written with the library's functions it can be differentiated itself.
    argnums : sequence of int, optional
        Of which arguments, by default the first ones.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.autograd import defvjp, grad, primitive
    >>> times = primitive(lambda x, y: x * y)
    >>> defvjp(times, lambda ans, x, y: lambda g: g * y, lambda ans, x, y: lambda g: g * x)
    >>> print(grad(times, 1)(2.0, 3.0))
    2.0
    """
    _check("defvjp", fun)
    makers = _by_argument("defvjp", fun, vjpmakers, argnums)

    def vjps(wanted, ans, args, kwargs):
        found = [_maker("defvjp", fun, makers, i) for i in wanted]
        pulls = [None if maker is None else maker(ans, *args, **kwargs) for maker in found]
        return lambda g: [None if pull is None else pull(g) for pull in pulls]

    fun.vjps = vjps


def defvjp_argnum(fun, vjpmaker):
    """Say how gradients pass a `primitive` of any number of arguments.

    Parameters
    ----------
    fun : primitive
    vjpmaker : callable
        ``vjpmaker(argnum, ans, args, kwargs)``, as those of `defvjp`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.autograd import defvjp_argnum, grad, primitive
    >>> total = primitive(lambda *args: sum(args))
    >>> defvjp_argnum(total, lambda argnum, ans, args, kwargs: lambda g: g)
    >>> print(grad(total, 2)(1.0, 2.0, 3.0))
    1.0
    """
    _check("defvjp_argnum", fun)

    def vjps(wanted, ans, args, kwargs):
        pulls = [vjpmaker(i, ans, args, kwargs) for i in wanted]
        return lambda g: [pull(g) for pull in pulls]

    fun.vjps = vjps


def defjvp(fun, *jvpfuns, argnums=None):
    """Say how derivatives along directions pass a `primitive`; without, by its gradient.

    Parameters
    ----------
    fun : primitive
    *jvpfuns : callable, "same" or None
        For each argument ``jvpfun(g, ans, *args, **kwargs)``, with the argument's derivative along
        the direction, which gives that of the result. "same" calls the function itself with the
        derivative in place of the argument, as it is linear; None: it is zero.
    argnums : sequence of int, optional
        Of which arguments, by default the first ones.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.autograd import defjvp, make_jvp, primitive
    >>> square = primitive(lambda x: x * x)
    >>> defjvp(square, lambda g, ans, x: 2 * x * g)
    >>> print(*make_jvp(square)(3.0)(1.0))
    9.0 6.0
    """
    _check("defjvp", fun)
    makers = _by_argument("defjvp", fun, jvpfuns, argnums)

    def jvps(i, g, ans, args, kwargs):
        maker = _maker("defjvp", fun, makers, i)
        if maker is None:
            return None
        if maker == "same":
            return fun(*args[:i], g, *args[i + 1 :], **kwargs)
        return maker(g, ans, *args, **kwargs)

    fun.jvps = jvps
    fun.cls.jvp = staticmethod(_jvp)


def defjvp_argnum(fun, jvpmaker):
    """Say how derivatives along directions pass a `primitive` of any number of arguments.

    Parameters
    ----------
    fun : primitive
    jvpmaker : callable
        ``jvpmaker(argnum, g, ans, args, kwargs)``, as those of `defjvp`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.autograd import defjvp_argnum, make_jvp, primitive
    >>> total = primitive(lambda *args: sum(args))
    >>> defjvp_argnum(total, lambda argnum, g, ans, args, kwargs: g)
    >>> print(*make_jvp(total, 1)(1.0, 2.0)(5.0))
    3.0 5.0
    """
    _check("defjvp_argnum", fun)
    fun.jvps = jvpmaker
    fun.cls.jvp = staticmethod(_jvp)
