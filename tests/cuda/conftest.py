"""What the tests of the CUDA backend share.

Those of ``device/`` run wherever a device is: on a GPU, and in ``test_on_standin.py`` on a stand-in
for its driver, which runs kernels on the host. All others need no GPU.
"""

import os

import host_compiler
import pytest
import standin_driver
from standin_code import IMPORTS

import tensorlib as tl

ON_STANDIN = bool(os.environ.get("TENSORLIB_STANDIN"))

# Without a device those tests are run by test_on_standin.py alone.
collect_ignore = [] if ON_STANDIN or tl.cuda.is_available() else ["device"]


@pytest.fixture(scope="session")
def run_with_standin():
    """Run code in a process whose CUDA driver is the stand-in (``standin_driver``)."""
    reason = host_compiler.why_not()
    if reason:
        pytest.skip(reason)
    return standin_driver.run_with_standin


@pytest.fixture
def run(run_with_standin):
    """Run code in such a process, with the names of ``standin_session``."""

    def run(code, **keywords):
        lines = code.strip("\n").splitlines()
        indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
        return run_with_standin(IMPORTS + "\n".join(line[indent:] for line in lines), **keywords)

    return run
