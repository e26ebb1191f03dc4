"""Indexing with tensors of integers and of bools: reading, writing, adding; and nonzero.

Whether an index is outside is known to the kernels alone, and nobody waits for them: they report it
(``reports.h``), and the CPU's IndexError is raised when the host next waits for the device. Until
then what is outside is read as zero, and a call that would write there writes nothing. The number
of a mask's true elements has to be read back, so a graph cannot capture it.
"""

import functools
import struct
from collections import namedtuple
from math import prod

import numpy as np

from tensorlib._core import _views
from tensorlib._core._copy import to_device
from tensorlib._core._dtypes import number_of
from tensorlib._core._exchange import asarray
from tensorlib._core.device import device_number
from tensorlib._core.errors import DeviceError
from tensorlib.cuda._backend import (
    address,
    aligned_address,
    compact,
    fill,
    new,
    overlap,
    place,
    write,
)
from tensorlib.cuda._driver import report_of
from tensorlib.cuda._kernel import capturing
from tensorlib.cuda.common import (
    THREADS,
    blocks_for,
    index_type,
    kernel,
    merged,
    packed_strides,
    type_name,
)
from tensorlib.cuda.elementwise import FEW, MANY, TYPES
from tensorlib.cuda.sort import ordered_rows

BOOL, UINT64 = number_of("bool"), number_of("uint64")
UNITS = {1: "uint8_t", 2: "uint16_t", 4: "uint32_t", 8: "uint64_t", 16: "indexing::Unit16"}

# Templates of indexing.cuh over strides: of how many operands, beside those that are arrays of
# indices, and their other parameters.
REFUSED = "const bool *outside, int64_t blocks, "
SCATTERED = REFUSED + "int64_t start, char *target, const int64_t *offsets, const char *value, "
WALKERS = {
    "gather": (1, "indexing::Arrays<N> arrays, int64_t start, const char *x, Unit *target"),
    "find_offsets": (
        0,
        "indexing::Arrays<N> arrays, int64_t first, int64_t *offsets, bool *outside",
    ),
    "scatter": (3, REFUSED + "int64_t start, char *target, const char *offsets, const char *value"),
    "scatter_last": (3, SCATTERED + "const int64_t *order, int64_t count, int64_t step"),
    "scatter_add": (3, SCATTERED + "const int64_t *order, int64_t count, int64_t step"),
}

# The other kernels there.
PLAIN = {
    "count_up": "int64_t n, int64_t first, int64_t step, int64_t *target",
    "count_true": "const bool *mask, int64_t n, int64_t *counts",
    "add_up": "int64_t *counts, int64_t tiles",
    "find_true": "const bool *mask, int64_t n, const int64_t *counts, int64_t *places",
    "unravel": "const int64_t *places, int64_t n, int64_t inner, int64_t length, int64_t *indices",
}

TILE = 4096  # elements that a block counts, as indexing.cuh has it
MOST = 4  # arrays of indices that a kernel takes

# Indices along an axis, as indexing.cuh has them.
Array = namedtuple("Array", "values lowest length around stride axis")


def advanced_index(x, index):
    """The elements that an index names, copied."""
    return _gathered(x, index, "advanced_index")


def index_put(x, value, index):
    """A copy of x in which the places of an index hold a value, broadcast."""
    result = _copied(x)
    _scatter(result, index, value, "index_put")
    return result


def index_write(target, value, index):
    """Write a value, broadcast, to the places of an index in the target's own memory."""
    _scatter(target, index, value, "index_put")


def index_add(x, value, index):
    """A copy of x to which a value, broadcast, is added at an index; repeated places add up, in
    the order of the value's elements."""
    result = _copied(x)
    _scatter(result, index, value, "index_add", add=True)
    return result


def view_read(x, positions, part=None):
    """The elements of x at flat positions; see the CPU's kernel."""
    x = x if part is None else getattr(_views, part)(x)
    return _gathered(_views.reshape(compact(x), (x.size,)), (positions,), "view_read")


def view_write(x, value, positions, part=None):
    """A copy of x that holds a value at flat positions; see the CPU's kernel."""
    result = _copied(x)
    target = _views.reshape(result, (x.size,))
    target = target if part is None else getattr(_views, part)(target)
    _scatter(target, (positions,), value, "view_write")
    return result


def arange(target, first, step):
    """Write first, first + step, ... into a new tensor of int64."""
    count_up = plain("count_up")
    count_up(
        "arange", place(target), blocks_for(target.size), THREADS, target.size, first, step, target
    )


def nonzero(x):
    """The indices of the elements that are not zero, one tensor for each axis, in C order."""
    if x.ndim == 0:
        raise ValueError(
            "nonzero: expected at least one dimension, got a 0-d tensor; use atleast_1d(x)"
        )
    places = _true_places(compact(x, "bool"), "nonzero")
    return tuple(_coordinate(places, x.shape, axis) for axis in range(x.ndim))


# ------------------------------------------------------------------------------------------
# what an index means
# ------------------------------------------------------------------------------------------


class Places:
    """The elements of a tensor that an index names.

    Attributes
    ----------
    start : int
        Bytes from the tensor's first element to what offsets count from.
    before, after : list of (int, int)
        Lengths and strides of the axes kept in front of the indexed ones, and behind.
    shape : tuple of int
        Of the indices, broadcast; in the result it stands between `before` and `after`.
    arrays : list of Array
        The indices. An offset is what those of a place come to.
    steps : list of int
        Strides of the indexed axes: all offsets are sums of multiples of them.
    distinct : bool
        Whether it is sure that no place is named twice.
    """

    def __init__(self, x, index, op):
        if sum(entry is Ellipsis for entry in index) > 1:
            raise IndexError(f"{op}: an index can only have a single ellipsis ('...')")
        index = [_brought(entry, x, op) for entry in index]
        consumed = sum(_axes_of(entry, op) for entry in index)
        if consumed > x.ndim:
            raise IndexError(
                f"{op}: too many indices: tensor is {x.ndim}-dimensional, but {consumed} "
                "were indexed"
            )
        if not any(entry is Ellipsis for entry in index):
            index.append(Ellipsis)
        # Beside arrays integers are arrays, too: of no axes.
        fancy = any(_is_tensor(entry) and entry.shape != () for entry in index)
        fancy = fancy or any(_is_mask(entry) for entry in index)
        kept, arrays, self.start, axis = [], [], 0, 0
        position, picking, interrupted, separated = 0, False, False, False
        for entry in index:
            if entry is None or entry is Ellipsis or isinstance(entry, slice):
                interrupted = interrupted or picking
                if entry is None:
                    kept.append((1, 0))
                elif entry is Ellipsis:
                    end = axis + x.ndim - consumed
                    kept += zip(x.shape[axis:end], x.strides[axis:end], strict=True)
                    axis = end
                else:
                    chosen = range(*entry.indices(x.shape[axis]))
                    self.start += chosen.start * x.strides[axis] if len(chosen) else 0
                    kept.append((len(chosen), chosen.step * x.strides[axis]))
                    axis += 1
                continue
            if fancy:
                position = position if picking else len(kept)
                separated = separated or interrupted
                picking = True
            if _is_tensor(entry):
                arrays += _picked(x, axis, entry, op)
                axis += _axes_of(entry, op)
            else:
                place = _checked_integer(entry, x.shape[axis], axis, op)
                self.start += place * x.strides[axis]
                axis += 1
        position = 0 if separated else position
        self.before, self.after = kept[:position], kept[position:]
        if not arrays:  # integers alone
            zero = new((), "int64", x, op)
            fill(zero, asarray(0))
            arrays = [Array(zero, 0, 1, 0, 0, -1)]
        self.arrays = arrays
        self.shape = _common_shape([array.values.shape for array in arrays], op)
        self.steps = [array.stride for array in arrays]
        tensors = [entry for entry in index if _is_tensor(entry)]
        self.distinct = prod(self.shape) < 2 or (len(tensors) == 1 and _is_mask(tensors[0]))
        if len(kept) + len(self.shape) > MANY:
            raise IndexError(f"{op}: the index makes more than {MANY} dimensions")

    @property
    def result(self):
        """The shape of what the index names."""
        return (*(n for n, _ in self.before), *self.shape, *(n for n, _ in self.after))

    @property
    def inner(self):
        """The axes of the result that are those of `shape`."""
        return slice(len(self.before), len(self.before) + len(self.shape))

    def strides(self, *others):
        """Strides along the axes of the result: of the tensor, and of others that lie along `shape`
        only."""
        none = (0,) * len(others)
        before = [(step, *none) for _, step in self.before]
        after = [(step, *none) for _, step in self.after]
        return before + [(0, *steps) for steps in zip(*others, strict=True)] + after

    def strides_of(self, arrays):
        """Strides of arrays along `shape`."""
        return [_views.broadcast_to(array.values, self.shape).strides for array in arrays]

    def offsets(self, x, op):
        """The offset of each place, and for each block of the kernel that found them whether it met
        an index outside; None where there can be none."""
        offsets = new(self.shape, "int64", x, op)
        checked = any(array.axis >= 0 for array in self.arrays)
        blocks = min(blocks_for(offsets.size), THREADS)
        outside = new((blocks,), "bool", x, op)
        for k in range(0, len(self.arrays), MOST):
            arrays = self.arrays[k : k + MOST]
            axes = merged(self.shape, list(zip(*self.strides_of(arrays), strict=True)))
            arguments = (_passed(arrays, x, op), int(k == 0), offsets, outside)
            _run(op, "find_offsets", "", place(x), axes, arguments, len(arrays), blocks)
        return offsets, outside if checked else None


def _is_tensor(entry):
    return entry is not None and entry is not Ellipsis and hasattr(entry, "strides")


def _is_mask(entry):
    return _is_tensor(entry) and number_of(entry.dtype) == BOOL


def _brought(entry, x, op):
    """An entry of an index, on the tensor's device; a tensor of one integer of the CPU as that."""
    if not _is_tensor(entry) or entry.device == x.device:
        return entry
    if entry.device != "cpu":
        raise DeviceError(
            f"{op}: expected tensors on one device, got shape {x.shape} on {x.device} and an "
            f"index of shape {entry.shape} on {entry.device}; use to()"
        )
    if entry.ndim == 0 and not _is_mask(entry) and number_of(entry.dtype) <= UINT64:
        return entry.__index__()
    return to_device(entry, device_number(x.device, op), 0, False)


def _axes_of(entry, op):
    """How many axes an entry picks along."""
    if entry is None or entry is Ellipsis:
        return 0
    if not _is_tensor(entry):
        return 1
    if _is_mask(entry):
        return entry.ndim
    if number_of(entry.dtype) > UINT64:
        raise IndexError(
            f"{op}: arrays used as indices must be of integer (or boolean) type, got {entry.dtype}"
        )
    return 1


def _checked_integer(entry, length, axis, op):
    i = entry.__index__()
    if not -length <= i < length:
        raise IndexError(f"{op}: index {i} is out of bounds for axis {axis} with size {length}")
    return i + length if i < 0 else i


def _picked(x, axis, entry, op):
    """The arrays that an entry stands for."""
    if not _is_mask(entry):
        length, stride = x.shape[axis], x.strides[axis]
        if entry.dtype == np.uint64:  # numbers that do not fit into int64 are outside
            return [Array(entry, 0, length, 0, stride, axis)]
        values = entry if entry.dtype == np.int64 else compact(entry, "int64")
        return [Array(values, -length, length, length, stride, axis)]
    for i, length in enumerate(entry.shape, axis):
        if length != x.shape[i] and length != 0:  # as NumPy
            raise IndexError(
                f"{op}: boolean index did not match indexed array along axis {i}; size of "
                f"axis is {x.shape[i]} but size of corresponding boolean axis is {length}"
            )
    places = _true_places(compact(entry), op)
    if entry.ndim == 0:
        return [Array(places, 0, 1, 0, 0, -1)]
    end = axis + entry.ndim
    axes = merged(x.shape[axis:end], [(stride,) for stride in x.strides[axis:end]])
    if len(axes) == 1:
        return [Array(places, 0, entry.size, 0, axes[0][1][0], -1)]
    return [
        Array(_coordinate(places, entry.shape, i), 0, entry.shape[i], 0, x.strides[axis + i], -1)
        for i in range(entry.ndim)
    ]


def _common_shape(shapes, op):
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise IndexError(
            f"{op}: shape mismatch: indexing arrays could not be broadcast together with shapes "
            + " ".join(str(shape) for shape in shapes if shape != ())
        ) from None


def _passed(arrays, x, op):
    """Arrays as kernels take them, and where these report an index outside."""
    passed = [0, 0]
    if any(array.axis >= 0 for array in arrays):
        passed[:] = report_of(place(x), op)
    for array in arrays:
        passed += (address(array.values), *array[1:])
    return struct.pack(f"{len(passed)}q", *passed)


def _read(tensor):
    """The elements of a small tensor, for which the host waits."""
    return np.asarray(to_device(tensor, 0, 0, False))


# ------------------------------------------------------------------------------------------
# masks
# ------------------------------------------------------------------------------------------


def _true_places(mask, op):
    """The flat indices of the true elements of a mask in C order."""
    if capturing(place(mask)):
        raise RuntimeError(
            f"{op}: the number of true elements has to be read back, which a graph cannot "
            "capture; use where()"
        )
    tiles = -(-mask.size // TILE)
    counts = new((tiles + 1,), "int64", mask, op)
    if mask.size == 0:
        return new((0,), "int64", mask, op)
    device = place(mask)
    plain("count_true")(op, device, tiles, THREADS, mask, mask.size, counts)
    plain("add_up")(op, device, 1, THREADS, counts, tiles)
    total = int(_read(_views.basic_index(counts, (slice(tiles, None),)))[0])
    places = new((total,), "int64", mask, op)
    blocks = tiles if total else 0
    plain("find_true")(op, device, blocks, THREADS, mask, mask.size, counts, places)
    return places


def _coordinate(places, shape, axis):
    """The index along one axis of each flat place."""
    if len(shape) == 1:
        return places
    indices = new(places.shape, "int64", places, "nonzero")
    arguments = (places, places.size, prod(shape[axis + 1 :]), shape[axis], indices)
    blocks = blocks_for(places.size)
    plain("unravel")("nonzero", place(places), blocks, THREADS, *arguments)
    return indices


# ------------------------------------------------------------------------------------------
# moving elements
# ------------------------------------------------------------------------------------------


def _copied(x):
    result = new(x.shape, x.dtype, x, "copy")
    write(result, x)
    return result


def _gathered(x, index, op):
    places = Places(x, index, op)
    result = new(places.result, x.dtype, x, op)
    arrays = places.arrays
    if prod(places.shape) == 0:  # NumPy lets indices that pick nothing be
        return result
    if len(arrays) > MOST or result.size == 0:
        offsets, _ = places.offsets(x, op)
        arrays = [Array(offsets, 1 - 2**63, 2**63 - 1, 0, 1, -1)]
    if result.size == 0:
        return result
    axes = merged(places.result, places.strides(*places.strides_of(arrays)))
    steps = [*places.steps, aligned_address(x, op) + places.start]
    unit, axes = _units(axes, x.dtype.itemsize, steps, range(1, 1 + len(arrays)))
    arguments = (_passed(arrays, x, op), places.start, x, result)
    _run(op, "gather", UNITS[unit], place(x), axes, arguments, len(arrays))
    return result


def _scatter(target, index, value, op, add=False):
    """Write or add a value, broadcast, at the places of an index."""
    places = Places(target, index, op)
    value = _laid(value, target, places.result, op)
    if prod(places.shape) == 0:
        return
    offsets, outside = places.offsets(target, op)
    if prod(places.result) == 0 or target.size == 0:
        return
    one_by_one = add or not places.distinct and value.size > 1
    if one_by_one and _step(places, value) is None:
        value = compact(_views.broadcast_to(value, places.result))
    strides = list(_views.broadcast_to(value, places.result).strides)
    steps = [*places.steps, aligned_address(target, op) + places.start, aligned_address(value, op)]
    arguments = (outside, 0 if outside is None else outside.size, places.start, target)
    if one_by_one:
        # All places are one axis, along which the kernel looks for equal ones.
        count, step, order = prod(places.shape), _step(places, value), None
        if not places.distinct:
            offsets, order = ordered_rows(_views.reshape(offsets, (count,)), count, op)
        strides[places.inner] = [0]
        shape = [*places.result]
        shape[places.inner] = [count]
        along = places.strides([1])
        steps.append(step)
        arguments += (offsets, value, order, count, step)
    else:
        shape, along = places.result, places.strides(offsets.strides)
        arguments += (offsets, value)
    axes = merged(shape, [(*s, v) for s, v in zip(along, strides, strict=True)])
    if add:
        _run(op, "scatter_add", type_name(target.dtype), place(target), axes, arguments)
    else:
        unit, axes = _units(axes, target.dtype.itemsize, steps, (1,))
        name = "scatter_last" if one_by_one else "scatter"
        _run(op, name, UNITS[unit], place(target), axes, arguments)


def _step(places, value):
    """The distance of a value's elements along the places of an index, where there is one."""
    strides = _views.broadcast_to(value, places.result).strides[places.inner]
    axes = merged(places.shape, [(stride,) for stride in strides])
    return None if len(axes) > 1 else axes[0][1][0] if axes else 0


def _laid(value, target, shape, op):
    """A value of the target's dtype, on its device, that broadcasts to a shape."""
    laid = value
    while laid.ndim > len(shape) and laid.shape[0] == 1:
        laid = _views.reshape(laid, laid.shape[1:])
    lead = len(shape) - laid.ndim
    if lead < 0 or any(n not in (1, m) for n, m in zip(laid.shape, shape[lead:], strict=True)):
        raise ValueError(
            f"{op}: shape mismatch: value array of shape {value.shape} could not be broadcast to "
            f"indexing result of shape {shape}"
        )
    if laid.device == target.device and laid.dtype == target.dtype and not overlap(laid, target):
        return laid
    result = new(laid.shape, target.dtype, target, op)
    if laid.device == target.device:
        write(result, laid)
    else:  # a scalar
        fill(result, laid)
    return result


def _units(axes, itemsize, addends, counted):
    """How many bytes are moved at once, and the axes counted in them.

    Elements that follow each other in all operands are moved together, 16 bytes at most, where
    all that is added to an address is a multiple of that. The operands `counted` have indices or
    offsets.
    """
    if not axes:
        return itemsize, axes
    operands = range(len(axes[-1][1]))
    if axes[-1][1] != tuple(0 if k in counted else itemsize for k in operands):
        return itemsize, axes
    length, strides = axes[-1]
    addends = [*addends, length * itemsize]
    addends += [steps[k] for _, steps in axes[:-1] for k in operands if k not in counted]
    for unit in (16, 8, 4, 2):
        if unit > itemsize and not any(addend % unit for addend in addends):
            wider = tuple(0 if k in counted else unit for k in operands)
            return unit, [*axes[:-1], (length * itemsize // unit, wider)]
    return itemsize, axes


@functools.cache
def walker(name, kind, most, index, arrays=0):
    """A kernel of a template over strides.

    Parameters
    ----------
    name : str
        Of `WALKERS`.
    kind : str
        The type of what it moves.
    most : int
        The axes that there may be: FEW or MANY.
    index : {"uint32_t", "uint64_t"}
        A type that can count the elements.
    arrays : int, optional
        How many arrays of indices it takes.
    """
    operands, declared = WALKERS[name]
    declared = declared.replace("Unit", kind).replace("<N>", f"<{arrays}>")
    # __grid_constant__: without it each thread may copy what it indexes.
    strides = f"const __grid_constant__ Strides<{most}, {operands + arrays}> strides"
    parameters = f"{strides}, {declared}"
    types = ", ".join(filter(None, (kind, index, str(most), str(arrays or ""))))
    return kernel(
        "indexing.cuh",
        f"tl_{name}",
        parameters,
        f"indexing::{name}<{types}>(strides, {_names(declared)});",
    )


@functools.cache
def plain(name):
    """One of the kernels of `PLAIN`."""
    call = f"indexing::{name}({_names(PLAIN[name])});"
    return kernel("indexing.cuh", f"tl_{name}", PLAIN[name], call)


def _names(parameters):
    return ", ".join(each.split("*")[-1].split()[-1] for each in parameters.split(", "))


def _run(op, name, kind, device, axes, arguments, arrays=0, blocks=None):
    """Launch it over axes as `merged` gives them."""
    size = prod(length for length, _ in axes)
    most = FEW if len(axes) <= FEW else MANY
    strides = packed_strides(axes, most, WALKERS[name][0] + arrays)
    run = walker(name, kind, most, index_type(size), arrays)
    run(op, device, blocks or blocks_for(size), THREADS, strides, *arguments)


def sources():
    """The sources of the kernels here."""
    for name in PLAIN:
        yield plain(name).source
    for name, (_, declared) in WALKERS.items():
        kinds = {"find_offsets": ("",), "scatter_add": TYPES}.get(name, UNITS.values())
        for kind in kinds:
            for arrays in (1, 2) if "Arrays" in declared else (0,):
                yield walker(name, kind, FEW, "uint32_t", arrays).source
