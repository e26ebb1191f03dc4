"""``save`` and ``load``: Tensors in safetensors files.

The format: the length of the header (8 bytes, little-endian), the header (a JSON object from names
to dtype, shape and span of bytes, padded with spaces), and the bytes of the Tensors without gaps.
https://github.com/huggingface/safetensors
"""

import contextlib
import math
import os

import numpy as np

from tensorlib._core._dtypes import ML_DTYPES
from tensorlib._core._functions import asarray, empty
from tensorlib._core._tensor import Tensor
from tensorlib._core.device import check_device
from tensorlib._core.errors import SerializationError
from tensorlib._lazy import lazy_module

json = lazy_module("json")

FORMAT_NAMES = {
    "bool": "BOOL",
    "int8": "I8",
    "int16": "I16",
    "int32": "I32",
    "int64": "I64",
    "uint8": "U8",
    "uint16": "U16",
    "uint32": "U32",
    "uint64": "U64",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "float16": "F16",
    "bfloat16": "BF16",
    "float32": "F32",
    "float64": "F64",
    "complex64": "C64",
}
DTYPE_NAMES = {name: dtype for dtype, name in FORMAT_NAMES.items()}
HEADER_LIMIT = 100_000_000  # bytes, that of the format's reference implementation
ALIGNMENT = 8
METADATA = "__metadata__"
STRUCTURE = "tensorlib.structure"


def save(state, path):
    """Write Tensors to a safetensors file.

    The file appears whole or not at all: it is written beside the target, and then renamed.

    Parameters
    ----------
    state : dict
        Names to Tensors, such as the state of a module. Dicts, lists and tuples may be nested, and
        hold None, bools, numbers and strings too, such as the state of an optimizer: their Tensors
        get names with dots, and the rest goes into the file's metadata.
    path : str or os.PathLike
        By custom it ends in ``.safetensors``.

    Raises
    ------
    OSError
        If the file cannot be written.
    TypeError
        If there is something else in `state`, or a dtype that the format does not have, such as
        complex128.
    ValueError
        If two Tensors get the same name, or a structure contains itself.

    Examples
    --------
    >>> import os, tempfile
    >>> import tensorlib as tl
    >>> path = os.path.join(tempfile.mkdtemp(), "weights.safetensors")
    >>> tl.save({"weight": tl.ones((2, 3)), "bias": tl.zeros(2)}, path)
    >>> {name: x.shape for name, x in tl.load(path).items()}
    {'weight': (2, 3), 'bias': (2,)}
    """
    if not isinstance(state, dict):
        raise TypeError(f"save: expected a dict, got {type(state).__name__}")
    tensors = {}
    try:
        structure = _flatten(state, "", tensors)
    except RecursionError:
        raise ValueError("save: the structure is too deep or contains itself") from None
    header = {}
    if not all(type(name) is str and isinstance(value, Tensor) for name, value in state.items()):
        header[METADATA] = {STRUCTURE: json.dumps(structure)}
    header |= {
        name: {"dtype": FORMAT_NAMES[tensor.dtype.name], "shape": list(tensor.shape)}
        for name, tensor in tensors.items()
    }
    # Wide elements first, so that all are aligned.
    names = sorted(tensors, key=lambda name: -tensors[name].itemsize)
    end = 0
    for name in names:
        start, end = end, end + tensors[name].nbytes
        header[name]["data_offsets"] = [start, end]
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    if len(text) > HEADER_LIMIT:
        raise ValueError(f"save: a header of {len(text)} bytes is more than {HEADER_LIMIT}")
    with _replacing(path) as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for name in names:
            values = np.ascontiguousarray(tensors[name].detach().cpu())
            file.write(_little_endian(values).tobytes())


def load(path, map_location=None):
    """Read a safetensors file.

    Parameters
    ----------
    path : str or os.PathLike
    map_location : str, optional
        The device to put the Tensors on, wherever they were when they were saved; by default the
        CPU.

    Returns
    -------
    dict
        What `save` was given, or names to Tensors if another program wrote the file. The Tensors
        have memory of their own and require no gradient.

    Raises
    ------
    OSError
        If the file cannot be read.
    DeviceError
        If there is no such device.
    SerializationError
        If the file is damaged, or is no safetensors file.
    ImportError
        If it has bfloat16 or float8 and ``ml_dtypes`` is not installed.

    Examples
    --------
    >>> import os, tempfile
    >>> import tensorlib as tl
    >>> path = os.path.join(tempfile.mkdtemp(), "state.safetensors")
    >>> tl.save({"epoch": 3, "rates": [0.5, 0.25], "weight": tl.ones(2)}, path)
    >>> state = tl.load(path)
    >>> state["epoch"], state["rates"], state["weight"].shape
    (3, [0.5, 0.25], (2,))
    """
    check_device(map_location, "load")
    with open(path, "rb") as file:
        try:
            return _read(file, map_location)
        except _Damage as damage:
            raise SerializationError(f"load: {os.fspath(path)!r}: {damage}") from None


class _Damage(Exception):
    """What is wrong with a file."""


def _read(file, device):
    size = os.fstat(file.fileno()).st_size
    if size < 8:
        raise _Damage(f"expected at least 8 bytes, got {size}")
    length = int.from_bytes(file.read(8), "little")
    if length > min(size - 8, HEADER_LIMIT):
        raise _Damage(f"expected a header within the file's {size} bytes, got length {length}")
    header = _parse(file.read(length), "header")
    metadata = header.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(x, str) for x in metadata.values()):
        raise _Damage(f"expected {METADATA} to hold strings")
    entries = {name: _check_entry(name, entry) for name, entry in header.items()}
    _check_spans(entries, size - 8 - length)
    tensors = {}
    for name, (dtype, shape, (start, _)) in entries.items():
        file.seek(8 + length + start)
        tensors[name] = asarray(_read_tensor(file, name, dtype, shape), device=device)
    if STRUCTURE not in metadata:
        return tensors
    unused = dict(tensors)
    try:
        state = _restore(json.loads(metadata[STRUCTURE]), unused)
    except (KeyError, TypeError, ValueError, RecursionError):
        raise _Damage("the structure in the metadata does not fit the tensors") from None
    if unused or not isinstance(state, dict):
        raise _Damage("the structure in the metadata does not fit the tensors")
    return state


def _parse(text, what):
    try:
        value = json.loads(text.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _Damage(f"the {what} is no valid JSON ({error})") from None
    if not isinstance(value, dict):
        raise _Damage(f"expected the {what} to be a JSON object, got {type(value).__name__}")
    return value


def _unique(pairs):
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise _Damage(f"the name {double!r} comes twice")
    return result


def _check_entry(name, entry):
    """The dtype, shape and span of a tensor, once they are seen to agree."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise _Damage(f"tensor {name!r}: expected dtype, shape and data_offsets")
    shape, span = entry["shape"], entry["data_offsets"]
    for values in (shape, span):
        valid = isinstance(values, list) and all(type(n) is int and n >= 0 for n in values)
        if not valid:
            raise _Damage(f"tensor {name!r}: expected lists of whole numbers, got {values!r:.60}")
    if len(span) != 2:
        raise _Damage(f"tensor {name!r}: expected two data_offsets, got {len(span)}")
    if not isinstance(entry["dtype"], str) or entry["dtype"] not in DTYPE_NAMES:
        raise _Damage(
            f"tensor {name!r}: expected a dtype of {', '.join(DTYPE_NAMES)}, "
            f"got {entry['dtype']!r:.60}"
        )
    dtype = _dtype(DTYPE_NAMES[entry["dtype"]])
    wanted = math.prod(shape) * dtype.itemsize
    if span[1] - span[0] != wanted:
        raise _Damage(
            f"tensor {name!r}: expected {wanted} bytes for shape {shape} of {dtype}, "
            f"got {span[1] - span[0]}"
        )
    return dtype, tuple(shape), tuple(span)


def _check_spans(entries, size):
    """Refuse gaps, overlaps and bytes that belong to no tensor."""
    end = 0
    for name, (_, _, span) in sorted(entries.items(), key=lambda item: item[1][2]):
        if span[0] != end:
            raise _Damage(f"tensor {name!r}: expected data_offsets from {end}, got {span[0]}")
        end = span[1]
    if end != size:
        raise _Damage(f"expected {end} bytes of data, got {size}")


def _dtype(name):
    if name not in ML_DTYPES:
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError:
        raise ImportError(f"load: {name} needs the package ml_dtypes") from None
    return np.dtype(getattr(ml_dtypes, name))


def _read_tensor(file, name, dtype, shape):
    try:
        tensor = empty(shape, dtype=dtype)
    except (ValueError, OverflowError) as error:  # such as too many axes
        raise _Damage(f"tensor {name!r}: {error}") from None
    values = np.asarray(tensor)
    if tensor.size:
        raw = values.reshape(-1).view(np.uint8)
        if file.readinto(raw) != raw.size:
            raise _Damage(f"tensor {name!r}: the file ends early")
        if dtype == np.bool_ and raw.max() > 1:
            raise _Damage(f"tensor {name!r}: expected bytes 0 and 1 for bool, got {raw.max()}")
        values[...] = _little_endian(values)
    return tensor


def _little_endian(array):
    """Bytes swapped on machines that are big-endian, and thereby back again."""
    return array if np.little_endian else array.byteswap()


def _flatten(value, name, tensors):
    """Collect Tensors by name; return the structure around them, as JSON has it."""
    if isinstance(value, Tensor):
        if value.dtype.name not in FORMAT_NAMES:
            raise TypeError(
                f"save: {name!r}: the format has no {value.dtype}; "
                "save the real and imaginary parts, or complex64"
                if value.dtype.kind == "c"
                else f"save: {name!r}: the format has no {value.dtype}"
            )
        if name in tensors or name == METADATA:
            raise ValueError(f"save: expected a name of its own for each tensor, got {name!r}")
        tensors[name] = value
        return {"tensor": name}
    if value is None or type(value) in (bool, int, float, str):
        return {"value": value}
    prefix = f"{name}." if name else ""
    if isinstance(value, dict):
        for key in value:
            if type(key) not in (str, int):
                kind = type(key).__name__
                raise TypeError(f"save: {name!r}: expected keys to be str or int, got {kind}")
        return {"dict": [[k, _flatten(x, f"{prefix}{k}", tensors)] for k, x in value.items()]}
    if type(value) in (list, tuple):
        items = [_flatten(x, f"{prefix}{i}", tensors) for i, x in enumerate(value)]
        return {type(value).__name__: items}
    raise TypeError(
        f"save: {name!r}: expected Tensors, dicts, lists, tuples, numbers, strings or None, "
        f"got {type(value).__name__}"
    )


def _restore(structure, tensors):
    """The inverse of `_flatten`; it takes the Tensors out of `tensors`."""
    ((kind, value),) = structure.items()
    if kind == "tensor":
        return tensors.pop(value)
    if kind == "value":
        return value
    if kind == "dict":
        return {key: _restore(item, tensors) for key, item in value}
    return {"list": list, "tuple": tuple}[kind](_restore(item, tensors) for item in value)


@contextlib.contextmanager
def _replacing(path):
    """A file to write that takes the place of `path` once it is whole and on the disk."""
    folder, name = os.path.split(os.path.realpath(path))
    target = os.path.join(folder, name)
    # Not tempfile: its files are for the owner alone, whatever the umask says.
    part = os.path.join(folder, f".{name}.{os.urandom(8).hex()}")
    try:
        with open(part, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        raise
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)
