"""``summary``: a table of the layers of a network."""

from typing import NamedTuple

from tensorlib._core._tensor import Tensor
from tensorlib.autograd import no_grad
from tensorlib.nn.parameter import is_lazy

HEADINGS = ("layer", "output shape", "parameters", "bytes")


class Row(NamedTuple):
    """A module of the table; numbers are of its own parameters and buffers, not of those below."""

    name: str
    kind: str
    depth: int
    output_shape: object  # a tuple; nested tuples for several outputs; None where it was not called
    parameters: int
    trainable: int
    bytes: int


class Summary:
    """A table of the modules of a network, made by `summary`.

    Attributes
    ----------
    rows : list of Row
        ``name``, ``kind``, ``depth``, ``output_shape``, ``parameters``, ``trainable`` and ``bytes``
        of each module, in the order of ``named_modules``. What several modules share counts for
        the first.
    parameters, trainable : int
        Elements of all parameters, and of those that require a gradient.
    parameter_bytes, buffer_bytes : int
    output_bytes : int
        Of the outputs of the modules that hold no others.

    Examples
    --------
    >>> from tensorlib import nn
    >>> nn.summary(nn.Linear(3, 2)).parameters
    8
    """

    def __init__(self, rows, parameter_bytes, buffer_bytes, output_bytes):
        self.rows = rows
        self.parameters = sum(row.parameters for row in rows)
        self.trainable = sum(row.trainable for row in rows)
        self.parameter_bytes = parameter_bytes
        self.buffer_bytes = buffer_bytes
        self.output_bytes = output_bytes

    def __repr__(self):
        cells = [HEADINGS] + [
            (
                "  " * row.depth + (f"{row.name}: {row.kind}" if row.name else row.kind),
                "-" if row.output_shape is None else str(row.output_shape),
                f"{row.parameters:,}" if row.parameters else "-",
                f"{row.bytes:,}" if row.bytes else "-",
            )
            for row in self.rows
        ]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}  {d:>{widths[3]}}"
            for a, b, c, d in cells
        ]
        rule = "-" * len(lines[0])
        total = [
            f"parameters: {self.parameters:,}, of which {self.trainable:,} are trained",
            f"bytes: {self.parameter_bytes:,} of parameters, {self.buffer_bytes:,} of buffers, "
            f"{self.output_bytes:,} of outputs",
        ]
        return "\n".join([lines[0], rule, *lines[1:], rule, *total])


def summary(module, *inputs, **kwargs):
    """A table of the modules of a network: layer, shape of the output, parameters, bytes.

    Parameters
    ----------
    module : Module
    *inputs, **kwargs
        What to call it with, once, in evaluation mode and without gradients, to see the shapes.
        Without arguments it is not called.

    Returns
    -------
    Summary
        Its repr is the table.

    Raises
    ------
    RuntimeError
        If a parameter has no shape yet and there are no inputs.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> nn.summary(net, tl.zeros((5, 4), dtype="float32"))
    layer        output shape  parameters  bytes
    --------------------------------------------
    Sequential   (5, 2)                 -      -
      0: Linear  (5, 8)                40    160
      1: ReLU    (5, 8)                 -      -
      2: Linear  (5, 2)                18     72
    --------------------------------------------
    parameters: 58, of which 58 are trained
    bytes: 232 of parameters, 0 of buffers, 360 of outputs
    """
    outputs = _outputs_of_call(module, inputs, kwargs) if inputs or kwargs else {}
    rows, seen, totals = [], set(), {"_parameters": 0, "_buffers": 0}
    output_bytes = 0
    for path, part in module.named_modules():
        counts = {"_parameters": 0, "trainable": 0, "bytes": 0}
        for table in totals:
            for name, member in vars(part)[table].items():
                if member is None or id(member) in seen:
                    continue
                if is_lazy(member):
                    raise RuntimeError(
                        f"summary: {path or type(part).__name__}: {name!r} has no shape yet; give "
                        "inputs to call the module with"
                    )
                seen.add(id(member))
                totals[table] += member.nbytes
                counts["bytes"] += member.nbytes
                if table == "_parameters":
                    counts["_parameters"] += member.size
                    counts["trainable"] += member.size * member.requires_grad
        output = outputs.get(part)
        if output is not None and not any(True for _ in part.children()):
            output_bytes += output[1]
        rows.append(
            Row(
                path.rpartition(".")[2],
                part._get_name(),
                path.count(".") + 1 if path else 0,
                output[0] if output else None,
                counts["_parameters"],
                counts["trainable"],
                counts["bytes"],
            )
        )
    return Summary(rows, totals["_parameters"], totals["_buffers"], output_bytes)


def _outputs_of_call(module, inputs, kwargs):
    """Module -> (shape, bytes) of its first output in a call."""
    outputs = {}

    def note(part, args, output):
        if part not in outputs:
            shapes = _shapes(output)
            if shapes is not None:
                outputs[part] = shapes, _bytes(output)

    modules = list(module.modules())
    modes = [part.training for part in modules]
    handles = [part.register_forward_hook(note) for part in modules]
    try:
        module.eval()
        with no_grad():
            module(*inputs, **kwargs)
    finally:
        for handle in handles:
            handle.remove()
        for part, mode in zip(modules, modes, strict=True):
            part.training = mode
    return outputs


def _parts(output):
    if isinstance(output, dict):
        return list(output.values())
    return list(output) if isinstance(output, tuple | list) else None


def _shapes(output):
    """The shape of a Tensor, shapes in a tuple for nested results, None for what is neither."""
    if isinstance(output, Tensor):
        return output.shape
    parts = _parts(output)
    if parts is None:
        return None
    return tuple(shape for part in parts if (shape := _shapes(part)) is not None)


def _bytes(output):
    if isinstance(output, Tensor):
        return output.nbytes
    return sum(_bytes(part) for part in _parts(output) or ())
