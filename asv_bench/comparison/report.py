"""Medians, ratios and targets of a group, and the table that shows them."""

import math
from dataclasses import dataclass, field
from statistics import geometric_mean, median, quantiles

from comparison.group import BEST, Group

SUBJECT = "tensorlib"


@dataclass
class GroupResult:
    name: str
    group: Group
    threads: int
    repeats: int
    seconds: dict = field(default_factory=dict)  # [case][library]: one number for each repeat
    errors: dict = field(default_factory=dict)  # [case, library]: why there is none

    def add(self, case, library, seconds):
        self.seconds.setdefault(case, {}).setdefault(library, []).append(seconds)

    def others(self):
        """The libraries that tensorlib was compared with."""
        timed = {library for timings in self.seconds.values() for library in timings}
        return [x for x in self.group.libraries if x in timed and x != SUBJECT]

    def ratios(self, other, cases=""):
        """The ratios of tensorlib's time to another library's, repeat by repeat, of each case."""
        found = {}
        for case, timings in self.seconds.items():
            rival = self.fastest(timings) if other == BEST else other
            if case.startswith(cases) and SUBJECT in timings and rival in timings:
                pairs = zip(timings[SUBJECT], timings[rival], strict=True)
                found[case] = [a / b for a, b in pairs]
        return found

    def fastest(self, timings):
        """The library that took the least time for a case, but for tensorlib."""
        medians = {library: median(times) for library, times in timings.items()}
        return min(medians.keys() - {SUBJECT}, key=medians.get, default=None)

    def measure(self, target):
        """What a target limits; None where not all of its cases were measured."""
        ratios = self.ratios(target.library, target.cases)
        wanted = {case for case in self.group.cases if case.startswith(target.cases)}
        if ratios.keys() != wanted:
            return None
        if target.measure == "geometric mean":
            return overall(ratios)
        return max(map(median, ratios.values()))

    def as_dict(self):
        return {
            "title": self.group.title,
            "threads": self.threads,
            "repeats": self.repeats,
            "seconds": self.seconds,
            "errors": {f"{case}, {library}": why for (case, library), why in self.errors.items()},
            "targets": {str(target): self.measure(target) for target in self.group.targets},
        }

    def table(self):
        """The lines that tell of it."""
        others = self.others()
        libraries = [x for x in self.group.libraries if x in {SUBJECT, *others}]
        if len(others) > 1:
            others = [*others, BEST]
        rows = [["", *libraries, *(f"{SUBJECT}/{other}" for other in others)]]
        for case, timings in self.seconds.items():
            row = [case]
            row += [duration(median(timings[x])) if x in timings else "-" for x in libraries]
            row += [spread(self.ratios(other).get(case)) for other in others]
            rows.append(row)
        if len(self.seconds) > 1:
            means = [f"{overall(self.ratios(other)):.3f}" for other in others]
            rows.append(["geometric mean", *[""] * len(libraries), *means])

        lines = [heading(self), *align(rows)]
        for (case, library), why in self.errors.items():
            lines.append(f"failed, {case} with {library}: {why}")
        for target in self.group.targets:
            value = self.measure(target)
            verdict = "not measured"
            if value is not None:
                verdict = f"{value:.3f}, {'met' if value <= target.limit else 'missed'}"
            lines.append(f"target, {target}: {verdict}")
        return "\n".join(lines)


def heading(result):
    """The first line of a table."""
    threads = f"{result.threads} thread{'s' if result.threads > 1 else ''}"
    return f"{result.name}: {result.group.title}; {threads}, {result.repeats} repeats"


def overall(ratios):
    return geometric_mean(map(median, ratios.values())) if ratios else math.nan


def quartiles(numbers):
    """Three numbers, of which one number has three times itself."""
    return quantiles(numbers if len(numbers) > 1 else numbers * 2, method="inclusive")


def spread(ratios):
    """The median of some ratios, and their quartiles."""
    if not ratios:
        return "-"
    low, middle, high = quartiles(ratios)
    return f"{middle:.3f} ({low:.3f}-{high:.3f})"


def duration(seconds):
    """Three digits and a unit."""
    for unit, scale in (("ns", 1e9), ("us", 1e6), ("ms", 1e3), ("s", 1)):
        value = seconds * scale
        if value < 999.5 or unit == "s":
            return f"{value:#.3g}".rstrip(".") + f" {unit}"


def align(rows):
    """Rows as lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in rows
    ]
