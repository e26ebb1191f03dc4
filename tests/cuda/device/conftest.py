"""Fixtures of the tests that need a device."""

import os

import pytest

import tensorlib as tl

if os.environ.get("TENSORLIB_STANDIN"):
    import standin_driver

    standin_driver.compile_on_host()


@pytest.fixture
def device():
    """The name of the device that is tested."""
    assert tl.cuda.is_available(), f"the tests of this folder need a device: {tl.cuda.why()}"
    return "cuda"
