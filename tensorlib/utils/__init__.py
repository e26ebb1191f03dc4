"""Helpers around training: data sets and batches in `utils.data`, and checkpoints."""

from tensorlib.utils import checkpoint, data

__all__ = ["checkpoint", "data"]
