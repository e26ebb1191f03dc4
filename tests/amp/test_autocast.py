"""autocast: what is computed in which dtype, alone and together with the tape and transforms."""

import gc
import itertools
import threading

import numpy as np
import pytest
from recorders import Seen

import tensorlib as tl
from tensorlib import func, nn
from tensorlib._core import ops as table
from tensorlib._core._dispatch import apply, ops
from tensorlib.amp import _lists
from tensorlib.nn import functional as F

KINDS = ("ELEMENTWISE", "PRODUCTS", "REDUCTIONS", "ACCUMULATIONS", "VIEWS", "STRUCTURED")
ROWS = {row[0] for kind in KINDS for row in getattr(table, kind)}
LISTS = [_lists.LOWER, _lists.FLOAT32, _lists.WIDEST, _lists.UNCHANGED]
HALVES = ["bfloat16", "float16"]
halves = pytest.mark.parametrize("half", HALVES)
# The distance of neighbouring numbers at one.
SPACING = {"bfloat16": 2.0**-7, "float16": 2.0**-10}


def normal(*shape, dtype="float32", seed=0):
    return tl.asarray(np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


def weights(*shape, dtype="float32", seed=0):
    return normal(*shape, dtype=dtype, seed=seed).requires_grad_()


# The lists


def test_every_op_is_in_one_list():
    assert set().union(*LISTS) == ROWS
    for one, other in itertools.combinations(LISTS, 2):
        assert not one & other


def test_ops_of_several_numbers_promote_them_to_the_widest():
    """What the list says of NumPy's promotion is so."""
    elementwise = {row[0] for row in table.ELEMENTWISE}
    for name in sorted(_lists.WIDEST & elementwise):
        op = getattr(ops, name)
        if len(op.inputs) == 3:
            continue
        low, single = normal(4, dtype="bfloat16") + 3, normal(4) + 3
        with tl.amp.autocast():
            first, second = apply(op, (single, single)), apply(op, (low, single))
        first = first if isinstance(first, tuple) else (first,)
        second = second if isinstance(second, tuple) else (second,)
        assert [x.dtype for x in first] == [x.dtype for x in second], name


PRODUCTS = {
    "matmul": lambda a: a @ a,
    "matvec": lambda a: tl.matvec(a, a[0]),
    "vecmat": lambda a: tl.vecmat(a[0], a),
    "vecdot": lambda a: tl.vecdot(a, a),
    "linear": lambda a: F.linear(a, a, a[0]),
    "bilinear": lambda a: F.bilinear(a, a, a[None].repeat(2, 0), a[0, :2]),
    "conv1d": lambda a: F.conv1d(a[None], a[..., None], a[0]),
    "conv_transpose1d": lambda a: F.conv_transpose1d(a[None], a[..., None], a[0]),
    "attention": lambda a: F.scaled_dot_product_attention(a, a, a),
    "masked attention": lambda a: F.scaled_dot_product_attention(a, a, a, a),
    "einsum": lambda a: tl.einsum("ij,kj->ik", a, a),
}


@halves
@pytest.mark.parametrize("name", PRODUCTS)
def test_products_are_computed_in_the_lower_dtype(name, half):
    function, a = PRODUCTS[name], normal(4, 4)
    expected = function(a)
    with Seen() as seen, tl.amp.autocast(dtype=half):
        result = function(a)
    assert str(result.dtype) == half
    assert all(dtypes == {half} for op, dtypes in seen.calls if op in _lists.LOWER)
    assert any(op in _lists.LOWER for op, _ in seen.calls)
    # Two roundings of operands, one of the result, and of sums of four terms.
    np.testing.assert_allclose(result.astype("float32"), expected, 0, 8 * SPACING[half])


PRECISE = {
    "exp": tl.exp,
    "expm1": tl.expm1,
    "log": lambda a: tl.log(abs(a)),
    "power": lambda a: a**3,
    "square": tl.square,
    "sum": tl.sum,
    "prod": tl.prod,
    "cumsum": lambda a: tl.cumsum(a, 1),
    "softmax": lambda a: F.softmax(a, -1),
    "log_softmax": lambda a: F.log_softmax(a, -1),
    "layer_norm": lambda a: F.layer_norm(a, (4,)),
    "group_norm": lambda a: F.group_norm(a, 2),
    "rms_norm": lambda a: F.rms_norm(a, (4,), eps=1e-5),
    "softplus": F.softplus,
    "norm": tl.linalg.norm,
    "inv": tl.linalg.inv,
    "svdvals": tl.linalg.svdvals,
    "rfft": lambda a: tl.fft.rfft(a),
    "cosine_similarity": lambda a: F.cosine_similarity(a, a[::-1]),
    "cdist": lambda a: F.cdist(a, a[:2]),
}


@halves
@pytest.mark.parametrize("name", PRECISE)
def test_what_needs_digits_or_range_is_computed_in_float32(name, half):
    function, a = PRECISE[name], normal(4, 4, dtype=half)
    with Seen() as seen, tl.amp.autocast(dtype=half):
        result = function(a)
    with Seen() as seen_single:
        wanted = function(a.astype("float32"))
    assert result.dtype == wanted.dtype
    np.testing.assert_allclose(result, wanted, 2e-5, 1e-5)

    def precise(calls):
        """Those that do not widen inside."""
        names = _lists.FLOAT32 - {"sum", "prod", "cumsum"}
        return [(op, dtypes) for op, dtypes in calls if op in names]

    assert precise(seen.calls) == precise(seen_single.calls)


@halves
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", ["BatchNorm1d", "InstanceNorm1d"])
def test_batch_norm_computes_in_float32_and_keeps_its_inputs_dtype(name, training, half):
    """As PyTorch's does."""
    layer, exact = (
        getattr(nn, name)(4, affine=True, track_running_stats=True).train(training) for _ in "ab"
    )
    a = normal(5, 4, 6, dtype=half)
    with Seen() as seen, tl.amp.autocast(dtype=half):
        result = layer(a)
    wanted = exact(a.astype("float32"))
    assert str(result.dtype) == half
    np.testing.assert_allclose(
        result.detach().astype("float32"), wanted.detach(), SPACING[half], SPACING[half] / 8
    )
    for op, dtypes in seen.calls:
        assert op != "normalize" or dtypes == {"float32"}
    for mine, other in zip(layer.buffers(), exact.buffers(), strict=True):
        np.testing.assert_array_equal(mine, other)  # statistics are as in float32


KEEPING = {
    "elu": lambda a: F.elu(a, 0.7),
    "selu": F.selu,
    "celu": lambda a: F.celu(a, 0.7),
    "lp_pool1d": lambda a: F.lp_pool1d(a, 3, 2),
    "lp_pool2d": lambda a: F.lp_pool2d(a, 2, 2),
}


@halves
@pytest.mark.parametrize("name", KEEPING)
def test_exponentials_and_powers_within_a_function_leave_it_in_the_inputs_dtype(name, half):
    """As PyTorch's do."""
    function, a = KEEPING[name], normal(2, 6, 8, dtype=half)
    with tl.amp.autocast(dtype=half):
        result = function(a)
    assert str(result.dtype) == half
    wanted = function(a.astype("float32"))
    np.testing.assert_allclose(result.astype("float32"), wanted, SPACING[half], SPACING[half] / 8)


@halves
@pytest.mark.parametrize("state", ["float32", "lower", None])
@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_recurrent_layers_answer_in_the_lower_dtype(name, state, half):
    layer, x = getattr(nn, name)(3, 4, bidirectional=True), normal(5, 2, 3)
    hx = []
    if state is not None:
        h = normal(2, 2, 4, dtype=half if state == "lower" else state, seed=1)
        hx = [(h, h) if name == "LSTM" else h]
    with tl.amp.autocast(dtype=half):
        output, last = layer(x, *hx)
    wanted, _ = layer(x, *hx)
    tensors = [output, *(last if name == "LSTM" else [last])]
    assert [str(x.dtype) for x in tensors] == [half] * len(tensors)
    difference = abs(output.detach().astype("float32") - wanted.detach())
    assert difference.max() < 4 * SPACING[half]
    output.astype("float32").sum().backward()
    assert all(p.grad.dtype == "float32" for p in layer.parameters())


def test_sums_are_exact_beyond_the_lower_dtype():
    ones = tl.ones(70_000, dtype="float16")
    with tl.amp.autocast(dtype="float16"):
        assert ones.sum().item() == 70_000
        assert tl.cumsum(ones)[-1].item() == 70_000


@pytest.mark.parametrize("function", [tl.sum, tl.prod, tl.cumsum])
def test_sums_in_integers_stay_integers(function):
    a = tl.asarray([1.5, 2.5], dtype="float16")
    with tl.amp.autocast(dtype="float16"):
        result = function(a, dtype="int16")
    expected = function(a, dtype="int16")
    assert result.dtype == expected.dtype == "int16"
    np.testing.assert_array_equal(result, expected)


LOSSES = {
    "mse_loss": lambda a, b: F.mse_loss(a, b),
    "l1_loss": lambda a, b: F.l1_loss(a, b),
    "smooth_l1_loss": lambda a, b: F.smooth_l1_loss(a, target=b),
    "huber_loss": lambda a, b: F.huber_loss(a, b),
    "kl_div": lambda a, b: F.kl_div(F.log_softmax(a, -1), F.softmax(b, -1), "batchmean"),
    "bce_with_logits": lambda a, b: F.binary_cross_entropy_with_logits(a, F.sigmoid(b)),
    "cross_entropy": lambda a, b: F.cross_entropy(a, tl.asarray([0, 1, 2, 3])),
    "poisson_nll_loss": lambda a, b: F.poisson_nll_loss(a, b),
    "soft_margin_loss": lambda a, b: F.soft_margin_loss(a, tl.sign(b)),
    "cosine_embedding_loss": lambda a, b: F.cosine_embedding_loss(a, b, tl.ones(4)),
    "triplet_margin_loss": lambda a, b: F.triplet_margin_loss(a, b, b[::-1]),
}


@halves
@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_computed_in_float32(name, half):
    function = LOSSES[name]
    a, b = normal(4, 4, dtype=half), normal(4, 4, dtype=half, seed=1)
    with tl.amp.autocast(dtype=half):
        result = function(a, b)
    wanted = function(a.astype("float32"), b.astype("float32"))
    assert result.dtype == wanted.dtype
    assert result.dtype.itemsize >= 4
    # The sigmoid that makes the target of one is rounded to the lower dtype.
    tolerance = SPACING[half] if name == "bce_with_logits" else 2e-6
    np.testing.assert_allclose(result, wanted, tolerance)


def test_gradients_are_clipped_by_their_exact_norm():
    found = []
    for enabled in (False, True):
        w = weights(100)
        w.grad = normal(100, seed=1)
        with tl.amp.autocast(enabled=enabled):
            found.append(nn.utils.clip_grad_norm_([w], 1.0).item())
    assert found[0] == found[1]


@pytest.mark.parametrize("dtype", ["float64", "complex64", "complex128", "int64"])
def test_other_dtypes_are_left_alone(dtype):
    a = (normal(3, 3) * 3).astype(dtype)
    with tl.amp.autocast():
        assert (a @ a).dtype == dtype
        assert tl.sum(a).dtype == dtype
        assert tl.exp(a).dtype == np.exp(np.ones(1, dtype)).dtype
        assert (a @ normal(3, 3)).dtype == np.result_type(dtype, "float32")


def test_mixed_operands_become_the_widest():
    low, single = normal(3, dtype="bfloat16"), normal(3)
    with tl.amp.autocast():
        assert (low + single).dtype == "float32"
        assert str((low + low).dtype) == "bfloat16"
        assert str((low * 2.5).dtype) == "bfloat16"  # numbers of Python are weak
        assert tl.concatenate([low, single]).dtype == "float32"
        assert tl.where(low > 0, low, single).dtype == "float32"
        assert F.conv1d(low[None, None], single[None, None], single[:1]).dtype == low.dtype
        mixed = F.scaled_dot_product_attention(low[None], single[None], single[None])
        assert mixed.dtype == low.dtype


def test_without_autocast_mixed_operands_are_refused_still():
    low, single = normal(3, dtype="bfloat16"), normal(3)
    with pytest.raises(TypeError, match="one floating or complex dtype"):
        F.conv1d(low[None, None], single[None, None])
    with pytest.raises(TypeError, match="one floating dtype"):
        F.scaled_dot_product_attention(low[None], single[None], single[None])


def test_results_go_into_given_tensors_in_their_dtype():
    a = normal(3, 3)
    out = tl.empty((3, 3), dtype="float32")
    with tl.amp.autocast():
        tl.matmul(a, a, out=out)
        a @= a
    assert out.dtype == a.dtype == "float32"
    np.testing.assert_array_equal(out, a)
    np.testing.assert_array_equal(out.astype("bfloat16").astype("float32"), out)


# Blocks


def test_blocks_nest_and_the_innermost_counts():
    a = normal(2, 2)
    dtypes = []
    with tl.amp.autocast():
        dtypes.append(a @ a)
        with tl.amp.autocast(enabled=False):
            dtypes.append(a @ a)
            assert not tl.amp.is_autocast_enabled()
            with tl.amp.autocast(dtype="float16"):
                dtypes.append(a @ a)
                assert str(tl.amp.get_autocast_dtype()) == "float16"
        dtypes.append(a @ a)
    dtypes.append(a @ a)
    wanted = ["bfloat16", "float32", "float16", "bfloat16", "float32"]
    assert [str(x.dtype) for x in dtypes] == wanted
    assert not tl.amp.is_autocast_enabled()


def test_an_inner_block_takes_the_dtype_of_the_outer_by_default():
    with tl.amp.autocast(dtype="float16"), tl.amp.autocast():
        assert str(tl.amp.get_autocast_dtype()) == "float16"


def test_an_exception_ends_the_block():
    with pytest.raises(ZeroDivisionError), tl.amp.autocast():
        raise ZeroDivisionError
    assert not tl.amp.is_autocast_enabled()
    assert (normal(2, 2) @ normal(2, 2)).dtype == "float32"


def test_as_decorator_also_of_recursive_functions_and_generators():
    a = normal(2, 2)

    @tl.amp.autocast(dtype="float16")
    def product(n):
        return product(n - 1) if n else a @ a

    @tl.amp.autocast()
    def products():
        yield a @ a
        yield a @ a

    assert str(product(3).dtype) == "float16"
    for x in products():
        assert str(x.dtype) == "bfloat16"
        assert not tl.amp.is_autocast_enabled()
    assert product.__name__ == "product"


def test_each_thread_has_its_own():
    shared, a, found = tl.amp.autocast(), weights(2, 2), {}
    inside, leave = threading.Barrier(3), threading.Barrier(3)

    def work(name, enter):
        if enter:
            with shared:
                inside.wait()
                found[name] = str((a @ a).dtype), tl.amp.is_autocast_enabled()
                leave.wait()
        else:
            inside.wait()
            found[name] = str((a @ a).dtype), tl.amp.is_autocast_enabled()
            leave.wait()

    threads = [threading.Thread(target=work, args=(n, n < 2)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    low = "bfloat16", True
    assert found == {0: low, 1: low, 2: ("float32", False)}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"device_type": "tpu"}, "autocast: expected a device out of .*, got 'tpu'"),
        ({"dtype": "float32"}, "autocast: expected dtype bfloat16 or float16, got float32"),
        ({"dtype": "int16"}, "autocast: expected dtype bfloat16 or float16, got int16"),
    ],
)
def test_errors(options, text):
    with pytest.raises(ValueError, match=text):
        tl.amp.autocast(**options)


# The casts of parameters


def test_parameters_are_cast_once_in_a_block():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    x = normal(2, 4, dtype="bfloat16")
    for cache_enabled, casts in ((True, 2), (False, 6)):
        with Seen() as seen, tl.amp.autocast(cache_enabled=cache_enabled):
            for _ in range(3):
                x @ model[0].weight.T  # noqa: B018
                with tl.amp.autocast(cache_enabled=cache_enabled):
                    x @ model[1].weight.T  # noqa: B018
        assert seen.count("astype") == casts


def test_a_changed_parameter_is_cast_anew():
    weight, x = weights(2, 2), normal(2, 2)
    with tl.amp.autocast():
        first = x @ weight
        with tl.no_grad():
            weight *= 2
        second = x @ weight
        with tl.no_grad():
            replaced = nn.Parameter(weight.detach() * 3)
        third = x @ replaced
    first, second, third = (y.detach().astype("float32") for y in (first, second, third))
    np.testing.assert_array_equal(second, 2 * first)
    np.testing.assert_allclose(third, 6 * first, 0.05, 0.05)


def test_casts_do_not_outlive_parameters_or_blocks():
    from tensorlib.amp import autocast_mode

    x = normal(64, 64)
    with tl.amp.autocast():
        for _ in range(5):
            x @ weights(64, 64)  # noqa: B018
        gc.collect()
        assert len(autocast_mode._here.casts) == 0
        kept = weights(64, 64)
        x @ kept  # noqa: B018
        assert len(autocast_mode._here.casts) == 1
    assert len(autocast_mode._here.casts) == 0


def test_a_cast_made_without_the_tape_serves_the_tape_too():
    weight, x = weights(3, 3), normal(3, 3)
    with tl.amp.autocast():
        with tl.no_grad():
            assert not (x @ weight).requires_grad
        y = x @ weight
    y.sum().backward()
    assert weight.grad is not None


def test_results_with_one_cast_are_differentiated_one_by_one():
    weight, x = weights(3, 3), normal(3, 3)
    with tl.amp.autocast():
        losses = [(x @ weight).sum() for _ in range(3)]
        losses[0].backward()  # inside of the block, too
    losses[1].backward()
    losses[2].backward()
    wanted = 3 * x.astype("bfloat16").astype("float32").sum(0)[:, None] * np.ones(3)
    np.testing.assert_allclose(weight.grad, wanted, SPACING["bfloat16"])


# The tape and transforms


@halves
def test_gradients_are_float32_as_the_parameters(half):
    model = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.LayerNorm(16), nn.Linear(16, 4))
    x = weights(5, 8)
    with tl.amp.autocast(dtype=half):
        y = model(x)
        loss = F.mse_loss(y, tl.zeros((5, 4), dtype="float32"))
    assert str(y.dtype) == half
    assert loss.dtype == "float32"
    loss.backward()
    found = [p.grad for p in (*model.parameters(), x)]
    assert all(g.dtype == "float32" for g in found)
    for p in (*model.parameters(), x):
        p.grad = None
    F.mse_loss(model(x), tl.zeros((5, 4), dtype="float32")).backward()
    for p, g in zip((*model.parameters(), x), found, strict=True):
        scale = max(1e-3, float(abs(p.grad).max()))
        np.testing.assert_allclose(g, p.grad, 0, 4 * SPACING[half] * scale)


def test_the_walk_is_not_cast():
    """Gradient rules compute in the dtypes of the results, also inside of the block."""
    a = tl.asarray(np.eye(3) * 1.1 + 0.01).astype("float32").requires_grad_()
    expected = tl.autograd.grad(tl.linalg.inv(a).sum(), [a])[0]
    with tl.amp.autocast():
        found = tl.autograd.grad(tl.linalg.inv(a).sum(), [a])[0]
    np.testing.assert_array_equal(found, expected)


def test_gradients_of_gradients():
    a, b = weights(3, 3), weights(3, 3, seed=1)
    with tl.amp.autocast():
        loss = tl.exp(a @ b).sum()
    (g,) = tl.autograd.grad(loss, [a], create_graph=True)
    g.sum().backward()
    low, (g2,) = b.grad, tl.autograd.grad(tl.exp(a @ b).sum(), [a], create_graph=True)
    b.grad = None
    g2.sum().backward()
    np.testing.assert_allclose(low, b.grad, 0, 0.05 * float(abs(b.grad).max()))


def test_with_no_grad_and_anomalies():
    a = weights(2, 2)
    with tl.amp.autocast(), tl.no_grad():
        y = a @ a
    assert str(y.dtype) == "bfloat16"
    assert not y.requires_grad
    with (
        pytest.raises(FloatingPointError, match="^log: "),
        tl.autograd.detect_anomaly(),
        tl.amp.autocast(),
        tl.errstate(invalid="ignore"),
    ):
        tl.log(-abs(a))
    with tl.amp.autocast(), tl.autograd.detect_anomaly():
        (a @ a).sum().backward()
    assert a.grad.dtype == "float32"


def lowered(x):
    """A function with products and with what is computed in float32."""
    w = normal(3, 3, seed=5)
    return tl.exp(F.tanh(x @ w)).sum()


def within(x):
    with tl.amp.autocast():
        return lowered(x)


@pytest.mark.parametrize("inner", [True, False])
def test_with_transforms_inside_and_outside(inner):
    function, x, v = within if inner else lowered, normal(4, 3), normal(4, 3, seed=1)
    exact = func.grad(lowered)(x)
    with tl.amp.autocast(enabled=not inner):
        assert str((normal(2, 2) @ normal(2, 2)).dtype) == ("float32" if inner else "bfloat16")
        gradient = func.grad(function)(x)
        value, tangent = func.jvp(function, (x,), (v,))
        batch = func.vmap(function)(x[:, None])
        gradients = func.vmap(func.grad(function))(x)
        second = func.jvp(func.grad(function), (x,), (v,))[1]
    scale = float(abs(exact).max())
    bound = 6 * SPACING["bfloat16"]
    assert gradient.dtype == value.dtype == tangent.dtype == batch.dtype == "float32"
    np.testing.assert_allclose(gradient, exact, 0, bound * scale)
    np.testing.assert_allclose(gradients, exact, 0, bound * scale)
    # What all ways compute is the same function: it was cast.
    assert not np.array_equal(gradient, exact)
    np.testing.assert_allclose(value, lowered(x), bound)
    np.testing.assert_allclose(batch.sum(), value, 1e-2)
    np.testing.assert_allclose(tangent, (exact * v).sum(), 0, bound * scale * x.size)
    expected = func.jvp(func.grad(lowered), (x,), (v,))[1]
    np.testing.assert_allclose(second, expected, 0, 2 * bound * float(abs(expected).max()))


TRANSFORMED = {
    "matmul": lambda x: x @ x.T,
    "attention": lambda x: F.scaled_dot_product_attention(x, x, x),
    "conv1d": lambda x: F.conv1d(x[None], x[..., None]),
    "gelu": lambda x: F.gelu(x @ x),
    "batch_norm": lambda x: F.batch_norm(x @ x, None, None, training=True),
    "softmax": lambda x: F.softmax(x @ x, -1),
    "max": lambda x: (x @ x).max(0),
    "mse_loss": lambda x: F.mse_loss(x @ x, x @ x.T),
}


@pytest.mark.parametrize("inner", [True, False])
@pytest.mark.parametrize("name", TRANSFORMED)
def test_forward_derivatives_of_results_of_16_bits(name, inner):
    function, x, v = TRANSFORMED[name], normal(4, 4), normal(4, 4, seed=1)

    def cast(x):
        with tl.amp.autocast(enabled=inner):
            return function(x)

    with tl.amp.autocast(enabled=not inner):
        value, tangent = func.jvp(cast, (x,), (v,))
        plain = cast(x)
    expected, exact = func.jvp(function, (x,), (v,))
    assert value.dtype == tangent.dtype == plain.dtype
    bound = 8 * SPACING["bfloat16"]
    scale = max(1.0, *(float(abs(y).max()) for y in (expected, exact)))
    np.testing.assert_allclose(value.astype("float32"), expected, 0, bound * scale)
    np.testing.assert_allclose(tangent.astype("float32"), exact, 0, bound * scale)


@pytest.mark.parametrize("name", TRANSFORMED)
def test_batches_of_results_of_16_bits(name):
    function, x = TRANSFORMED[name], normal(3, 4, 4)
    with tl.amp.autocast():
        batch = func.vmap(function)(x)
        single = [function(y) for y in x]
    for a, b in zip(batch, single, strict=True):
        assert a.dtype == b.dtype
        scale = max(1.0, float(abs(b).max()))
        np.testing.assert_allclose(
            a.astype("float32"), b.astype("float32"), 0, 2 * SPACING["bfloat16"] * scale
        )


class Cube(tl.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return 3 * x * x * gradient


def test_functions_in_a_block_inside_of_transforms():
    def cube(x):
        with tl.amp.autocast():
            return Cube.apply(x)

    x, ones = tl.asarray([1.0, 2.0]), tl.ones(2)
    np.testing.assert_array_equal(func.jvp(cube, (x,), (ones,))[1], [3, 12])
    np.testing.assert_array_equal(func.vmap(cube)(x), [1, 8])
    np.testing.assert_array_equal(func.vmap(func.grad(cube))(x), [3, 12])
    np.testing.assert_array_equal(func.jvp(func.vmap(cube), (x,), (ones,))[1], [3, 12])


def test_checkpoints_are_computed_again_as_they_were():
    from tensorlib.utils.checkpoint import checkpoint

    layer, x = nn.Linear(8, 8), normal(4, 8)
    gradients = []
    for again in (False, True):
        with tl.amp.autocast():
            y = checkpoint(layer, x, use_reentrant=False) if again else layer(x)
            loss = tl.exp(y).sum()
        loss.backward()
        gradients.append(layer.weight.grad)
        layer.weight.grad = None
    np.testing.assert_array_equal(*gradients)


# custom_fwd, custom_bwd


def mode_of():
    return tl.amp.is_autocast_enabled(), str(tl.amp.get_autocast_dtype())


@pytest.mark.parametrize("cast_inputs", [None, "float32"])
@pytest.mark.parametrize("enabled", [False, True])
def test_custom_functions_run_back_as_forth(enabled, cast_inputs):
    modes = {}

    class Product(tl.autograd.Function):
        @staticmethod
        @tl.amp.custom_fwd(device_type="cpu", cast_inputs=cast_inputs)
        def forward(ctx, x, w):
            modes["forward"] = mode_of()[0], str(x.dtype), str((x @ w).dtype)
            ctx.save_for_backward(x, w)
            return x @ w

        @staticmethod
        @tl.amp.custom_bwd(device_type="cpu")
        def backward(ctx, gradient):
            x, w = ctx.saved_tensors
            result = gradient @ w.T, x.T @ gradient
            modes["backward"] = mode_of()[0], str(result[0].dtype)
            return result

    x, w = weights(3, 3, dtype="float16"), weights(3, 3)
    with tl.amp.autocast(dtype="float16", enabled=enabled):
        y = Product.apply(x if enabled else x.astype("float32"), w)
    if not enabled:
        assert modes["forward"] == (False, "float32", "float32")
    elif cast_inputs is None:
        assert modes["forward"] == (True, "float16", "float16")
    else:
        assert modes["forward"] == (False, "float32", "float32")
    for inside in (False, True):
        with tl.amp.autocast(enabled=inside):
            y.sum().backward(retain_graph=True)
        assert modes["backward"] == (modes["forward"][0], modes["forward"][2])
    assert (str(x.grad.dtype), str(w.grad.dtype)) == ("float16", "float32")


def test_custom_forward_casts_trees_of_arguments_but_not_float64():
    found = {}

    class Look(tl.autograd.Function):
        @staticmethod
        @tl.amp.custom_fwd(cast_inputs="float16")
        def forward(ctx, x, rest, name):
            found["dtypes"] = [str(t.dtype) for t in (x, rest["a"][0], rest["b"])], name
            return x * 1

        @staticmethod
        @tl.amp.custom_bwd
        def backward(ctx, gradient):
            return gradient, None, None

    rest = {"a": [normal(2)], "b": normal(2, dtype="float64")}
    with tl.amp.autocast():
        Look.apply(normal(2), rest, "x")
    assert found["dtypes"] == (["float16", "float16", "float64"], "x")
    Look.apply(normal(2), rest, "x")
    assert found["dtypes"] == (["float32", "float32", "float64"], "x")


def test_custom_bwd_needs_custom_fwd():
    class Half(tl.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        @tl.amp.custom_bwd
        def backward(ctx, gradient):
            return gradient

    with pytest.raises(RuntimeError, match="custom_bwd: expected a Function whose forward"):
        Half.apply(weights(2)).sum().backward()
