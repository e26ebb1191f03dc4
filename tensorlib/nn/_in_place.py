"""What layers with ``inplace`` share."""

from tensorlib.nn.module import Module


class InPlace(Module):
    """A layer that may write its result into its input."""

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def extra_repr(self):
        return self.with_inplace("")

    def with_inplace(self, options):
        """The options and, if it is so, that the input is written."""
        return ", ".join([options] * bool(options) + ["inplace=True"] * self.inplace)
