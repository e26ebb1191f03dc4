"""Fixtures of the tests that need a device."""

import os

import pytest

import tensorlib as tl

ON_STANDIN = bool(os.environ.get("TENSORLIB_STANDIN"))

if ON_STANDIN:
    import standin_driver

    standin_driver.compile_on_host()
    if os.environ.get("TENSORLIB_STANDIN_CUDNN"):
        import standin_cudnn

        standin_cudnn.install()


@pytest.fixture
def device():
    """The name of the device that is tested."""
    assert tl.cuda.is_available(), f"the tests of this folder need a device: {tl.cuda.why()}"
    return "cuda"


@pytest.fixture(scope="session")
def libraries():
    """NVIDIA's libraries of mathematics, for tests that need more than kernels of our own."""
    if ON_STANDIN:
        import standin_libraries

        standin_libraries.load_libraries()
