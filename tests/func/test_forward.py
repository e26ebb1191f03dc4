"""Forward derivatives: of every op against differences, through writes, and what is refused."""

import numpy as np
import pytest
from func_cases import COMPLEX, DIFFERENTIABLE, Case, close, differences, leaves

import tensorlib as tl
from tensorlib.func import grad, hessian, hvp, jacfwd, jacrev, jvp, linearize, vjp, vmap

RNG = np.random.default_rng
MODES = [(name, False) for name in DIFFERENTIABLE] + [(name, True) for name in COMPLEX]
modes = pytest.mark.parametrize(("name", "is_complex"), MODES)


@modes
def test_against_differences(name, is_complex):
    case = Case(name, is_complex, 1)
    xs, ts = case.examples[0], case.directions[0]
    output, tangent = jvp(case, xs, ts)
    close(output, case(*xs), rtol=1e-14)
    close(tangent, differences(case, xs, ts), rtol=1e-6, atol=1e-6)


@modes
def test_one_input_alone(name, is_complex):
    case = Case(name, is_complex, 1)
    xs, ts = case.examples[0], case.directions[0]
    for i in range(len(xs) if len(xs) > 1 else 0):

        def function(x, i=i):
            return case(*xs[:i], x, *xs[i + 1 :])

        _, tangent = jvp(function, xs[i : i + 1], ts[i : i + 1])
        close(tangent, differences(function, xs[i : i + 1], ts[i : i + 1]), 1e-6, 1e-6)


@modes
def test_second_order(name, is_complex):
    case = Case(name, is_complex, 1)
    xs, ts = case.examples[0], case.directions[0]
    numbers = tuple(range(len(xs)))
    gradient = grad(case.scalar, numbers)
    expected = differences(gradient, xs, ts, 1e-5)
    forward_of_reverse = jvp(gradient, xs, ts)[1]
    close(forward_of_reverse, expected, 1e-5, 2e-5)
    reverse_of_forward = grad(lambda *a: jvp(case.scalar, a, ts)[1], numbers)(*xs)
    close(reverse_of_forward, forward_of_reverse, 1e-7, 1e-7)
    twice = jvp(lambda *a: jvp(case.scalar, a, ts)[1], xs, ts)[1]
    inner = sum((g * tl.conj(t)).real.sum() for g, t in zip(forward_of_reverse, ts, strict=True))
    close(twice, inner, 1e-7, 1e-7)


SPECIAL = ["gammaln", "digamma", "erfc", "expit", "j0", "jv", "iv", "kv", "gammainc", "ndtr"]
SPECIAL += ["betainc", "zeta", "ellipk", "xlogy", "log_ndtr"]


@pytest.mark.parametrize("name", SPECIAL)
def test_special_functions(name):
    function = getattr(tl.special, name)
    rng = RNG(0)
    count = {"jv": 2, "iv": 2, "kv": 2, "gammainc": 2, "betainc": 3, "zeta": 2, "xlogy": 2}
    first = [tl.asarray(rng.uniform(0.5, 2.0, 4)) for _ in range(count.get(name, 1) - 1)]
    x = tl.asarray(rng.uniform(0.3, 0.8, 4))
    if name == "zeta":
        first, x = [tl.asarray(rng.uniform(1.5, 3.0, 4))], x + 1
    t = tl.asarray(rng.standard_normal(4))
    _, tangent = jvp(lambda x: function(*first, x), (x,), (t,))
    close(tangent, differences(lambda x: function(*first, x), (x,), (t,)), 1e-6, 1e-6)


# writes


def set_parts(x):
    y = tl.zeros(x.shape)
    y[0] = x[0] ** 2
    y[1:] = x[1:] * x[:1]
    return y


def set_strided(x):
    y = tl.zeros(x.shape)
    y[:, ::2] = x[:, ::2] * 3
    y[:, 1] = x.sum(axis=1)
    return y


def set_ellipsis(x):
    y = x * 2
    y[..., 1] = x[..., 0] * y[..., 2]
    return y


def augmented(x):
    y = x * 1
    y += x
    y *= x
    y[1] -= x[0]
    y /= 3.0
    y **= 2
    return y


def given_out(x):
    y = tl.zeros(x.shape)
    tl.exp(x, out=y)
    tl.multiply(y, x, out=y)
    return y


def reduced_out(x):
    y = tl.zeros(x.shape[1])
    tl.sum(x * x, axis=0, out=y)
    return y


def cast_out(x):
    y = tl.zeros(x.shape, dtype=complex)
    tl.sin(x, out=y)
    return y


def of_two_views(x):
    y = x * 0  # not of zeros(), whose views are not known
    v = y[1:]
    w = v[:, :2]
    v += x[1:]
    w *= x[1:, :2]
    y[0] = w[0, 0]
    return y


def older_view(x):
    y = x * 1
    v = y.reshape(-1)
    y[0] = x[1] * x[2]
    v[3] = v[0] * v[1]
    return v * y.reshape(-1)


def transposed_view(x):
    y = x * 1
    y.T[1] = x[:, 0] ** 2
    return y


def complex_parts(x):
    z = x * 0j
    z.real[...] = x**2
    z.imag[1] = x[0]
    return z


def places(x):
    y = x * 1
    y[tl.asarray([0, 2]), tl.asarray([1, 0])] = x[1, :2]
    y[[0, 0]] += x[1]
    return y


def under_mask(x):
    y = x * 1
    y[tl.asarray([True, False, True])] = x[1] * 2
    return y


def constant_written(x):
    y = x * 2
    y[0] = 5.0
    y[1] = tl.ones(x.shape[1])
    return y


def filled(x):
    y = x * 2
    y[1].fill(3.0)
    y[2] = 0
    return y * x


def recurrence(x):
    y = tl.zeros(x.shape[0])
    y[0] = x[0, 0]
    for i in range(1, x.shape[0]):
        y[i] = y[i - 1] * x[i, 0] + x[i, 1]
    return y


def copied(x):
    y = tl.zeros(x.shape)
    tl.copyto(y, x)
    z = y.copy()
    y[0] = z[1] * z[0]
    return y, z


def sorted_in_place(x):
    y = x * 1
    y.sort(axis=0)
    return y


def diagonal_filled(x):
    y = x * x
    tl.fill_diagonal(y, x[0])
    return y


def put_along(x):
    y = x * 1
    tl.put_along_axis(y, tl.asarray([[0], [2], [1]]), x[:, :1] ** 2, axis=1)
    return y


WRITES = [set_parts, set_strided, set_ellipsis, augmented, given_out, reduced_out, cast_out]
WRITES += [of_two_views, older_view, transposed_view, complex_parts, places, under_mask]
WRITES += [constant_written, filled, recurrence, copied, sorted_in_place, diagonal_filled]
WRITES += [put_along]
writes = pytest.mark.parametrize("function", WRITES, ids=lambda f: f.__name__)


@pytest.mark.parametrize("layout", ["C", "F"])
@writes
def test_writes(function, layout):
    x = tl.asarray(np.asarray(RNG(1).uniform(0.5, 2, (3, 3)), order=layout))
    t = tl.asarray(RNG(2).standard_normal((3, 3)))
    output, tangent = jvp(function, (x,), (t,))
    close(output, function(x), rtol=1e-14)
    close(tangent, differences(function, (x,), (t,)), 1e-6, 1e-6)


# The tape refuses these: the gradient needs what they write over.
OVERWRITTEN = [set_ellipsis, augmented, given_out]


@pytest.mark.parametrize(
    "function", [f for f in WRITES if f not in OVERWRITTEN], ids=lambda f: f.__name__
)
def test_second_derivatives_of_writes(function):
    x, t = tl.asarray(RNG(1).uniform(0.5, 2, (3, 3))), tl.asarray(RNG(2).standard_normal((3, 3)))

    def scalar(x):
        return sum((y * tl.conj(y)).real.sum() for y in leaves(function(x)))

    expected = differences(grad(scalar), (x,), (t,), 1e-5)
    close(jvp(grad(scalar), (x,), (t,))[1], expected, 1e-5, 1e-5)
    close(grad(lambda x: jvp(scalar, (x,), (t,))[1])(x), expected, 1e-5, 1e-5)


def test_a_write_into_the_argument():
    def function(x):
        x *= 2
        x[0] = x[1] ** 2
        return x

    x = tl.asarray([1.0, 3.0])
    output, tangent = jvp(function, (x,), (tl.asarray([1.0, 10.0]),))
    close([output, tangent], [np.array([36.0, 6.0]), np.array([240.0, 20.0])])


def test_a_tensor_from_outside_keeps_the_value_that_was_written():
    y = tl.zeros(2)

    def function(x):
        y[0] = x
        return y.sum()

    output, tangent = jvp(function, (tl.asarray(3.0),), (tl.asarray(5.0),))
    close([output, tangent, y], [3.0, 5.0, np.array([3.0, 0.0])])


def test_a_view_from_before_cannot_get_a_tangent():
    y = tl.zeros(3)
    view = y[1:]
    with pytest.raises(RuntimeError, match=r"setitem: expected a tensor with memory of its own"):
        jvp(lambda x: view.__setitem__(0, x), (tl.asarray(3.0),), (tl.asarray(5.0),))
    assert y.tolist() == [0, 0, 0]


# the functions themselves


def test_trees_and_aux():
    def function(a, rest):
        return {"sum": a + rest["b"], "pair": (a * rest["c"][0],)}, "note"

    one = tl.asarray(1.0)
    primals = tl.asarray(2.0), {"b": tl.asarray(3.0), "c": [tl.asarray(4.0)]}
    output, tangent, aux = jvp(function, primals, (one, {"b": one, "c": [one]}), has_aux=True)
    assert (output["sum"].item(), output["pair"][0].item(), aux) == (5, 8, "note")
    assert (tangent["sum"].item(), tangent["pair"][0].item()) == (2, 6)


def test_constant_outputs_have_zero_tangents():
    x = tl.asarray([1.0, 2.0])
    output, tangent = jvp(lambda x: (tl.ones(3), tl.floor(x), x > 1), (x,), (x,))
    close(tangent, [np.zeros(3), np.zeros(2), np.zeros(2, bool)])
    with pytest.raises(RuntimeError, match="depend on the arguments, got one .* at position 1"):
        jvp(lambda x: (x, tl.ones(3)), (x,), (x,), strict=True)


def test_no_grad_and_detach_stop_tangents():
    x = tl.asarray(3.0)

    def stopped(x):
        with tl.no_grad():
            y = x * x
        return x * y + x.detach()

    close(jvp(stopped, (x,), (tl.asarray(1.0),)), [30.0, 9.0])


def test_two_levels_are_told_apart():
    # d/dx (x * d/dy (x + y)), where a confusion of the two would give 2
    one = tl.asarray(1.0)

    def outer(x):
        return x * jvp(lambda y: x + y, (tl.asarray(5.0),), (one,))[1]

    close(jvp(outer, (tl.asarray(4.0),), (one,)), [4.0, 1.0])
    close(grad(outer)(tl.asarray(4.0)), 1.0)

    def reverse(x):
        return x * grad(lambda y: x * y)(tl.asarray(5.0))

    close(jvp(reverse, (tl.asarray(4.0),), (one,)), [16.0, 8.0])


def test_gradients_inside_of_a_constant():
    # What an inner derivative is taken by has no tangent itself.
    x, c = tl.asarray([3.0, 4.0]), tl.asarray([1.0, 2.0])
    found = jvp(lambda x: grad(lambda y: (tl.exp(y) * y * x).sum())(c), (x,), (x,))
    slope = np.exp([1.0, 2.0]) * [2.0, 3.0]
    close(found, [slope * [3.0, 4.0]] * 2)


def test_parameters_that_the_outer_tape_follows():
    weight = tl.asarray([1.0, 2.0]).requires_grad_()
    x = tl.asarray([3.0, 4.0])
    _, tangent = jvp(lambda x: (tl.exp(weight * x)).sum(), (x,), (x,))
    tangent.backward()
    w, v = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    close(weight.grad, np.exp(w * v) * (v + w * v * v))


def test_jacobians_and_hessians():
    x = tl.asarray([[0.5, 1.5], [2.0, 1.0]])

    def function(x):
        return tl.sin(x) @ x[0], {"a": x.sum() ** 2}

    for jacobian in (jacfwd(function)(x), jacrev(function)(x)):
        for i, found in enumerate((jacobian[0], jacobian[1]["a"])):
            expected = [
                differences(lambda x, i=i: leaves(list_of(function(x)))[i],
                            (x,), (tl.asarray(np.eye(4)[k].reshape(2, 2)),))[0]
                for k in range(4)
            ]  # fmt: skip
            close(found, np.moveaxis(np.array(expected), 0, -1).reshape(found.shape), 1e-6, 1e-6)

    def scalar(x):
        return (x**3).sum() + x[0, 0] * x[1, 1]

    expected = np.zeros((2, 2, 2, 2))
    for i, j in np.ndindex(2, 2):
        expected[i, j, i, j] = 6 * x[i, j].item()
    expected[0, 0, 1, 1] = expected[1, 1, 0, 0] = 1
    close(hessian(scalar)(x), expected)
    close(jacrev(jacrev(scalar))(x), expected)
    close(jacfwd(jacfwd(scalar))(x), expected)
    close(jacrev(jacfwd(scalar))(x), expected)
    t = tl.asarray(RNG(0).standard_normal((2, 2)))
    close(hvp(scalar, (x,), (t,)), np.einsum("ijkl,kl->ij", expected, t))


def list_of(result):
    return [result[0], result[1]["a"]]


def test_linearize():
    x = tl.asarray([1.0, 2.0])
    calls = []

    def function(x, y):
        calls.append(1)
        return tl.exp(x) * y

    output, derivative = linearize(function, x, x)
    close(output, np.exp([1, 2]) * [1, 2])
    for t in ([1.0, 0.0], [0.5, 2.0]):
        t = tl.asarray(t)
        close(derivative(t, t), np.exp([1, 2]) * ([1, 2] * t.numpy() + t.numpy()))
    slopes = np.diag(np.exp([1, 2]) * [1, 2])
    close(vmap(lambda t: derivative(t, x * 0))(tl.eye(2)), slopes)
    close(jacrev(lambda t: derivative(t, x))(t).detach(), slopes)
    assert len(calls) == 1  # after it only the graph is walked
    with pytest.raises(ValueError, match=r"linearize: expected tangents of the primals' shapes"):
        derivative(tl.ones(3), t)


def test_dicts_are_matched_by_their_keys():
    x, y = tl.asarray(2.0), tl.asarray(3.0)
    one, zero = tl.asarray(1.0), tl.asarray(0.0)

    def function(d):
        return {"p": d["a"] * d["b"], "q": d["b"]}

    primals = ({"a": x, "b": y},)
    assert jvp(function, primals, ({"b": zero, "a": one},))[1]["p"].item() == 3
    assert linearize(function, *primals)[1]({"b": zero, "a": one})["p"].item() == 3
    (found,) = vjp(function, *primals)[1]({"q": zero, "p": one})
    assert (found["a"].item(), found["b"].item()) == (3, 2)
    with pytest.raises(TypeError, match=r"jvp: .* a dict of \['a', 'b'\], got a dict of \['a'\]"):
        jvp(function, primals, ({"a": one},))
    with pytest.raises(TypeError, match=r"vjp: expected gradients .* \['p', 'q'\], got Tensor"):
        vjp(function, *primals)[1](one)


def test_aux_of_jacobians_need_not_be_a_tensor():
    x = tl.asarray([1.0, 2.0])
    for jacobian in (jacfwd, jacrev):
        found, aux = jacobian(lambda x: (x * x, {"sum": x.sum(), "note": "n"}), has_aux=True)(x)
        close([found, aux["sum"]], [np.diag([2.0, 4.0]), 3.0])
        assert aux["note"] == "n"


def test_a_failed_function_leaves_tensors_from_outside_usable():
    y = tl.zeros(2)

    def fails(x):
        y[0] = x
        raise KeyError

    with pytest.raises(KeyError):
        jvp(fails, (tl.asarray(3.0),), (tl.asarray(5.0),))
    assert (y + 1).tolist() == [4, 1]


def test_lists_of_dual_numbers():
    def function(x):
        return tl.asarray([x[0], 1.0, x[1] * x[0]]) + tl.abs([x[0], x[1], x[0]])

    x, t = tl.asarray([1.0, 2.0]), tl.asarray([3.0, 4.0])
    close(jvp(function, (x,), (t,)), [np.array([2.0, 3.0, 3.0]), np.array([6.0, 4.0, 13.0])])


def test_errors():
    x = tl.ones(2)
    with pytest.raises(TypeError, match="jvp: expected tuples of primals and tangents, got Tensor"):
        jvp(tl.sin, x, (x,))
    with pytest.raises(ValueError, match=r"tangents of the primals' shapes, got \(3,\) for \(2,\)"):
        jvp(tl.sin, (x,), (tl.ones(3),))
    with pytest.raises(TypeError, match="the structure of the primals, here a sequence of 1, got"):
        jvp(tl.sin, (x,), (x, x))
    with pytest.raises(TypeError, match="floating-point or complex primals, got int64"):
        jvp(tl.sin, (tl.asarray([1, 2]),), (x,))
    with pytest.raises(TypeError, match="the primals' dtypes, got complex128 for float64"):
        jvp(tl.sin, (x,), (x * 1j,))
    with pytest.raises(RuntimeError, match="grad: expected one real output of .*, got none"):
        grad(lambda x: ())(x)
    with pytest.raises(TypeError, match="expected Tensors from the function, got str"):
        jvp(lambda x: "no", (x,), (x,))
    with pytest.raises(TypeError, match=r"expected a pair \(output, aux\)"):
        jvp(tl.sin, (x,), (x,), has_aux=True)
    with pytest.raises(TypeError, match="a tensor with a forward derivative would lose it"):
        jvp(lambda x: tl.asarray(np.asarray(x)), (x,), (x,))
    assert jvp(lambda x: x * x.sum().item(), (x,), (x,))[1].tolist() == [2, 2]  # a value is read
