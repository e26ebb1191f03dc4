"""Drawings of recorded graphs, as Graphviz's DOT text."""

import os

from tensorlib._core._tensor import Tensor
from tensorlib.autograd._grad import as_tensors

STYLES = {
    "leaf": 'style=filled, fillcolor="#cfe8cf"',
    "op": 'style=filled, fillcolor="#e8e8e8"',
    "output": 'style=filled, fillcolor="#cfdcef"',
    "saved": 'style="filled,dashed", fillcolor="#f5e6c8"',
}


class Drawing:
    """A drawing of a graph: its text is in Graphviz's language DOT. Made by `make_dot`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.ones(2).requires_grad_()
    >>> print(str(tl.autograd.graph.make_dot(tl.exp(x))).splitlines()[0])
    digraph {
    """

    def __init__(self, text):
        self.text = text

    def __str__(self):
        return self.text

    def __repr__(self):
        return f"<Drawing of {self.text.count(' -> ')} edges>"

    def save(self, path):
        """Write a file: the text, or for a path that ends in ``.svg`` the picture.

        Parameters
        ----------
        path : str or path-like
        """
        text = self.svg() if os.fsdecode(path).endswith(".svg") else self.text
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def svg(self):
        """The picture in SVG, drawn by the program ``dot``.

        Returns
        -------
        str

        Raises
        ------
        ImportError
            If the package graphviz is not installed.
        RuntimeError
            If the program ``dot`` is not.
        """
        try:
            import graphviz
        except ImportError as error:
            raise ImportError(
                "make_dot: expected the package graphviz for a picture (pip install graphviz); "
                "the text of the drawing needs none"
            ) from error
        try:
            return graphviz.Source(self.text).pipe(format="svg", encoding="utf-8")
        except graphviz.ExecutableNotFound as error:
            raise RuntimeError(
                "make_dot: expected Graphviz's program dot on the PATH for a picture; the text of "
                "the drawing needs none"
            ) from error

    def _repr_svg_(self):
        """What notebooks show; nothing where there is no Graphviz."""
        try:
            return self.svg()
        except (ImportError, RuntimeError):
            return None


def make_dot(outputs, params=None, show_saved=False):
    """Draw the graph that was recorded for tensors.

    An arrow leads from each value to the op that it goes into. Ops show their name, the shapes of
    their results and the line of the program that called them.

    Parameters
    ----------
    outputs : Tensor or sequence of Tensor
    params : dict of (str, Tensor) or iterable of (str, Tensor), optional
        Names of leaves, for example ``model.named_parameters()``.
    show_saved : bool, optional
        Whether to draw the tensors that ops keep for their gradients.

    Returns
    -------
    Drawing
        ``str`` gives its text, ``save(path)`` writes it, ``svg()`` draws it.

    Raises
    ------
    TypeError
        If something else than Tensors is given.

    Examples
    --------
    >>> import tensorlib as tl
    >>> w = tl.ones(2).requires_grad_()
    >>> print(tl.autograd.graph.make_dot((w * w).sum(), {"w": w}))
    digraph {
      node [shape=box, fontname="sans-serif", fontsize=10]
      n0 [label="()", style=filled, fillcolor="#cfdcef"]
      n1 [label="sum\\n()\\n...:1", style=filled, fillcolor="#e8e8e8"]
      n1 -> n0
      n2 [label="multiply\\n(2,)\\n...:1", style=filled, fillcolor="#e8e8e8"]
      n2 -> n1
      n3 [label="w\\n(2,)", style=filled, fillcolor="#cfe8cf"]
      n3 -> n2
      n3 -> n2
    }
    """
    outputs = as_tensors("make_dot", "outputs", outputs)
    named = dict(params or {})
    as_tensors("make_dot", "params", named)
    writer = _Writer({id(x): name for name, x in named.items()}, show_saved)
    for position, x in enumerate(outputs):
        writer.output(position, x)
    return Drawing(writer.text())


class _Writer:
    """Nodes and edges as lines, each node once."""

    def __init__(self, names, show_saved):
        self.names = names
        self.show_saved = show_saved
        self.lines = []
        self.numbers = {}

    def number(self, key):
        """The DOT name of something, and whether it is new."""
        new = key not in self.numbers
        return f"n{self.numbers.setdefault(key, len(self.numbers))}", new

    def node(self, name, kind, *label):
        text = "\\n".join(str(x).replace("\\", "\\\\").replace('"', '\\"') for x in label)
        self.lines.append(f'  {name} [label="{text}", {STYLES[kind]}]')

    def output(self, position, x):
        name, _ = self.number(("output", position))  # beside the leaf that it may be
        self.node(name, "output", *self.describe(x))
        if x.requires_grad:
            self.follow(x if x.grad_fn is None else x.grad_fn, name)

    def describe(self, x):
        name = self.names.get(id(x))
        return (name, x.shape) if name else (x.shape,)

    def follow(self, start, target):
        """Draw what leads to a node, without recursion, as graphs are deep."""
        stack = [(start, target)]
        while stack:
            entry, target = stack.pop()
            name, new = self.number(id(entry))
            if new:
                self.describe_new(name, entry, stack)
            self.lines.append(f"  {name} -> {target}")

    def describe_new(self, name, entry, stack):
        if isinstance(entry, Tensor):
            self.node(name, "leaf", *self.describe(entry))
            return
        file, _, line = entry.where.rpartition(":")
        where = f"{os.path.basename(file)}:{line}" if file else entry.where
        self.node(name, "op", entry.name, *entry.output_shapes, where)
        for tensor in entry.kept if self.show_saved else ():
            if isinstance(tensor, Tensor):
                saved = f"{name}s{len(self.lines)}"
                self.node(saved, "saved", "saved", tensor.shape, tensor.dtype)
                self.lines.append(f"  {saved} -> {name} [style=dashed, dir=none]")
        stack += [(edge[0], name) for edge in entry.next_functions[::-1] if edge is not None]

    def text(self):
        start = ["digraph {", '  node [shape=box, fontname="sans-serif", fontsize=10]']
        return "\n".join([*start, *self.lines, "}"])
