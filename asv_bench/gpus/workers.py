"""The parent's side: processes that are asked, with time limits."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

SESSION = Path(__file__).with_name("session.py")


class Failed(Exception):
    """A process has no answer; the text says why."""


def start(command, **options):
    """A process with its own group, so that what it starts ends with it."""
    return subprocess.Popen([sys.executable, *command], start_new_session=True, **options)


def end(process):
    with contextlib.suppress(ProcessLookupError):  # it ended, as did all that it started
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Worker:
    """A library in a process, which is started when it is asked, and anew after it broke."""

    def __init__(self, library, size):
        self.library = library
        self.command = [str(SESSION), library, size]
        self.process = None

    def open(self):
        if self.process is None:
            self.process = start(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, limit, *request):
        """The answer to a request within a number of seconds; else the process is ended."""
        self.open()
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
            ready, _, _ = select.select([self.process.stdout], [], [], max(limit, 0))
            line = self.process.stdout.readline() if ready else None
        except BrokenPipeError:
            line = b""
        if not line:
            process = self.process
            if line is None:
                self.close()
                raise Failed(f"no answer within {limit:.0f} s")
            status = process.wait()
            self.close()
            raise Failed(f"the process ended with status {status}")
        reply = json.loads(line)
        if "error" in reply:
            raise Failed(reply["error"])
        return reply["result"]

    def close(self):
        if self.process is not None:
            end(self.process)
            self.process.stdin.close()
            self.process.stdout.close()
        self.process = None


def lines_of(process, limit):
    """The lines that a process writes within a number of seconds; then it is ended.

    Raises
    ------
    Failed
        After the last line, if it ran too long or its exit status is not 0.
    """
    deadline = time.monotonic() + limit
    rest = b""
    try:
        while True:
            left = max(deadline - time.monotonic(), 0)
            ready, _, _ = select.select([process.stdout], [], [], left)
            if not ready:
                raise Failed(f"not done within {limit:.0f} s")
            data = os.read(process.stdout.fileno(), 1 << 16)
            if not data:
                break
            *whole, rest = (rest + data).split(b"\n")
            yield from (line.decode(errors="replace") for line in whole)
        if rest:
            yield rest.decode(errors="replace")
        status = process.wait()
        if status:
            raise Failed(f"exit status {status}")
    finally:
        end(process)
        process.stdout.close()
