"""The process of one library: make, time and drop cases when asked.

    python session.py LIBRARY {full,tiny}

Requests come on stdin and replies go to stdout, each a line of JSON. A request is a list: the name
of a method of `Session` and its arguments. With `--all` no requests are awaited: each case is run
once, and the exit status is 1 where one fails for another reason than a missing kernel; that is
what tools that look for faults are given.
"""

import gc
import json
import math
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # also where PYTHONSAFEPATH is set

import numpy as np

from gpus.case import CALL, DEVICE, DONE, RATE, VALUE, WAITED
from gpus.groups import GROUPS
from gpus.libraries import LIBRARIES

CALLS = 100  # enqueued at once: fewer than the driver lets wait
SECONDS = 0.02  # of one timing, at least: so many calls are made
ROUND = 1.0  # seconds, of the timings of one round, about


class Session:
    def __init__(self, library, tiny=False):
        self.library = LIBRARIES[library](tiny)
        self.case = None

    def prepare(self, group, name):
        """Make a case and run it once: the mean of the magnitudes of its result."""
        self.drop()
        self.case = next(case for case in GROUPS[group].cases if case.name == name)
        made = self.case.make(self.library)
        self.function, self.amount = made if isinstance(made, tuple) else (made, 1.0)
        result = self.function()
        self.library.wait()
        if self.case.tolerance is None or result is None:
            return None
        mean = float(np.mean(np.abs(self.library.ndarray(result))))
        if not math.isfinite(mean):
            raise ArithmeticError(f"the mean magnitude of the result is {mean}")
        return mean

    def time(self, repeats):
        """Figures of a case, in its unit."""
        if self.case.measure == VALUE:
            return [self.function()]
        if self.case.measure in (CALL, DONE):
            return [1e6 * self.of_many() for _ in range(repeats)]
        for _ in range(2):
            once = self.waited()
        repeats = max(2, min(repeats, math.ceil(ROUND / max(once, SECONDS))))
        if self.case.measure == WAITED:
            return [1e3 * self.waited() for _ in range(repeats)]
        calls = min(CALLS, math.ceil(SECONDS / once))
        found = [self.library.milliseconds(self.function, calls) for _ in range(repeats)]
        if self.case.measure == DEVICE:
            return found
        assert self.case.measure == RATE
        return [self.amount / (1e-3 * milliseconds) for milliseconds in found]

    def waited(self):
        """Seconds of a call and of waiting for it."""
        self.library.wait()
        start = time.perf_counter()
        self.function()
        self.library.wait()
        return time.perf_counter() - start

    def of_many(self):
        """Seconds for one of many calls, before or after the GPU has done them."""
        function = self.function
        self.library.wait()
        start = time.perf_counter()
        for _ in range(CALLS):
            function()
        called = time.perf_counter()
        self.library.wait()
        done = time.perf_counter()
        return ((called if self.case.measure == CALL else done) - start) / CALLS

    def drop(self):
        """Forget the case; its memory goes back to the system."""
        self.case = self.function = None
        gc.collect()
        self.library.let_go()

    def version(self):
        return self.library.xp.__version__


def run_all(session):
    """Run each case once: how many ran, and what else happened, by case."""
    ran, troubles = 0, {}
    for group_name, group in GROUPS.items():
        for case in group.cases:
            if session.library.name not in case.libraries:
                continue
            try:
                session.prepare(group_name, case.name)
                session.time(1)
                ran += 1
            except Exception as error:
                troubles[f"{group_name}: {case.name}"] = error
    try:
        session.drop()
    except Exception as error:  # of a fault in a kernel that nobody waited for
        troubles["the end"] = error
    return ran, troubles


def main():
    library, size = sys.argv[1:3]
    if "--all" in sys.argv:
        ran, troubles = run_all(Session(library, size == "tiny"))
        for case, error in troubles.items():
            print(f"{case}: {type(error).__name__}: {error}")
        print(f"{ran} cases ran")
        return any(not isinstance(error, NotImplementedError) for error in troubles.values())
    # What a library prints must not get between the replies.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    session = None
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        try:
            session = session or Session(library, size == "tiny")
            reply = {"result": getattr(session, method)(*arguments)}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"}
        print(json.dumps(reply), file=replies, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
