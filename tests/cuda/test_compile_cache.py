"""Compiled kernels on disk: shared by processes, and repaired."""

import subprocess
import sys

import pytest
import standin_driver

CODE = """
import standin_driver as standin
standin.compile_on_host()
import tensorlib as tl
from tensorlib.cuda import nvrtc
compilations = []
compile_source = nvrtc.compile_source
nvrtc.compile_source = lambda *args: (compilations.append(args), compile_source(*args))[1]
x = tl.ones(5, device="cuda")
y = (x + x) * 2 - x / 3
assert abs(float(y[0].item()) - 11 / 3) < 1e-12
print(len(compilations))
"""


@pytest.fixture
def environment(run_with_standin, tmp_path):
    return standin_driver.process_environment(TENSORLIB_CUDA_CACHE=tmp_path / "kernels")


def run(environment, code=CODE):
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_second_process_compiles_nothing(environment):
    assert int(run(environment)[0]) > 3
    assert int(run(environment)[0]) == 0


def test_a_disk_that_cannot_be_used(run_with_standin):
    run_with_standin("""
        import standin_driver as standin
        standin.compile_on_host()
        import tensorlib as tl
        from tensorlib.cuda import nvrtc

        class Refusing:
            def get(self, key):
                raise PermissionError("not yours")

            def __setitem__(self, key, value):
                raise OSError("no space left")

        nvrtc.disk_cache = Refusing
        assert (tl.ones(3, device="cuda") + 1).tolist() == [2, 2, 2]
    """)


def test_processes_at_once(environment):
    started = [
        subprocess.Popen(
            [sys.executable, "-c", CODE],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in started:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert int(run(environment)[0]) == 0


def test_damaged_entries_are_compiled_again(environment, tmp_path):
    run(environment)
    files = [path for path in (tmp_path / "kernels").rglob("*") if path.is_file()]
    assert files
    for path in files:
        path.write_bytes(b"damaged")
    assert int(run(environment)[0]) > 3
    assert int(run(environment)[0]) == 0


def test_functions(environment, tmp_path):
    code = CODE + (
        "print(tl.cuda.compile_cache.path())\n"
        "tl.cuda.compile_cache.clear()\n"
        "from tensorlib.cuda import sources\n"
        "few = list(sources.common_sources())[:4]\n"
        "from tensorlib.cuda import compile_cache\n"
        "compile_cache.common_sources = lambda: few\n"
        "print(tl.cuda.compile_cache.warm())\n"
    )
    out = run(environment, code)
    assert out[1:] == [str(tmp_path / "kernels"), "4"]
