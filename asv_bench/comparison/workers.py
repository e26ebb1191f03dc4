"""The parent's side: processes that time one case at a time."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

CHILD = Path(__file__).with_name("child.py")
THREAD_VARIABLES = [
    f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA", "NUMEXPR", "TENSORLIB")
]


class CaseError(Exception):
    """A library cannot run a case."""


def environment(threads):
    return {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}


def chosen(forms, library):
    """What is given for a library; the same for all of them where it is not a dict."""
    return forms.get(library, forms.get("default")) if isinstance(forms, dict) else forms


@contextlib.contextmanager
def running(program):
    """A process that runs while the block does; yields functions that stop it and wake it."""
    if not program:
        yield lambda: None, lambda: None
        return
    process = subprocess.Popen([sys.executable, "-P", "-c", program])
    try:
        yield (
            lambda: process.send_signal(signal.SIGSTOP),
            lambda: process.send_signal(signal.SIGCONT),
        )
    finally:
        process.kill()
        process.wait()


class Worker:
    """A process that keeps one library loaded and times statements when asked."""

    def __init__(self, name, threads, setup):
        self.library, _, word = name.partition(" ")
        self.alone = word == "alone"
        threads = 1 if self.alone else threads
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(CHILD), self.library, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(threads),
            text=True,
        )
        self.broken = None
        try:
            self.ask("setup", chosen(setup, self.library))
        except CaseError as error:  # then each case of the group says so
            self.broken = error

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.send_signal(signal.SIGCONT)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()  # the child ends with its input
        self.process.wait()
        self.process.stdout.close()

    def ask(self, *request):
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            status = self.process.wait()
            raise CaseError(f"the process of {self.library} ended with status {status}")
        reply = json.loads(line)
        if "error" in reply:
            raise CaseError(reply["error"])
        return reply["result"]

    def prepare(self, case, statement):
        """Run a statement once; return the mean of its result."""
        if self.broken:
            raise self.broken
        return self.ask("prepare", case, statement)

    def time(self, case):
        """Seconds that the statement takes. From then on the process is stopped until the next
        time: threads of some libraries spin long after their work, in the way of the others'."""
        self.process.send_signal(signal.SIGCONT)
        try:
            return self.ask("time", case)
        finally:
            self.process.send_signal(signal.SIGSTOP)
