"""Checks for tests: gradients against finite differences, tensors against expected values."""

from tensorlib.testing._compare import assert_allclose, assert_array_equal
from tensorlib.testing._gradients import check_grads

__all__ = ["assert_allclose", "assert_array_equal", "check_grads"]
