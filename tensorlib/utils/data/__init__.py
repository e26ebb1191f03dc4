"""Data sets, and batches drawn from them."""

from tensorlib.utils.data._collate import default_collate
from tensorlib.utils.data._dataset import Dataset, Subset, TensorDataset
from tensorlib.utils.data._loader import DataLoader
from tensorlib.utils.data._sampler import RandomSampler, Sampler, SequentialSampler

__all__ = [
    "DataLoader",
    "Dataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "TensorDataset",
    "default_collate",
]
