"""A recorder for tests of what reaches kernels."""

import tensorlib as tl
from tensorlib._core._recorder import Recorder


class Seen(Recorder):
    """Ops in order, each with the dtypes of its operands, truths and integers left out."""

    def __init__(self):
        self.calls = []

    def apply(self, op, inputs, params):
        dtypes = {str(x.dtype) for x in inputs if isinstance(x, tl.Tensor)}
        self.calls.append((op.name, dtypes - {"bool", "int64"}))
        return super().apply(op, inputs, params)

    def count(self, name):
        return [found for found, _ in self.calls].count(name)
