"""What programs do with tensors around the arithmetic: make, index, reshape, write, exchange."""

import numpy as np

import tensorlib as tl

SHAPES = ((4,), (1000, 1000))


class TimeCreation:
    params = (SHAPES,)
    param_names = ("shape",)

    def setup(self, shape):
        self.array = np.ones(shape, np.float32)

    def time_empty(self, shape):
        tl.empty(shape, tl.float32)

    def time_zeros(self, shape):
        tl.zeros(shape, tl.float32)

    def time_full(self, shape):
        tl.full(shape, 3.0, tl.float32)

    def time_array(self, shape):
        tl.array(self.array)

    def time_asarray(self, shape):
        tl.asarray(self.array)


class TimeSmallCreation:
    def time_arange(self):
        tl.arange(10)

    def time_from_list(self):
        tl.asarray([1.0, 2.0, 3.0, 4.0])


class TimeIndexing:
    params = (SHAPES,)
    param_names = ("shape",)

    def setup(self, shape):
        self.x = tl.ones(shape, tl.float32)
        self.integers = tl.asarray(np.array([3, 0, 2, 2]))
        self.mask = tl.asarray(np.arange(self.x.size).reshape(shape) % 2 == 0)

    def time_integer(self, shape):
        self.x[1]

    def time_slice(self, shape):
        self.x[1:3]

    def time_negative_step(self, shape):
        self.x[::-1]

    def time_new_axis(self, shape):
        self.x[:, None]

    def time_integers(self, shape):
        self.x[self.integers]

    def time_mask(self, shape):
        self.x[self.mask]

    def time_write_slice(self, shape):
        self.x[1:3] = 2.0

    def time_write_integers(self, shape):
        self.x[self.integers] = 2.0

    def time_write_mask(self, shape):
        self.x[self.mask] = 2.0


class TimeViews:
    def setup(self):
        self.x = tl.ones((4, 6), tl.float32)
        self.row = tl.ones((6,), tl.float32)

    def time_reshape(self):
        self.x.reshape(6, 4)

    def time_flatten_view(self):
        self.x.reshape(-1)

    def time_transpose(self):
        self.x.T  # noqa: B018

    def time_transpose_axes(self):
        tl.transpose(self.x, (1, 0))

    def time_broadcast_to(self):
        tl.broadcast_to(self.row, (4, 6))


class TimeExchange:
    def setup(self):
        self.array = np.ones(4, np.float32)
        self.x = tl.ones(4, tl.float32)

    def time_to_numpy(self):
        np.asarray(self.x)

    def time_to_dlpack(self):
        np.from_dlpack(self.x)

    def time_from_dlpack(self):
        tl.from_dlpack(self.array)

    def time_item(self):
        self.x.item(1)

    def time_tolist(self):
        self.x.tolist()


class TimeStrided:
    """Arithmetic on memory that is not in C order."""

    def setup(self):
        self.x = tl.ones((1000, 1000), tl.float32)
        self.row = tl.ones(1000, tl.float32)
        self.column = tl.ones((1000, 1), tl.float32)

    def time_add_transposed(self):
        self.x.T + self.x

    def time_add_row(self):
        self.x + self.row

    def time_add_column(self):
        self.x + self.column

    def time_add_every_second(self):
        self.x[:, ::2] + self.x[:, 1::2]

    def time_add_in_place(self):
        self.x += 1.0

    def time_sum_rows(self):
        self.x.sum(axis=1)

    def time_sum_columns(self):
        self.x.sum(axis=0)

    def time_copy_transposed(self):
        self.x.T.copy("C")
