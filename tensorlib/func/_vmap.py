"""``vmap``: a function of one example made a function of many."""

import functools
import operator

from tensorlib._core._tensor import Tensor
from tensorlib._joining import concatenate
from tensorlib._manipulation import moveaxis
from tensorlib._statistics import NoValue
from tensorlib.func._batching import Batching
from tensorlib.func._trees import check_tensors, flatten, spread


def vmap(func, in_dims=0, out_dims=0, randomness="error", *, chunk_size=None,
         in_axes=NoValue, out_axes=NoValue):  # fmt: skip
    """A function that maps another over an axis of its arguments, all elements at once.

    Parameters
    ----------
    func : callable
        Of one element. It takes trees (lists, tuples, dicts) of Tensors and other values, and
        returns trees of Tensors. It cannot decide by what is in its Tensors (use ``where``).
    in_dims : int, None or tree of them, optional
        The axis to map over, of each argument; None for what is the same for all elements.
        Keyword arguments are mapped along their first axis.
    out_dims : int, None or tree of them, optional
        Where the axis is in each output; None for one that is the same for all.
    randomness : {"error", "different", "same"}, optional
        What random functions inside do: refuse, or give the elements numbers of their own, or the
        same ones.
    chunk_size : int, optional
        How many elements are computed at once, to save memory; all by default.
    in_axes, out_axes : optional
        Other names of `in_dims` and `out_dims`, those of JAX.

    Returns
    -------
    callable
        Of the same arguments, with the axis more.

    Raises
    ------
    ValueError
        If axes do not exist or have different lengths, or `in_dims` has another structure than
        the arguments.
    TypeError
        If something is mapped that is no Tensor, or the function returns something else.
    RuntimeError
        If the function asks for the value of a Tensor, or the shape of a result would depend on it.

    Examples
    --------
    >>> import tensorlib as tl
    >>> dots = tl.func.vmap(tl.vecdot, in_dims=(0, None))
    >>> dots(tl.asarray([[1.0, 2.0], [3.0, 4.0]]), tl.asarray([1.0, 10.0]))
    tensor([21., 43.])
    """
    in_dims = in_dims if in_axes is NoValue else in_axes
    out_dims = out_dims if out_axes is NoValue else out_axes
    if not callable(func):
        raise TypeError(f"vmap: expected a function, got {type(func).__name__}")
    if randomness not in ("error", "different", "same"):
        raise ValueError("vmap: expected randomness 'error', 'different' or 'same', got "
                         f"{randomness!r}")  # fmt: skip
    if chunk_size is not None and _integer("chunk_size", chunk_size) < 1:
        raise ValueError(f"vmap: expected chunk_size >= 1, got {chunk_size!r}")

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        leaves, rebuild = flatten((args, kwargs))
        dims = spread("vmap", "in_dims", in_dims, args)
        dims += [0] * (len(leaves) - len(dims))
        dims = [_axis(x, dim) for x, dim in zip(leaves, dims, strict=True)]
        size = _size(leaves, dims)
        # The whole batch in front.
        values = [x if dim is None else _moved(x, dim, 0)
                  for x, dim in zip(leaves, dims, strict=True)]  # fmt: skip
        step = size if chunk_size is None else chunk_size
        if step >= size:
            found, _, rebuild_outputs = _run(
                func, rebuild, values, dims, size, out_dims, randomness
            )
            return rebuild_outputs(found)
        parts = []
        for start in range(0, size, step):
            some = [x if dim is None else x[start : start + step]
                    for x, dim in zip(values, dims, strict=True)]  # fmt: skip
            parts.append(_run(func, rebuild, some, dims, min(step, size - start), out_dims,
                              randomness))  # fmt: skip
        return _together(parts)

    return wrapper


def _integer(what, value):
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"vmap: expected integers as {what}, got {value!r}") from None


def _axis(x, dim):
    """The axis of an argument, non-negative, or None."""
    if dim is None:
        return None
    dim = _integer("in_dims", dim)
    if not isinstance(x, Tensor):
        raise TypeError(f"vmap: expected a Tensor to map over axis {dim}, got {type(x).__name__}; "
                        "its entry of in_dims must be None")  # fmt: skip
    if not -x.ndim <= dim < x.ndim:
        raise ValueError(f"vmap: expected an axis to map over, got {dim} for shape {x.shape}")
    return dim % x.ndim


def _size(leaves, dims):
    sizes = {x.shape[dim] for x, dim in zip(leaves, dims, strict=True) if dim is not None}
    if not sizes:
        raise ValueError("vmap: expected an argument to map over, got in_dims of None alone")
    if len(sizes) > 1:
        raise ValueError(f"vmap: expected axes of one length to map over, got {sorted(sizes)}")
    return sizes.pop()


def _moved(x, source, target):
    """An axis at another place; the tensor itself where it is there."""
    return x if source == target else moveaxis(x, source, target)


def _run(func, rebuild, values, dims, size, out_dims, randomness):
    """Run the function for a batch; its outputs, where the axis is in each, and their tree."""
    batch = Batching(size, randomness)
    given = [x if dim is None else batch.join(x) for x, dim in zip(values, dims, strict=True)]
    args, kwargs = rebuild(given)
    try:
        with batch:
            result = func(*args, **kwargs)
        outputs, rebuild_outputs = check_tensors("vmap", "from the function", result)
        wanted = spread("vmap", "out_dims", out_dims, result)
        found = [_placed(batch, x, dim) for x, dim in zip(outputs, wanted, strict=True)]
    except BaseException:
        batch.release()
        raise
    del result, outputs  # what is left of the function's tensors is the caller's
    if batch.release():
        raise RuntimeError(
            "vmap: expected the function to write into tensors of its own, got a write of a batch "
            "of values into one from outside; it has its old values again"
        )
    return found, wanted, rebuild_outputs


def _placed(batch, x, dim):
    """An output with the axis of the batch where it is asked for."""
    value = batch.value(x)
    if dim is None:
        if value is not None:
            raise ValueError(f"vmap: expected an output that is the same for all elements, as its "
                             f"out_dims is None, got a batch of shape {x.shape}")  # fmt: skip
        return batch.plain(x)
    if value is None:
        value = batch.full(x).copy()
    rank = x.ndim + 1
    dim = _integer("out_dims", dim)
    if not -rank <= dim < rank:
        raise ValueError(f"vmap: expected out_dims below {rank}, got {dim} for an output of shape "
                         f"{x.shape}")  # fmt: skip
    return _moved(value, 0, dim % rank)


def _together(parts):
    """The outputs of several chunks joined."""
    _, wanted, rebuild = parts[0]
    outputs = zip(*[found for found, _, _ in parts], strict=True)
    joined = [
        pieces[0] if dim is None else concatenate(pieces, axis=dim)
        for dim, pieces in zip(wanted, outputs, strict=True)
    ]
    return rebuild(joined)
