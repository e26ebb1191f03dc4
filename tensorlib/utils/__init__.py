"""Helpers around training: data sets and batches in `utils.data`."""

from tensorlib.utils import data

__all__ = ["data"]
