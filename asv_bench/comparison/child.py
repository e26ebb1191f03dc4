"""The process of one library: time statements when asked.

    python child.py LIBRARY THREADS

Requests come on stdin and replies go to stdout, each a line of JSON. A request is a list: the name
of a method of `Session` and its arguments.
"""

import importlib
import json
import os
import sys
import timeit

import numpy as np

SECONDS = 0.02  # of one timing, at least: so many loops are run
COPY = {"torch": "tensor"}  # how a library makes an array of an ndarray, if not by `array`
NUMPYS = ("numba", "numexpr")  # work on ndarrays


class Session:
    def __init__(self, library, threads):
        self.library = importlib.import_module(library)
        if library == "torch":
            self.library.set_num_threads(threads)
        maker = np if library in NUMPYS else self.library
        array = getattr(maker, COPY.get(library, "array"))
        self.names = {"xp": self.library, "np": np, "array": array}
        self.cases = {}  # a timer and a number of loops for each

    def setup(self, source):
        exec(source, self.names)

    def prepare(self, case, statement):
        """Run a statement; find out how many loops fill a timing. The mean of the result."""
        value = eval(statement, self.names)
        mean = None if value is None else float(np.mean(np.asarray(value, dtype=np.float64)))
        del value
        timer = timeit.Timer(statement, globals=self.names)
        loops = 1
        while timer.timeit(loops) < SECONDS:
            loops *= 2
        self.cases[case] = timer, loops
        return mean

    def time(self, case):
        """Seconds of one loop, after one that is not counted."""
        timer, loops = self.cases[case]
        timer.timeit(1)
        return timer.timeit(loops) / loops


def main():
    library, threads = sys.argv[1:]
    # What a library prints must not get between the replies.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    session = Session(library, int(threads))
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        try:
            reply = {"result": getattr(session, method)(*arguments)}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
