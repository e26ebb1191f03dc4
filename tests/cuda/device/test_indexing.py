"""Indexing on a GPU against indexing on the CPU."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tensorlib as tl
from tensorlib._core._dispatch import apply, ops

DTYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "bfloat16", "float32", "float64", "complex64", "complex128",
]  # fmt: skip
RNG = np.random.default_rng(0)
ROWS, COLUMNS = np.array([[0, -1, 3], [2, 2, 1]]), np.array([[4], [-5]])
MASK = RNG.random((4, 5, 6)) < 0.4

INDICES = {
    "rows": (ROWS,),
    "int8": (ROWS.astype("int8"),),
    "last": (..., np.array([5, 0, 0])),
    "middle": (slice(None), np.array([1, 1, 4])),
    "two": (ROWS, COLUMNS),
    "apart": (ROWS[:, :1], slice(None, None, -1), np.array([0, 3])),
    "beside an integer": (1, slice(1, None, 2), np.array([0, 3])),
    "after a new axis": (None, np.array([3, 0]), None, 2),
    "mask": (MASK,),
    "mask of rows": (MASK[:, 0, 0],),
    "mask of two axes": (slice(1, 3), MASK[0]),
    "mask and integers": (MASK[:, 0, 0], slice(2), np.arange(MASK[:, 0, 0].sum())),
    "no axes": (np.array(True), np.array(2)),
    "nothing": (np.zeros((0,), int),),
    "nothing true": (np.zeros((4, 5), bool),),
    "list": ([0, 2],),
}


def cube(dtype):
    return tl.asarray(np.arange(-40, 80).reshape(4, 5, 6)).astype(dtype)


def layouts(x):
    """The same elements, laid out in several ways."""
    yield x
    yield tl.asarray(x, order="F")
    yield x[::-1][::-1]
    yield tl.stack([x, x], -1)[..., 1]


def moved(index, device):
    return tuple(
        tl.asarray(entry).to(device) if isinstance(entry, np.ndarray) else entry for entry in index
    )


def equal(one, other):
    assert one.shape == other.shape
    assert one.dtype == other.dtype
    return one.cpu().tolist() == other.tolist()


@pytest.mark.parametrize("name", INDICES)
def test_reading(name, device):
    index = INDICES[name]
    for x in layouts(cube("float32")):
        assert equal(x.to(device)[moved(index, device)], x[index])
    assert equal(cube("float32").to(device)[index], cube("float32")[index])  # from the CPU


@pytest.mark.parametrize("name", INDICES)
def test_writing(name, device):
    index = INDICES[name]
    shape = cube("int16")[index].shape
    values = tl.asarray(RNG.integers(-99, 99, shape))
    for value in (values, values.T.copy().T, values[..., :1], tl.asarray(7)):
        x = cube("int16")
        y, z = x.to(device), tl.asarray(x, order="F").to(device)
        x[index] = value
        for written in (y, z):
            written[moved(index, device)] = value if value.ndim == 0 else value.to(device)
            assert equal(written, x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_adding_in_the_order_of_the_values(dtype, device):
    places = RNG.integers(0, 5, 1000)
    values = tl.asarray(RNG.standard_normal((4, 1000)) * 100).astype("int64").astype(dtype)
    if dtype in ("float32", "complex64"):
        values = values / 7
    x = tl.zeros((4, 5), dtype=dtype)
    expected = apply(ops.index_add, (x, values), ((Ellipsis, tl.asarray(places)),))
    index = (Ellipsis, tl.asarray(places).to(device))
    assert equal(apply(ops.index_add, (x.to(device), values.to(device)), (index,)), expected)
    picked = tl.asarray([4, 0, 4])
    assert equal(expected.to(device)[:, picked.to(device)], expected[:, picked])


def test_last_of_several_values(device):
    places = RNG.integers(0, 50, (3, 700))
    x, y = tl.zeros((3, 50)), tl.zeros((3, 50), device=device)
    values = tl.asarray(RNG.standard_normal((3, 700)))
    tl.put_along_axis(x, places, values, 1)
    tl.put_along_axis(y, tl.asarray(places).to(device), values.to(device), 1)
    assert equal(y, x)


@pytest.mark.parametrize("size", [0, 1, 31, 4095, 4096, 4097, 20_000])
def test_nonzero(size, device):
    x = tl.asarray(RNG.integers(0, 3, size).astype("float32"))
    assert equal(tl.nonzero(x.to(device))[0], tl.nonzero(x)[0])
    assert equal(x.to(device)[x.to(device) > 1], x[x > 1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_nonzero_of_several_axes(dtype, device):
    x = tl.asarray(RNG.integers(0, 3, (5, 6, 7))).astype(dtype)
    found = tl.nonzero(x.to(device).T)
    assert all(map(equal, found, tl.nonzero(x.T)))
    assert equal(tl.argwhere(x.to(device)), tl.argwhere(x))


# One wrong number at most, as a GPU tells of any of them.
WRONG = {
    "outside": (np.array([0, 4, 3]),),
    "before": (slice(None), np.array([-6])),
    "second": (ROWS, COLUMNS - 1),
    "picks nothing": (slice(4, 4), np.array([9])),
    "integer": (np.array([0]), 5),
    "too many": (0, 0, 0, np.array([0])),
    "shapes": (np.array([0, 1]), np.array([0, 1, 2])),
    "mask": (np.ones((4, 4), bool),),
    "kind": (np.ones(2),),
    "ellipses": (..., np.array([0]), ...),
}


@pytest.mark.parametrize("name", WRONG)
def test_errors_are_those_of_the_cpu(name, device):
    x, index = cube("float32"), tuple(
        tl.asarray(entry) if isinstance(entry, np.ndarray) else entry for entry in WRONG[name]
    )  # fmt: skip
    with pytest.raises(IndexError) as expected:
        x[index]
    y = x.to(device)
    with pytest.raises(IndexError) as raised:
        y[moved(WRONG[name], device)]
        tl.cuda.synchronize()
    assert str(raised.value) == str(expected.value)
    with pytest.raises(IndexError):
        y[moved(WRONG[name], device)] = 0
        tl.cuda.synchronize()
    assert equal(y, x)  # nothing was written, and the device works on


def test_more_arrays_than_a_kernel_takes(device):
    x = tl.asarray(RNG.integers(-99, 99, (2, 3, 4, 3, 2, 3)))
    index = [RNG.integers(-n, n, (5, 1) if k % 2 else (4,)) for k, n in enumerate(x.shape)]
    for end in (3, 4, 5, 6):
        places, y = tuple(index[:end]), x.to(device)
        assert equal(y[moved(places, device)], x[places])
        for outside in (0, end - 1):
            wrong = [*places]
            wrong[outside] = np.where(np.arange(4) == 2, 7, 0)
            for write in (False, True):
                if write:
                    y[moved(wrong, device)] = 3
                else:
                    y[moved(wrong, device)]
                with pytest.raises(IndexError, match=f"index 7 .* for axis {outside} with size"):
                    tl.cuda.synchronize()
            assert equal(y, x)
        y[moved(places, device)], written = 3, x.copy()
        written[places] = 3
        assert equal(y, written)


def test_an_axis_without_elements(device):
    x, index = tl.zeros((2, 0, 3), device=device), tl.asarray([0]).to(device)
    assert x[index].shape == (1, 0, 3)
    for use in (lambda: x[:, index], lambda: x.__setitem__((slice(None), index), 1.0)):
        use()
        with pytest.raises(IndexError, match="index 0 is out of bounds for axis 1 with size 0"):
            tl.cuda.synchronize()


def test_values_without_elements(device):
    x = cube("int8").to(device)
    for value in (tl.zeros((1, 0, 5, 6)), tl.zeros((6, 5, 0, 1, 1)).T):
        value = value.to(device)
        x[moved((np.zeros((0,), int),), device)] = value[..., ::-1]
    for shape in [(3, 0, 5), (0,), (1, 0)]:
        assert tl.zeros((2, 0, 3), device=device)[::-1, ..., ::2].T.reshape(shape).shape == shape
    assert equal(x, cube("int8"))


def test_value_that_does_not_fit(device):
    with pytest.raises(ValueError, match="shape mismatch: value array of shape"):
        cube("int8").to(device)[moved((ROWS,), device)] = tl.zeros((3, 3), device=device)
    with pytest.raises(tl.DeviceError, match="expected tensors on one device"):
        cube("int8").to(device)[moved((ROWS,), device)] = tl.zeros((2, 3, 5, 6))


def test_index_of_another_device(device):
    for index in (tl.asarray([1]).to(device), (None, tl.asarray([True] * 4).to(device))):
        with pytest.raises(tl.DeviceError, match="expected tensors on one device"):
            cube("int8")[index]
        with pytest.raises(tl.DeviceError, match="expected tensors on one device"):
            cube("int8")[index] = 1


def wait_for_stream(y):
    tl.cuda.current_stream().synchronize()


def wait_for_event(y):
    event = tl.cuda.current_stream().record_event()
    event.synchronize()


def ask_stream(y):
    while not tl.cuda.current_stream().query():
        pass


def ask_event(y):
    event = tl.cuda.current_stream().record_event()
    while not event.query():
        pass


@pytest.mark.parametrize(
    "wait",
    [
        lambda y: y.cpu(),
        lambda y: y[0].item(),
        lambda y: y.tolist(),
        lambda y: repr(y),
        lambda y: tl.nonzero(y),
        lambda y: tl.cuda.synchronize(),
        wait_for_stream,
        wait_for_event,
        ask_stream,
        ask_event,
    ],
)
def test_an_index_outside_is_told_of_at_the_next_wait(wait, device):
    x = tl.arange(5.0, device=device)
    y = x[tl.asarray([1, 7]).to(device)] + 1
    with pytest.raises(IndexError) as raised:
        wait(y)
    assert str(raised.value) == "advanced_index: index 7 is out of bounds for axis 0 with size 5"
    (note,) = raised.value.__notes__
    assert f"{__file__}:" in note and "cuda:0" in note and "TENSORLIB_CUDA_BLOCKING=1" in note
    assert y.tolist() == [2, 1]  # once; and the device works on


def test_several_errors_are_one(device):
    """What failed first, with notes of the others."""
    x, wrong = tl.arange(5.0, device=device), tl.asarray([7]).to(device)
    for _ in range(3):
        x[wrong]
    x[wrong - 20] = 3.0
    with pytest.raises(IndexError, match="^advanced_index: index 7 ") as raised:
        tl.cuda.synchronize()
    call, later = raised.value.__notes__
    assert later.startswith("Later: index_put: index -13 is out of bounds for axis 0 with size 5.")
    tl.cuda.synchronize()
    x[wrong]
    with pytest.raises(IndexError, match="^advanced_index: index 7 ") as raised:
        x.cpu()
    assert len(raised.value.__notes__) == 1
    assert x.tolist() == [0, 1, 2, 3, 4]


def test_large_calls_with_many_wrong_indices(device):
    x, places = tl.zeros((70_000,), device=device), tl.arange(70_000, device=device)
    for index, value in ((places + 1, 1.0), (places + 1, places), (places - 70_001, 1.0)):
        x[index] = value.astype(x.dtype) if hasattr(value, "astype") else value
        with pytest.raises(IndexError, match=r"^index_put: index -?700\d\d is out of bounds"):
            x.cpu()
        assert not x.cpu().any()
    x[places * 2]
    with pytest.raises(IndexError, match=r"^advanced_index: index \d+ is out of bounds") as raised:
        tl.cuda.synchronize()
    assert 70_000 <= int(str(raised.value).split()[2]) < 140_000
    tl.cuda.synchronize()


@pytest.mark.parametrize("value", [1.0, [10.0, 20.0, 30.0]])
@pytest.mark.parametrize("index", [[1, 7, 2], [1, 1, -6], [4, 4, 5]])
def test_a_refused_write_changes_nothing(index, value, device):
    x = tl.arange(5.0, device=device)
    index, value = (tl.asarray(each).to(device) for each in (index, value))
    added = apply(ops.index_add, (x, value), ((index,),))
    put = apply(ops.index_put, (x, value), ((index,),))
    x[index] = value
    tl.put_along_axis(x, index, value, 0)
    with pytest.raises(IndexError, match="^index_add: index (7|-6|5) is out of bounds") as raised:
        tl.cuda.synchronize()
    assert len(raised.value.__notes__) == 4
    assert x.tolist() == added.tolist() == put.tolist() == [0, 1, 2, 3, 4]


def test_unsigned_indices_do_not_count_from_the_end(device):
    x = tl.arange(5.0, device=device)
    assert x[tl.asarray([1, 4]).astype("uint64").to(device)].tolist() == [1, 4]
    for wrong in (tl.asarray([-1, 2]).to(device), tl.asarray([[0], [-1]]).to(device)[::-1]):
        x[wrong]
        for unsigned in (wrong.astype("uint64"), wrong.view("uint64")):
            assert unsigned.dtype == "uint64"
            x[unsigned]
            with pytest.raises(IndexError, match="index -1 is out of bounds for axis 0 with"):
                tl.cuda.synchronize()


def test_other_dtypes_over_the_same_memory(device):
    x = tl.asarray([1.0, -2.0, 3.0])
    y = x.to(device)
    assert equal(y[::-1].view("int64"), x[::-1].view("int64"))
    y.view("int64")[1] = 0
    assert y.tolist() == [1, 0, 3]
    assert equal(y.view("int32"), tl.asarray([1.0, 0.0, 3.0]).view("int32"))
    with pytest.raises(TypeError, match="requires"):
        y.requires_grad_().view("int64")


def test_gradients_and_errors(device):
    """The walk back adds at the same wrong index."""
    x = tl.arange(5.0, device=device).requires_grad_()
    picked = x[tl.asarray([1, 7]).to(device)]
    picked.sum().backward()
    with pytest.raises(IndexError, match="^advanced_index: index 7 ") as raised:
        picked.tolist()
    assert "index_add: index 7 " in raised.value.__notes__[1]
    assert x.grad.tolist() == [0] * 5


def test_errors_of_several_threads(device):
    """Each is raised once, in whichever thread waits."""

    def work(number):
        x, found = tl.arange(5.0, device=device), []
        with tl.cuda.Stream() as stream:
            for _ in range(20):
                try:
                    x[tl.asarray([5 + number]).to(device)]
                    stream.synchronize()
                except IndexError as error:
                    found.append(str(error))
        return found

    with ThreadPoolExecutor(2) as pool:
        found = [text for texts in pool.map(work, range(2)) for text in texts]
    assert 1 <= len(found) <= 40
    assert {text.partition(" is ")[0] for text in found} <= {
        "advanced_index: index 5",
        "advanced_index: index 6",
    }
    tl.cuda.synchronize()


def test_an_index_outside_in_a_graph(device):
    x, index = tl.arange(5.0, device=device), tl.asarray([1, 2, 0]).to(device)
    value = tl.asarray([10.0, 20.0, 30.0]).to(device)

    def work(index):
        y = x.copy()
        y[index] = value
        return x[index], y

    work(tl.asarray([0, 0, 1]).to(device))  # compiles what is launched
    graph = tl.cuda.CUDAGraph()
    with tl.cuda.graph(graph):
        read, written = work(index)
    right = [1, 2, 0], [30, 10, 20, 3, 4]
    for numbers, expected in [([1, 2, 0], right), ([1, 7, 0], None), ([1, 2, 0], right)] * 2:
        index[...] = tl.asarray(numbers).to(device)
        graph.replay()
        if expected is None:
            with pytest.raises(IndexError, match="^index_put: index 7 is out of bounds for axis 0"):
                tl.cuda.synchronize()
            expected = [1, 0, 0], [0, 1, 2, 3, 4]
        assert (read.tolist(), written.tolist()) == expected
    with pytest.raises(RuntimeError, match="read back"), tl.cuda.graph(tl.cuda.CUDAGraph()):
        x[x > 1]


A = tl.asarray(RNG.standard_normal((4, 6)).astype("float32"))
ORDER = tl.argsort(A, axis=1)


@pytest.mark.parametrize(
    "function",
    [
        lambda to: tl.take(to(A), to(ORDER), axis=1),
        lambda to: tl.take(to(A), [9, -9], axis=1, mode="wrap"),
        lambda to: tl.take_along_axis(to(A), to(ORDER), 1),
        lambda to: tl.compress(to(A[0] > 0), to(A), axis=1),
        lambda to: tl.extract(to(A > 0), to(A)),
        lambda to: tl.choose(to(ORDER % 2), [to(A), to(-A)]),
        lambda to: tl.select([to(A > 0), to(A < -1)], [to(A), to(-A)], 0),
        lambda to: tl.piecewise(to(A), [to(A < 0), to(A >= 0)], [-1, 1]),
        lambda to: tl.tril(to(A)) + tl.triu(to(A), 1) + tl.diag(to(A[0, :4]))[:, :1],
        lambda to: tl.roll(tl.flip(to(A), 1), (1, 2), (0, 1)),
        lambda to: tl.tile(tl.repeat(to(A), 2, axis=1), (2, 3)),
        lambda to: tl.pad(to(A), ((1, 2), (0, 3)), constant_values=2),
        lambda to: tl.pad(to(A), 2, mode="reflect"),
        lambda to: tl.delete(to(A), [1, 2], axis=0),
        lambda to: tl.insert(to(A), 1, to(A[0]), axis=0),
        lambda to: to(A).flat[to(ORDER[0])],
        lambda to: tl.resize(to(A), (5, 7)),
    ],
)
def test_functions_that_pick(function, device):
    result = function(lambda x: x.to(device))
    assert result.device == f"{device}:0"
    assert equal(result, function(lambda x: x))


@pytest.mark.parametrize(
    "change",
    [
        lambda x, to: tl.put(x, [1, 3, 1], [9, 8, 7]),
        lambda x, to: tl.putmask(x, to(A > 0), to(-A)),
        lambda x, to: tl.place(x, to(A > 0), to(A[0])),
        lambda x, to: tl.copyto(x, 2, where=to(A > 0)),
        lambda x, to: tl.put_along_axis(x, to(ORDER[:, :1]), 0.0, 1),
        lambda x, to: tl.fill_diagonal(x, 3),
        lambda x, to: x.flat.__setitem__([1, 2], 5),
    ],
)
def test_functions_that_write(change, device):
    x, y = A.copy(), A.to(device)
    change(x, lambda z: z)
    change(y, lambda z: z.to(device))
    assert equal(y, x)


def test_embedding(device):
    from tensorlib.nn import functional as F

    rows = tl.asarray(RNG.integers(0, 9, (3, 50)))
    gradients = []
    for place in ("cpu", device):
        weight = tl.asarray(np.arange(36.0).reshape(9, 4)).to(place).requires_grad_()
        picked = F.embedding(rows.to(place), weight, padding_idx=2)
        (picked * picked).sum().backward()
        gradients.append(weight.grad)
    assert equal(gradients[1], gradients[0])
    for function in (F.embedding, F.embedding_bag):
        with pytest.raises(IndexError, match="index -1 is out of bounds for axis 0 with size 9"):
            function(tl.asarray([[0, -1, 8]]).to(device), weight).cpu()
    before = weight.tolist()
    with pytest.raises(IndexError, match="index 9 is out of bounds for axis 0 with size 9"):
        F.embedding(tl.asarray([0, 9, 8]).to(device), weight, max_norm=1.0).cpu()
    assert weight.tolist() == before


@pytest.mark.parametrize("wrong", [-1, 5])
def test_classes_outside(wrong, device):
    from tensorlib.nn import functional as F

    scores, labels = tl.zeros((3, 5)).to(device), tl.asarray([0, wrong, -100]).to(device)
    loss = F.cross_entropy(scores, labels)
    with pytest.raises(IndexError, match=f"index {wrong} is out of bounds for axis 1 with size 5"):
        loss.item()


@pytest.mark.parametrize("counts", [[2, 0, 3, 1], [0, 0, 0, 0], [4], [True, False, True, True]])
def test_repeats_of_the_device(counts, device):
    x = np.arange(12.0).reshape(3, 4)
    found = tl.repeat(tl.asarray(x, device=device), tl.asarray(counts, device=device), axis=1)
    assert found.device == "cuda:0"
    np.testing.assert_array_equal(found.cpu().numpy(), np.repeat(x, counts, axis=1))


def test_refused_repeats(device):
    x = tl.arange(4, device=device)
    with pytest.raises(ValueError, match="^repeat: expected repeats >= 0, got -1"):
        tl.repeat(x, x - 1)
    with pytest.raises(NotImplementedError, match=r"^roll: no kernel for cuda:0; cpu\(\)"):
        tl.roll(x, x[1])
