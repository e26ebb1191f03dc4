"""The base of the losses."""

from tensorlib.nn.module import Module


class Loss(Module):
    """A loss, whose `reduction` says what becomes of those of the elements."""

    def __init__(self, reduction="mean"):
        super().__init__()
        self.reduction = reduction
