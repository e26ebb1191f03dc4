"""The number of threads that kernels may use."""

import pytest

import tensorlib as tl


def test_the_number_is_kept():
    usual = tl.get_num_threads()
    try:
        tl.set_num_threads(3)
        assert tl.get_num_threads() == 3
    finally:
        tl.set_num_threads(usual)


@pytest.mark.parametrize(
    "bad, error, text",
    [
        (0, ValueError, "^set_num_threads: expected 1 to 1024 threads, got 0"),
        (-1, ValueError, "^set_num_threads: expected 1 to 1024 threads, got -1"),
        (10**5, ValueError, "^set_num_threads: expected 1 to 1024 threads, got 100000"),
        (2**70, ValueError, "^set_num_threads: expected 1 to 1024 threads"),
        (1.5, TypeError, "float"),
        ("2", TypeError, "str"),
        (None, TypeError, "NoneType"),
    ],
)
def test_numbers_that_are_none(bad, error, text):
    usual = tl.get_num_threads()
    with pytest.raises(error, match=text):
        tl.set_num_threads(bad)
    assert tl.get_num_threads() == usual
