"""``asv_bench/gpu.py``: without a GPU, its parts, and all of its cases on the stand-in."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tensorlib as tl

FOLDER = Path(__file__).resolve().parents[2] / "asv_bench"
SCRIPT = FOLDER / "gpu.py"
# What every process on the stand-in begins with: kernels are compiled for the host.
BEGINNING = "import standin_driver; standin_driver.compile_on_host()"


@pytest.fixture
def gpus(monkeypatch):
    """The folder of the script's modules can be imported from."""
    monkeypatch.syspath_prepend(FOLDER)


def run(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(Path(tl.__file__).parent.parent)}
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments], capture_output=True, text=True, env=environment
    )


@pytest.mark.skipif(tl.cuda.is_available(), reason="there is a GPU; the test is of the others")
def test_without_a_gpu_it_says_what_is_missing():
    done = run()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"gpu.py: nothing to measure: {tl.cuda.why()}\n"


def test_the_list_names_all_groups_and_checks(gpus):
    from gpus.checks import CHECKS
    from gpus.groups import GROUPS

    done = run("--list")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    names = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert names == [*GROUPS, *CHECKS]
    assert sum(line.startswith("  ") for line in lines) == sum(
        len(group.cases) for group in GROUPS.values()
    )


def test_unknown_groups_are_refused():
    done = run("--group", "launches")
    assert done.returncode == 2
    assert "invalid choice: 'launches'" in done.stderr


def test_aims_are_of_ratios_and_rates_are_to_be_high(gpus):
    from gpus.case import Aim
    from gpus.report import judged, line, row_of, summary

    values = {"tensorlib": summary([3.0, 1.0, 2.0]), "torch": summary([4.0])}
    assert values["tensorlib"]["median"] == 2.0
    aims = (Aim("torch", 0.5), Aim("cupy", 0.5), Aim("case:copy", 0.92))
    times = judged(aims, values, "us", {"copy": summary([2.5])})
    assert [aim["ratio"] for aim in times] == [0.5, None, 0.8]
    assert [aim["met"] for aim in times] == [True, None, True]
    rates = judged(aims, values, "GB/s", {"copy": summary([2.5])})
    assert [aim["met"] for aim in rates] == [True, None, False]
    text = line(row_of("x + y", "GB/s", values, {"cupy": "no answer"}, rates))
    assert text.split(maxsplit=3)[3] == (
        "tensorlib 2 GB/s; torch 4 GB/s; 0.5 of torch (aim >= 0.5, met); "
        "open of cupy (aim >= 0.5); 0.8 of copy (aim >= 0.92, MISSED); cupy: no answer"
    )


def test_results_of_libraries_must_agree(gpus):
    sys.path.insert(0, str(FOLDER))
    import gpu
    from gpus.groups import GROUPS

    case = GROUPS["launch"].cases[0]
    assert gpu.disagreements(case, {"tensorlib": 1.0001, "torch": 1.0, "cupy": None}) == {}
    (found,) = gpu.disagreements(case, {"tensorlib": 1.01, "torch": 1.0}).items()
    assert found == ("tensorlib", "the mean magnitude of the result is 1.01, not 1")


def test_tests_are_counted_as_they_come(gpus):
    from gpus.checks import count_tests

    plain = [
        "tests/test_a.py::test_x[a b] PASSED                  [  3%]",
        "tests/test_a.py::test_y FAILED                       [ 66%]",
        "tests/test_a.py::test_z SKIPPED (needs two devices)  [100%]",
        "FAILED tests/test_a.py::test_y - AssertionError",
        "=== 1 failed, 1 passed, 1 skipped in 0.1s ===",
    ]
    assert count_tests(plain) == (
        {"PASSED": 1, "FAILED": 1, "SKIPPED": 1},
        ["tests/test_a.py::test_y"],
    )
    shared = [
        "[gw0] [  3%] PASSED tests/test_a.py::test_x[a b] ",
        "[gw1] [ 66%] ERROR tests/test_a.py::test_y ",
    ]
    assert count_tests(shared) == ({"PASSED": 1, "ERROR": 1}, ["tests/test_a.py::test_y"])


def test_a_process_that_hangs_or_dies_is_started_anew(gpus, monkeypatch, tmp_path):
    from gpus import workers

    program = tmp_path / "program.py"
    program.write_text(
        "import json, os, sys, time\n"
        "for line in sys.stdin:\n"
        "    what, = json.loads(line)\n"
        "    if what == 'hang': time.sleep(60)\n"
        "    if what == 'die': os._exit(3)\n"
        "    print(json.dumps({'error': 'no'} if what == 'fail' else {'result': os.getpid()}),\n"
        "          flush=True)\n"
    )
    monkeypatch.setattr(workers, "SESSION", program)
    worker = workers.Worker("tensorlib", "tiny")
    first = worker.ask(30, "answer")
    assert worker.ask(30, "answer") == first
    for what, text in (("fail", "no"), ("die", "the process ended with status 3")):
        with pytest.raises(workers.Failed, match=text):
            worker.ask(30, what)
    second = worker.ask(30, "answer")
    assert second != first
    begin = time.monotonic()
    with pytest.raises(workers.Failed, match="no answer within"):
        worker.ask(0.2, "hang")
    assert time.monotonic() - begin < 30
    assert worker.ask(30, "answer") not in (first, second)
    worker.close()


def test_a_check_that_runs_too_long_leaves_its_lines(gpus):
    from gpus import workers

    process = workers.start(
        ["-uc", "import time; print('one'); print('two'); time.sleep(60)"],
        stdout=subprocess.PIPE,
    )
    lines = []
    with pytest.raises(workers.Failed, match="not done within"):
        for text in workers.lines_of(process, 5):
            lines.append(text)
    assert lines == ["one", "two"]
    assert process.returncode is not None


# ------------------------------------------------------------------------------------------
# on the stand-in
# ------------------------------------------------------------------------------------------


def test_every_case_runs_or_has_no_kernel(run_with_standin):
    done = run_with_standin(f"""
        import sys
        {BEGINNING}
        sys.path.insert(0, {str(FOLDER)!r})
        from gpus.session import Session, run_all
        ran, troubles = run_all(Session("tensorlib", tiny=True))
        for case, error in troubles.items():
            if not isinstance(error, NotImplementedError):
                raise AssertionError(case) from error
        print(ran)
    """)
    # Those that launch no kernel but of elementwise ops.
    assert int(done.stdout) >= 12


def test_the_whole_script(run_with_standin, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(BEGINNING)  # in every process that it starts
    path = tmp_path / "figures.json"
    groups = ["launch", "driver", "exchange"]
    arguments = ["--tiny", "--quick", "--json", str(path)]
    for name in groups:
        arguments += ["--group", name]
    done = run_with_standin(
        f"""
        import runpy, sys
        sys.argv = {[str(SCRIPT), *arguments]!r}
        runpy.run_path(sys.argv[0], run_name="__main__")
        """,
        PYTHONPATH=os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")])),
        TENSORLIB_CUDA_CACHE="",
    )
    found = json.loads(path.read_text())
    assert list(found["groups"]) == ["libraries", *groups]
    assert found["machine"]["GPU"]
    added = found["groups"]["launch"][0]
    assert added["values"]["tensorlib"]["median"] > 0, added
    assert not added["errors"].get("tensorlib")
    launched = {row["name"]: row for row in found["groups"]["driver"]}
    assert launched["launch it and wait"]["values"][""]["median"] > 0, found["groups"]["driver"]
    assert "aims: " in done.stdout.splitlines()[-1]
