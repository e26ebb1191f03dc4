"""Data sets: samples by number."""

from tensorlib._core._tensor import Tensor


class Dataset:
    """The base of data sets: a subclass defines ``__getitem__`` and ``__len__``.

    Examples
    --------
    >>> from tensorlib.utils.data import DataLoader, Dataset
    >>> class Squares(Dataset):
    ...     def __getitem__(self, index):
    ...         return index**2
    ...
    ...     def __len__(self):
    ...         return 5
    >>> [batch.tolist() for batch in DataLoader(Squares(), batch_size=3)]
    [[0, 1, 4], [9, 16]]
    """

    def __getitem__(self, index):
        raise NotImplementedError(f"{type(self).__name__}: no __getitem__ is defined")

    def __len__(self):
        raise NotImplementedError(f"{type(self).__name__}: no __len__ is defined")


class TensorDataset(Dataset):
    """Samples along the first axis of Tensors.

    Parameters
    ----------
    *tensors : Tensor
        With first axes of the same length.

    Raises
    ------
    TypeError
        If something is no Tensor.
    ValueError
        If the lengths differ, or there is no Tensor.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.utils.data import TensorDataset
    >>> images, labels = tl.zeros((10, 28, 28)), tl.arange(10)
    >>> dataset = TensorDataset(images, labels)
    >>> len(dataset), dataset[3][1].item()
    (10, 3)
    >>> dataset[[2, 5]][0].shape
    (2, 28, 28)
    """

    def __init__(self, *tensors):
        if not tensors:
            raise ValueError("TensorDataset: expected at least one Tensor")
        for tensor in tensors:
            if not isinstance(tensor, Tensor):
                kind = type(tensor).__name__
                raise TypeError(f"TensorDataset: expected Tensors, got {kind}")
        shapes = [tensor.shape for tensor in tensors]
        if not all(shapes) or len({shape[0] for shape in shapes}) > 1:
            raise ValueError(
                f"TensorDataset: expected first axes of the same length, got shapes "
                f"{', '.join(map(str, shapes))}"
            )
        self.tensors = tensors

    def __getitem__(self, index):
        """Return a tuple of one part of each Tensor; `index` may be whatever indexes an axis."""
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self):
        return self.tensors[0].shape[0]


class Subset(Dataset):
    """Some of the samples of a data set.

    Parameters
    ----------
    dataset : Dataset
    indices : sequence of int

    Examples
    --------
    >>> from tensorlib.utils.data import Subset
    >>> list(Subset("abcdef", [0, 2, 4]))
    ['a', 'c', 'e']
    """

    def __init__(self, dataset, indices):
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index):
        return self.dataset[self.indices[index]]

    def __len__(self):
        return len(self.indices)
