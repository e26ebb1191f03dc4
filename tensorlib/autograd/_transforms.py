"""The functions of functions that HIPS autograd has, by those of `tensorlib.func`.

In all, floating-point numbers and arrays that are differentiated by become Tensors, results are
Tensors, and `argnum` is the number of an argument or a tuple of them.
"""

import functools
import inspect

from tensorlib._core._functions import asarray, conjugate, ones_like
from tensorlib._lazy import lazy_module
from tensorlib._products import tensordot

# A layer above this one; it runs at the first use.
func = lazy_module("tensorlib.func")
utils = lazy_module("tensorlib.utils")

__all__ = [
    "checkpoint",
    "deriv",
    "egrad",
    "elementwise_grad",
    "grad_and_aux",
    "grad_named",
    "hessian",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "jacobian",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_vjp",
    "multigrad_dict",
    "tensor_jacobian_product",
    "value_and_grad",
    "vector_jacobian_product",
]


def value_and_grad(fun, argnum=0):
    """A function that gives the value and the gradient of another.

    Parameters
    ----------
    fun : callable
        Returns a real Tensor of one element.
    argnum : int or tuple of int, optional

    Returns
    -------
    callable
        Of the same arguments.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.value_and_grad(tl.sin)(0.0)
    (tensor(0.), tensor(1.))
    """
    return func.value_and_grad(fun, argnum)


def grad_and_aux(fun, argnum=0):
    """A function that gives the gradient of a function's first result, and its second result.

    Parameters
    ----------
    fun : callable
        Returns a real Tensor of one element, and anything.
    argnum : int or tuple of int, optional

    Returns
    -------
    callable
        Of the same arguments.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.grad_and_aux(lambda x: (x * x, "a note"))(3.0)
    (tensor(6.), 'a note')
    """
    return func.grad(fun, argnum, has_aux=True)


def grad_named(fun, argname):
    """The gradient with respect to the argument of this name, given by position.

    Parameters
    ----------
    fun : callable
    argname : str

    Returns
    -------
    callable

    Raises
    ------
    ValueError
        If there is no such argument.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.grad_named(lambda x, y: x * y, "y")(2.0, 3.0)
    tensor(2.)
    """
    names = list(inspect.signature(fun).parameters)
    if argname not in names:
        raise ValueError(f"grad_named: expected one of the arguments {names}, got {argname!r}")
    return func.grad(fun, names.index(argname))


def multigrad_dict(fun):
    """The gradients with respect to all arguments, by their names.

    Parameters
    ----------
    fun : callable

    Returns
    -------
    callable
        Of the same arguments. It returns a dict.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.multigrad_dict(lambda x, y: x * y)(2.0, y=3.0)
    {'x': tensor(3.), 'y': tensor(2.)}
    """
    signature = inspect.signature(fun)

    @functools.wraps(fun)
    def gradients(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()

        def of_dict(values):
            again = inspect.BoundArguments(signature, values)
            return fun(*again.args, **again.kwargs)

        return func.grad(of_dict)(dict(bound.arguments))

    return gradients


def elementwise_grad(fun, argnum=0):
    """The derivative of each element of the result by the element of the argument at its place.

    It is the gradient of the sum of the result, for functions that work element by element.

    Parameters
    ----------
    fun : callable
        Returns a real Tensor.
    argnum : int or tuple of int, optional

    Returns
    -------
    callable
        Of the same arguments.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.elementwise_grad(tl.square)(tl.asarray([1.0, 2.0]))
    tensor([2., 4.])
    """

    @functools.wraps(fun)
    def total(*args, **kwargs):
        return asarray(fun(*args, **kwargs)).sum()

    return func.grad(total, argnum)


egrad = elementwise_grad


def deriv(fun, argnum=0):
    """The derivative of a function of a number, by forward mode.

    Parameters
    ----------
    fun : callable
    argnum : int, optional

    Returns
    -------
    callable
        Of the same arguments.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.deriv(lambda t: tl.stack([t, t * t]))(3.0)
    tensor([1., 6.])
    """

    @functools.wraps(fun)
    def derivative(*args, **kwargs):
        of_chosen, (x,) = func._reverse.as_function("deriv", fun, argnum, args, kwargs)
        return func.jvp(of_chosen, (x,), (ones_like(x),))[1]

    return derivative


def holomorphic_grad(fun, argnum=0):
    """The complex derivative of a holomorphic function.

    Parameters
    ----------
    fun : callable
        Returns a complex Tensor of one element.
    argnum : int, optional

    Returns
    -------
    callable
        Of the same arguments.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.holomorphic_grad(lambda z: 1j * z * z)(1 + 1j)
    tensor(-2.+2.j)
    """

    @functools.wraps(fun)
    def real_part(*args, **kwargs):
        return fun(*args, **kwargs).real

    # Gradients are the conjugates of derivatives.
    gradient = func.grad(real_part, argnum)
    return functools.wraps(fun)(lambda *args, **kwargs: conjugate(gradient(*args, **kwargs)))


def jacobian(fun, argnum=0):
    """The derivatives of all elements of the result.

    Parameters
    ----------
    fun : callable
    argnum : int or tuple of int, optional

    Returns
    -------
    callable
        Of the same arguments. It returns a Tensor of the result's shape followed by the argument's.

    See Also
    --------
    tensorlib.autograd.functional.jacobian : PyTorch's, which takes the arguments at once.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.jacobian(tl.square)(tl.asarray([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    return func.jacrev(fun, argnum)


def hessian(fun, argnum=0):
    """The second derivatives of a function.

    Parameters
    ----------
    fun : callable
    argnum : int or tuple of int, optional

    Returns
    -------
    callable
        Of the same arguments.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.hessian(lambda x: (x**3).sum())(tl.asarray([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return func.hessian(fun, argnum)


def make_vjp(fun, argnum=0):
    """The value of a function with the function that takes gradients back.

    Parameters
    ----------
    fun : callable
    argnum : int or tuple of int, optional

    Returns
    -------
    callable
        Of the same arguments. It returns ``(vjp, value)``, and ``vjp(g)`` the gradient.

    Examples
    --------
    >>> import tensorlib as tl
    >>> vjp, value = tl.autograd.make_vjp(tl.square)(3.0)
    >>> print(value, vjp(1.0))
    9.0 6.0
    """

    @functools.wraps(fun)
    def made(*args, **kwargs):
        of_chosen, chosen = func._reverse.as_function("make_vjp", fun, argnum, args, kwargs)
        value, pull = func.vjp(of_chosen, *chosen)

        def vjp(g):
            leaves, rebuild = func._trees.flatten(g)
            return func._reverse.one_of(argnum, pull(rebuild(list(map(asarray, leaves)))))

        return vjp, value

    return made


def make_jvp(fun, argnum=0):
    """The value of a function and its derivative along a direction.

    Parameters
    ----------
    fun : callable
    argnum : int or tuple of int, optional

    Returns
    -------
    callable
        Of the same arguments. It returns a function of the direction, for several arguments a
        tuple, which gives ``(value, derivative)``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.make_jvp(tl.square)(3.0)(1.0)
    (tensor(9.), tensor(6.))
    """

    @functools.wraps(fun)
    def made(*args, **kwargs):
        of_chosen, chosen = func._reverse.as_function("make_jvp", fun, argnum, args, kwargs)
        one = isinstance(argnum, int)
        return lambda v: func.jvp(of_chosen, chosen, (v,) if one else tuple(v))

    return made


def make_hvp(fun, argnum=0):
    """The gradient of a function with the function that multiplies by its Hessian.

    Parameters
    ----------
    fun : callable
    argnum : int, optional

    Returns
    -------
    callable
        Of the same arguments. It returns ``(hvp, gradient)``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> hvp, gradient = tl.autograd.make_hvp(lambda x: (x**3).sum())(tl.asarray([1.0, 2.0]))
    >>> print(gradient, hvp(tl.ones(2)))
    [ 3. 12.] [ 6. 12.]
    """
    return make_vjp(func.grad(fun, argnum), argnum)


def make_ggnvp(f, g=lambda x: 0.5 * (x * x).sum(), f_argnum=0):
    """Products with the generalized Gauss-Newton matrix of a composition g(f(x)).

    That is ``J.T @ H @ J`` with the Jacobian of `f` and the Hessian of `g` (Schraudolph 2002,
    "Fast curvature matrix-vector products for second-order gradient descent").

    Parameters
    ----------
    f : callable
    g : callable, optional
        Of the result of `f`; half its squared length by default.
    f_argnum : int, optional

    Returns
    -------
    callable
        Of the arguments of `f`. It returns the function that multiplies by the matrix.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.make_ggnvp(tl.square)(tl.asarray([1.0, 2.0]))(tl.ones(2))
    tensor([ 4., 16.])
    """

    @functools.wraps(f)
    def made(*args, **kwargs):
        pull, value = make_vjp(f, f_argnum)(*args, **kwargs)
        hvp, _ = make_hvp(g)(value)
        push = make_jvp(f, f_argnum)(*args, **kwargs)
        return lambda v: pull(hvp(push(v)[1]))

    return made


def hessian_tensor_product(fun, argnum=0):
    """A function that multiplies the Hessian of a function by a tensor.

    Parameters
    ----------
    fun : callable
        Returns a real Tensor of one element.
    argnum : int, optional

    Returns
    -------
    callable
        Of the same arguments, and of the tensor behind them, which has the argument's shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> product = tl.autograd.hessian_tensor_product(lambda x: (x**3).sum())
    >>> product(tl.asarray([1.0, 2.0]), tl.ones(2))
    tensor([ 6., 12.])
    """
    gradient = func.grad(fun, argnum)

    @functools.wraps(fun)
    def product(*args, **kwargs):
        *args, vector = args
        of_chosen, chosen = func._reverse.as_function(
            "hessian_tensor_product", gradient, argnum, args, kwargs
        )
        return func.jvp(of_chosen, chosen, (vector,))[1]

    return product


hessian_vector_product = hessian_tensor_product


def tensor_jacobian_product(fun, argnum=0):
    """A function that multiplies a tensor by the Jacobian of a function.

    Parameters
    ----------
    fun : callable
    argnum : int, optional

    Returns
    -------
    callable
        Of the same arguments, and of the tensor behind them. It is summed over all its axes, which
        are the first ones of the function's result.

    Examples
    --------
    >>> import tensorlib as tl
    >>> product = tl.autograd.tensor_jacobian_product(tl.square)
    >>> product(tl.asarray([1.0, 2.0]), tl.asarray([1.0, 10.0]))
    tensor([ 2., 40.])
    """

    @functools.wraps(fun)
    def product(*args, **kwargs):
        *args, vector = args
        vector = asarray(vector)

        def contracted(*args, **kwargs):
            return tensordot(vector, fun(*args, **kwargs), vector.ndim)

        return func.jacrev(contracted, argnum)(*args, **kwargs)

    return product


vector_jacobian_product = tensor_jacobian_product


def checkpoint(fun):
    """The function as one whose ops keep nothing for their gradients: it is called again for them.

    Parameters
    ----------
    fun : callable

    Returns
    -------
    callable
        See `tensorlib.utils.checkpoint.checkpoint`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.grad(tl.autograd.checkpoint(lambda x: tl.exp(tl.sin(x))))(0.0)
    tensor(1.)
    """

    @functools.wraps(fun)
    def wrapper(*args, **kwargs):
        return utils.checkpoint.checkpoint(fun, *args, **kwargs)

    return wrapper
