"""Exchange with NumPy and everybody else: buffers, the array protocols, DLPack, zero copies."""

import array
import gc
import io
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import (
    ALL_DTYPES,
    BFLOAT16,
    DTYPES,
    LAYOUTS,
    array_of,
    assert_identical,
    bits,
    examples,
    random_array,
    shapes,
)

import tensorlib as tl


def address(a):
    return array_of(a).__array_interface__["data"][0]


@st.composite
def arrays(draw, dtypes=ALL_DTYPES):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    array = random_array(rng, draw(st.sampled_from(dtypes)), draw(shapes))
    return draw(st.sampled_from(LAYOUTS))(array)


# from NumPy and back


@examples(150)
@given(arrays())
def test_there_and_back_without_a_copy(a):
    x = tl.asarray(a)
    assert (x.shape, x.strides, x.dtype) == (a.shape, a.strides, a.dtype)
    assert address(x) == address(a)
    for b in (np.asarray(x), x.numpy(), np.from_dlpack(x) if a.dtype in DTYPES else x.numpy()):
        assert (b.shape, b.dtype) == (a.shape, a.dtype)
        assert bits(b) == bits(a)
        if a.size:
            assert address(b) == address(a)
            assert b.flags.writeable == a.flags.writeable


def test_writes_are_seen_on_both_sides():
    a = np.arange(6.0).reshape(2, 3)[:, ::-1]
    x = tl.asarray(a)
    x[0, 0] = 10
    assert a[0, 0] == 10
    a[1, 1] = 20
    assert x[1, 1] == 20
    b = np.asarray(x)
    b += 1
    assert a[0, 0] == 11


def test_read_only_arrays():
    a = np.arange(3)
    a.flags.writeable = False
    x = tl.asarray(a)
    assert not np.asarray(x).flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        x[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        x += 1
    assert tl.array(a).flags.writeable
    assert memoryview(x).readonly


def test_lifetimes():
    """Each side keeps the memory of the other alive, and lets it go."""

    a = np.arange(4.0)
    gone = weakref.ref(a)
    x = tl.asarray(a)
    view = x[1:]
    del a, x
    gc.collect()
    assert gone() is not None and view.tolist() == [1, 2, 3]
    del view
    gc.collect()
    assert gone() is None

    before = tl.memory_stats()["allocated"]
    b = np.asarray(tl.ones(1000))
    c = b[10:]
    del b
    assert tl.memory_stats()["allocated"] > before
    assert c.sum() == 990
    del c
    gc.collect()
    assert tl.memory_stats()["allocated"] == before


@pytest.mark.parametrize("dtype", [">f8", ">i4", "<f4"])
def test_byte_order(dtype):
    a = np.arange(3).astype(dtype)
    x = tl.asarray(a)
    assert x.dtype.isnative and x.tolist() == [0, 1, 2]


def test_unaligned_arrays_are_copied():
    raw = np.zeros(33, np.uint8)
    a = raw[1:33].view(np.float64)
    a[...] = [1, 2, 3, 4]
    x = tl.asarray(a)
    assert x.tolist() == [1, 2, 3, 4] and x.flags.aligned


def test_field_strides_that_are_no_multiple_of_the_itemsize():
    records = np.zeros(3, dtype=[("a", "i2"), ("b", "f8")])
    records["b"] = [1, 2, 3]
    assert (tl.asarray(records["b"]) * 2).tolist() == [2, 4, 6]
    packed = np.zeros(3, dtype=[("a", "f8"), ("b", "f4")])
    packed["b"] = [1, 2, 3]
    x = tl.asarray(packed["b"])
    assert (x + x[::-1]).tolist() == [4, 4, 4]


@pytest.mark.parametrize("bad", ["text", b"ab", [1, "a"], [object()], None, {}, {1}, [[1], [1, 2]]])
def test_what_is_no_array_of_numbers(bad):
    with pytest.raises((TypeError, ValueError)):
        tl.asarray(bad)


@pytest.mark.parametrize("dtype", ["M8[s]", "m8[s]", "O", "U2", "S2", "V4", "g", "G"])
def test_dtypes_of_numpy_alone(dtype):
    with pytest.raises(TypeError, match="^asarray: .* got "):
        tl.asarray(np.zeros(2, dtype))
    with pytest.raises(TypeError):
        tl.zeros(2, dtype=dtype)


def test_nested_sequences():
    x = tl.asarray([tl.asarray([1, 2]), np.array([3, 4])])
    assert x.tolist() == [[1, 2], [3, 4]]
    assert tl.asarray([[tl.asarray(1.5), 2]]).dtype == np.float64
    assert tl.asarray(range(3)).tolist() == [0, 1, 2]
    assert tl.asarray([]).shape == (0,) and tl.asarray([]).dtype == np.float64
    assert tl.asarray(5).shape == ()


# the arguments of asarray


def test_copy_of_asarray():
    a = np.arange(3.0)
    x = tl.asarray(a)
    assert tl.asarray(x) is x
    assert tl.asarray(x, dtype=float) is x
    assert address(tl.asarray(x, copy=True)) != address(x)
    assert address(tl.asarray(a, copy=True)) != address(a)
    assert address(tl.asarray(a, copy=False)) == address(a)
    for source in (a, x):
        with pytest.raises(ValueError):
            tl.asarray(source, dtype=int, copy=False)
    with pytest.raises(ValueError):
        tl.asarray([1, 2], copy=False)


def test_order_of_asarray():
    a = np.asfortranarray(np.ones((2, 3)))
    for order in "CFAK":
        assert tl.asarray(a, order=order).strides == np.asarray(a, order=order).strides
        assert tl.asarray(tl.asarray(a), order=order).strides == np.asarray(a, order=order).strides
        assert tl.array(a, order=order).strides == np.array(a, order=order).strides
    for source in (a, tl.asarray(a)):
        with pytest.raises(ValueError):
            tl.asarray(source, order="Z")


def test_device_of_asarray():
    assert tl.asarray([1], device="cpu").device == "cpu"
    for function in (tl.asarray, tl.zeros, tl.from_dlpack):
        with pytest.raises(ValueError, match="'abacus'"):
            function(np.ones(1) if function is not tl.zeros else 3, device="abacus")


# the protocols


def test_array_protocol():
    x = tl.arange(3)
    assert address(x.__array__()) == address(x)
    assert address(x.__array__(copy=False)) == address(x)
    assert address(x.__array__(copy=True)) != address(x)
    assert x.__array__(np.float32).dtype == np.float32
    assert address(np.asarray(x)) == address(np.array(x, copy=False)) == address(x)
    assert address(np.array(x)) != address(x)
    assert np.asarray(x, dtype="f").dtype == np.float32
    with pytest.raises(ValueError):
        x.__array__(np.float32, copy=False)
    with pytest.raises(ValueError):
        np.array(x, dtype="f", copy=False)


def test_array_protocol_of_bfloat16():
    x = tl.ones(3, dtype=BFLOAT16)
    for a in (np.asarray(x), np.array(x), x.numpy(), x.__array__()):
        assert a.dtype == BFLOAT16 and a.tolist() == [1, 1, 1]


def test_array_interface():
    a = np.arange(12, dtype="f").reshape(3, 4)[::-1, ::2]
    ours, theirs = tl.asarray(a).__array_interface__, a.__array_interface__
    for key in ("shape", "typestr", "data", "version"):
        assert ours[key] == theirs[key]
    assert ours["strides"] == a.strides

    class Foreign:
        __array_interface__ = theirs

    assert_identical(tl.asarray(Foreign()), a)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_buffer_protocol(dtype):
    rng = np.random.default_rng(0)
    for layout in LAYOUTS:
        a = layout(random_array(rng, dtype, (3, 4)))
        ours, theirs = memoryview(tl.asarray(a)), memoryview(a)
        for name in ("shape", "strides", "itemsize", "nbytes", "readonly", "ndim"):
            assert getattr(ours, name) == getattr(theirs, name), name
        assert ours.contiguous == theirs.contiguous
        assert np.asarray(ours).dtype == dtype and np.asarray(ours).tobytes() == a.tobytes()
        assert bytes(tl.asarray(a)) == a.tobytes() or not a.flags.c_contiguous


def test_buffers_of_others():
    numbers = array.array("d", [1, 2, 3])
    x = tl.asarray(numbers)
    x[0] = 5
    assert numbers[0] == 5
    with pytest.raises(BufferError):
        numbers.append(1)
    del x
    gc.collect()
    numbers.append(1)
    y = tl.asarray(memoryview(b"abc"))
    assert y.dtype == np.uint8 and not y.flags.writeable


def test_buffer_requests_that_cannot_be_met():
    a = np.arange(3.0)
    a.flags.writeable = False
    with pytest.raises((BufferError, ValueError)):
        np.frombuffer(tl.arange(6)[::2])
    with pytest.raises((BufferError, TypeError)):
        io.BytesIO(b"12345678").readinto(tl.asarray(a))
    with pytest.raises(BufferError, match="detach"):
        memoryview(tl.ones(2).requires_grad_())
    with pytest.raises(BufferError):
        memoryview(tl.ones(2, dtype=BFLOAT16))
    assert a.tolist() == [0, 1, 2]


def test_readinto():
    x = tl.zeros(4, dtype="u1")
    assert io.BytesIO(b"abcd").readinto(x) == 4
    assert x.tolist() == [97, 98, 99, 100]


# DLPack


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_dlpack_both_ways(dtype):
    rng = np.random.default_rng(1)
    for layout in LAYOUTS[:-1]:
        a = layout(random_array(rng, dtype, (3, 4)))
        x = tl.from_dlpack(a)
        assert_identical(x, a)
        assert address(x) == address(a) and x.strides == a.strides
        b = np.from_dlpack(tl.asarray(a))
        assert address(b) == address(a) and b.strides == a.strides
    assert tl.asarray(a).__dlpack_device__() == a.__dlpack_device__() == (1, 0)


def test_dlpack_arguments():
    a = np.arange(3.0)
    assert address(tl.from_dlpack(a, copy=True)) != address(a)
    assert address(np.from_dlpack(tl.asarray(a), copy=True)) != address(a)
    assert tl.from_dlpack(tl.asarray(a)).tolist() == [0, 1, 2]
    y = tl.from_dlpack(a)
    y[0] = 7
    assert a[0] == 7
    a.flags.writeable = False
    assert not tl.from_dlpack(a).flags.writeable
    assert not np.from_dlpack(tl.asarray(a)).flags.writeable
    with pytest.raises(TypeError, match="detach"):
        np.from_dlpack(tl.ones(2).requires_grad_())
    with pytest.raises((AttributeError, TypeError)):
        tl.from_dlpack([1, 2])


def test_dlpack_keeps_memory_alive():
    before = tl.memory_stats()["allocated"]
    a = np.from_dlpack(tl.ones(100) * 3)
    gc.collect()
    tl.zeros(100)
    assert a.sum() == 300
    del a
    gc.collect()
    assert tl.memory_stats()["allocated"] == before


# NumPy's functions on tensors


def test_ufuncs_of_numpy_return_tensors():
    a = np.linspace(0.1, 0.9, 5)
    x = tl.asarray(a)
    assert_identical(np.sin(x), np.sin(a))
    assert_identical(np.add(a, x), a + a)
    assert_identical(np.multiply(x, 2), a * 2)
    assert_identical(np.add.reduce(x), np.add.reduce(a))
    assert_identical(np.multiply.outer(a, x), np.multiply.outer(a, a))
    assert_identical(np.maximum.accumulate(x), np.maximum.accumulate(a))
    assert_identical(a + x, a + a)
    assert_identical(np.float64(2) * x, 2 * a)
    assert_identical(np.float32(2) * tl.ones(2, dtype="f"), np.full(2, 2, "f"))
    fractions, exponents = np.frexp(x)
    assert_identical(fractions, np.frexp(a)[0])
    assert_identical(exponents, np.frexp(a)[1])


def test_out_of_numpys_ufuncs():
    out = np.zeros(3)
    assert np.add(tl.ones(3), 1, out=out) is out and out.tolist() == [2, 2, 2]
    x = tl.zeros(3)
    assert np.add(np.ones(3), 1, out=x) is x and x.tolist() == [2, 2, 2]
    a = np.ones(3)
    a += tl.ones(3)
    assert type(a) is np.ndarray and a.tolist() == [2, 2, 2]


def test_functions_of_numpy_take_tensors():
    a = np.arange(6.0).reshape(2, 3)
    x = tl.asarray(a)
    for name, args in [
        ("sum", ()),
        ("mean", (0,)),
        ("concatenate", None),
        ("reshape", ((3, 2),)),
        ("transpose", ()),
        ("clip", (1, 4)),
        ("argmax", (1,)),
        ("sort", ()),
        ("take", ([0, 2], 1)),
    ]:
        if args is None:
            ours, theirs = np.concatenate([x, a]), np.concatenate([a, a])
        else:
            ours, theirs = getattr(np, name)(x, *args), getattr(np, name)(a, *args)
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype


def test_gradients_flow_through_numpys_names():
    x = tl.linspace(0.1, 0.9, 5).requires_grad_()
    (np.sin(x) * np.float64(2)).sum().backward()
    np.testing.assert_allclose(x.grad, 2 * np.cos(x.detach()))
    y = tl.ones((2, 2)).requires_grad_()
    np.sum(np.transpose(y) * np.ones((2, 2))).backward()
    assert y.grad.tolist() == [[1, 1], [1, 1]]


def test_tensors_that_require_gradients_do_not_become_arrays():
    x = tl.ones(2).requires_grad_()
    for convert in (np.asarray, np.array, lambda x: x.numpy(), lambda x: x.__array_interface__):
        with pytest.raises(TypeError, match="detach"):
            convert(x)
    assert np.asarray(x.detach()).tolist() == [1, 1]
    view = x[:1]
    with pytest.raises(TypeError, match="detach"):
        np.asarray(view)


def test_a_ufunc_of_somebody_else():
    double = np.frompyfunc(lambda v: v * 2, 1, 1)
    with pytest.raises(TypeError):
        double(tl.ones(2).requires_grad_())
    assert list(double(tl.ones(2))) == [2, 2]


def test_types_that_answer_themselves():
    class Number:
        def __radd__(self, other):
            return "mine"

        __rmul__ = __radd__

    assert tl.ones(2) + Number() == "mine"
    assert tl.ones(2) * Number() == "mine"
    with pytest.raises(TypeError):
        tl.ones(2) - Number()


def test_numpy_scalars_are_not_weak():
    x = tl.ones(2, dtype="f")
    assert (x + np.float64(1)).dtype == np.float64
    assert (np.float64(1) + x).dtype == np.float64
    assert (x + 1.0).dtype == np.float32
    assert np.float64(1).__add__(x) is NotImplemented or (np.float64(1) + x).dtype == np.float64


def test_memory_of_the_cpu_that_is_pinned_for_a_gpu():
    class Pinned:
        """As libraries export it: DLPack's device 3."""

        def __init__(self, array):
            self.array = array

        def __dlpack_device__(self):
            return 3, 0

        def __dlpack__(self, **options):
            return self.array.__dlpack__(max_version=(1, 0))

    array = np.arange(4.0)
    tensor = tl.from_dlpack(Pinned(array))
    tensor[1] = 7
    assert array.tolist() == [0, 7, 2, 3]
