"""Gradients of functions, by the tape."""

import functools

from tensorlib._core import _backward
from tensorlib._core._functions import full_like, zeros_like
from tensorlib._core._recorder import lift
from tensorlib._core._tape import function_rule, last_sequence, record_call
from tensorlib._core._wrapping import untracked
from tensorlib.autograd._mode import enable_grad
from tensorlib.func._trees import as_tensors, check_tensors, map_tensors, matched, without_aux

_identity = function_rule("argument", 1, lambda gradient, node, context: (gradient,))


def _fresh(name, tensor):
    """A tensor of the same elements to differentiate by, whose history is the one it has."""
    if tensor.dtype.kind not in "fVc":  # bfloat16's kind is V
        raise TypeError(
            f"{name}: expected floating-point or complex arguments to differentiate by, got "
            f"{tensor.dtype}"
        )
    own = lift(tensor)
    new = untracked(own)
    if own is tensor:
        record_call(_identity, (tensor,), None, (new,))
    return new if new.requires_grad else new.requires_grad_()


class Recorded:
    """A call of a function on the tape, for any number of walks back.

    Parameters
    ----------
    name : str
        Of the transform, for errors.
    function : callable
        Of the trees `arguments`.
    arguments : tuple
        Trees of Tensors to differentiate by.
    has_aux : bool
        Whether the function returns a pair, whose second part is not differentiated.
    """

    def __init__(self, name, function, arguments, has_aux):
        leaves, rebuild = check_tensors(name, "to differentiate by", arguments)
        self.name = name
        self.since = last_sequence()
        with enable_grad():
            self.inputs = tuple([_fresh(name, x) for x in leaves])
            result = function(*rebuild(list(self.inputs)))
        if has_aux:
            result, aux = without_aux(name, result)
        self.rebuild_inputs = rebuild
        self.outputs, self.rebuild_outputs = check_tensors(name, "from the function", result)
        # What nothing outside is behind is given back without history.
        self.others, self.outside = _backward.depends_on_others(
            tuple(self.outputs), self.inputs, self.since
        )
        self.result = self.free(result)
        self.aux = self.free(aux) if has_aux else None

    def free(self, tree):
        """Tensors without a history that ends here."""
        return map_tensors(lambda x: x if self.others or x.is_leaf else untracked(x), tree)

    def pull(self, cotangents, keep):
        """The gradients for gradients of the outputs, in the structure of the arguments."""
        pairs = [
            (x, c) for x, c in zip(self.outputs, cotangents, strict=True)
            if x.requires_grad and c is not None
        ]  # fmt: skip
        found = (None,) * len(self.inputs)
        if pairs:
            outputs, seeds = zip(*pairs, strict=True)
            tracked = any(c.requires_grad for c in seeds)
            follow = self.others or self.outside or tracked or any(
                _backward.followed_outside(c) for c in seeds
            )  # fmt: skip
            found = _backward.backward(outputs, seeds, self.inputs, keep or follow, follow, False)
            if not self.others and not tracked:
                found = [None if g is None else untracked(g) for g in found]
        gradients = [
            zeros_like(x.detach()) if g is None else g
            for x, g in zip(self.inputs, found, strict=True)
        ]
        return self.rebuild_inputs(gradients)


def _chosen(name, argnums, args):
    """The numbers of the arguments to differentiate by, non-negative."""
    numbers = argnums if isinstance(argnums, tuple | list) else (argnums,)
    if not numbers or not all(isinstance(n, int) for n in numbers):
        raise TypeError(
            f"{name}: expected argnums to be an int or a tuple of ints, got {argnums!r}"
        )
    for n in numbers:
        if not -len(args) <= n < len(args):
            raise ValueError(f"{name}: expected argnums below {len(args)}, the number of "
                             f"arguments, got {n}")  # fmt: skip
    numbers = tuple([n % len(args) for n in numbers])
    if len(set(numbers)) < len(numbers):
        raise ValueError(f"{name}: expected different argnums, got {argnums!r}")
    return numbers


def as_function(name, function, argnums, args, kwargs):
    """The function of the chosen arguments alone, and these; arrays become Tensors."""
    if not callable(function):
        raise TypeError(f"{name}: expected a function, got {type(function).__name__}")
    numbers = _chosen(name, argnums, args)
    chosen = tuple([as_tensors(args[n]) for n in numbers])

    def of_chosen(*values):
        given = list(args)
        for n, value in zip(numbers, values, strict=True):
            given[n] = value
        return function(*given, **kwargs)

    return of_chosen, chosen


def one_of(argnums, trees):
    """What there is for the arguments: one tree for an int, a tuple else."""
    return trees[0] if isinstance(argnums, int) else tuple(trees)


def value_and_grad(func, argnums=0, has_aux=False):
    """A function that computes the value and the gradient of another.

    Parameters
    ----------
    func : callable
        Returns a real Tensor of one element; or, with `has_aux`, a pair of it and anything.
    argnums : int or tuple of int, optional
        By which arguments to differentiate. Each is a Tensor, or a list, tuple or dict of them.
    has_aux : bool, optional
        Whether `func` returns a pair.

    Returns
    -------
    callable
        Of the same arguments. It returns ``(value, gradient)``, or ``((value, aux), gradient)``.
        The gradient has the structure of the argument; of several, it is a tuple.

    Raises
    ------
    TypeError
        If an argument to differentiate by is no Tensor of an inexact dtype.
    RuntimeError
        If the value is no real scalar.

    See Also
    --------
    grad : only the gradient.

    Examples
    --------
    >>> import tensorlib as tl
    >>> value, gradient = tl.func.value_and_grad(lambda x: (x**2).sum())(tl.asarray([1.0, 2.0]))
    >>> print(value, gradient)
    5.0 [2. 4.]
    """

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        return _differentiated("value_and_grad", func, argnums, has_aux, args, kwargs)

    return wrapper


def _differentiated(name, func, argnums, has_aux, args, kwargs):
    """The value of a call of a scalar function, with `has_aux` a pair, and the gradient."""
    function, chosen = as_function(name, func, argnums, args, kwargs)
    call = Recorded(name, function, chosen, has_aux)
    output = _scalar(name, call)
    gradients = one_of(argnums, call.pull([full_like(output.detach(), 1)], False))
    return ((call.result, call.aux) if has_aux else call.result), gradients


def _scalar(name, call):
    """The one output of a call, which has one real element."""
    outputs = call.outputs
    if len(outputs) != 1 or outputs[0].size != 1 or outputs[0].dtype.kind == "c":
        got = [f"{x.dtype} of shape {x.shape}" for x in outputs]
        raise RuntimeError(
            f"{name}: expected one real output of one element, got {', '.join(got) or 'none'}"
        )
    return outputs[0]


def grad_and_value(func, argnums=0, has_aux=False):
    """As `value_and_grad` with the results the other way round: ``(gradient, value)``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> gradient, value = tl.func.grad_and_value(tl.square)(tl.asarray(3.0))
    >>> print(gradient, value)
    6.0 9.0
    """

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        return _differentiated("grad_and_value", func, argnums, has_aux, args, kwargs)[::-1]

    return wrapper


def grad(func, argnums=0, has_aux=False):
    """A function that computes the gradient of another.

    Parameters
    ----------
    func, argnums, has_aux
        As of `value_and_grad`.

    Returns
    -------
    callable
        Of the same arguments. It returns the gradient, or ``(gradient, aux)``. It can be
        transformed again.

    Raises
    ------
    TypeError, RuntimeError
        As `value_and_grad`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.func.grad(tl.sin)(tl.asarray(0.0))
    tensor(1.)
    >>> tl.func.grad(tl.func.grad(lambda x: x**3))(tl.asarray(2.0))
    tensor(12.)
    """

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        value, gradient = _differentiated("grad", func, argnums, has_aux, args, kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapper


def vjp(func, *primals, has_aux=False):
    """The value of a function, and products of vectors with its Jacobian.

    Parameters
    ----------
    func : callable
        Returns Tensors, or with `has_aux` a pair of them and anything.
    *primals : tree of Tensor
        Its arguments.
    has_aux : bool, optional

    Returns
    -------
    output : tree of Tensor
    pullback : callable
        Takes gradients of the output, in its structure, and returns a tuple with those of the
        arguments. It can be called many times, also under `vmap`.
    aux : object
        With `has_aux`.

    Raises
    ------
    TypeError
        If something else than Tensors of an inexact dtype is to be differentiated, or the gradients
        given to `pullback` have another structure than the output.
    RuntimeError
        If the shapes of these differ.

    Examples
    --------
    >>> import tensorlib as tl
    >>> output, pullback = tl.func.vjp(tl.sin, tl.asarray([0.0, 1.0]))
    >>> (gradient,) = pullback(tl.ones(2))
    >>> bool((gradient == tl.cos(tl.asarray([0.0, 1.0]))).all())
    True
    """
    function, chosen = as_function("vjp", func, tuple(range(len(primals))), primals, {})
    call = Recorded("vjp", function, chosen, has_aux)

    def pullback(*cotangents):
        tree = cotangents[0] if len(cotangents) == 1 else cotangents
        seeds = matched("vjp", "gradients", tree, "the output", call.result)
        shapes = [x.shape for x in call.outputs]
        if [x.shape for x in seeds] != shapes:
            raise RuntimeError(
                f"vjp: expected gradients of the output's shapes {shapes}, got "
                f"{[x.shape for x in seeds]}"
            )
        return call.pull(seeds, True)

    return (call.result, pullback, call.aux) if has_aux else (call.result, pullback)
