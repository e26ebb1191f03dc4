"""Groups of figures: run their programs, show what these found out."""

import json
import math
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from comparison.group import Figures
from comparison.report import align, heading, quartiles
from comparison.workers import CaseError, environment


@dataclass
class FiguresResult:
    name: str
    group: Figures
    threads: int
    repeats: int
    values: dict = field(default_factory=dict)  # [figure]: numbers
    errors: dict = field(default_factory=dict)

    def ratios(self, other):
        return {}  # there are none for a chart

    def as_dict(self):
        return {
            "title": self.group.title,
            "threads": self.threads,
            "repeats": self.repeats,
            "figures": self.values,
            "limits": self.group.limits,
        }

    def table(self):
        """The lines that tell of it."""
        rows = [["", "median", "quartiles", "limit", ""]]
        for name, numbers in self.values.items():
            limit = self.group.limits.get(name, math.inf)
            row = [name, "-", "", "", ""]
            if numbers:
                row[1] = number(median(numbers))
            if len(numbers) > 1:
                low, _, high = quartiles(numbers)
                row[2] = f"{number(low)}-{number(high)}"
            if limit < math.inf:
                row[3] = number(limit)
                row[4] = "not measured"
                if numbers:
                    row[4] = "met" if median(numbers) <= limit else "missed"
            rows.append(row)
        return "\n".join([heading(self), *align(rows)])


def measure(name, group, threads, repeats):
    program = Path(__file__).with_name(group.program)
    done = subprocess.run(
        [sys.executable, "-P", program, str(repeats)],
        env=environment(threads),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise CaseError(lines[-1] if lines else f"status {done.returncode}")
    return FiguresResult(name, group, threads, repeats, json.loads(done.stdout))


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
