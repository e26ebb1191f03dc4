"""Count the instructions of hot paths, and fail where one has grown.

    python asv_bench/instructions.py             # compare with instructions.json
    python asv_bench/instructions.py --update    # write it

A time is as noisy as the machine; the number of instructions is the same to a few tenths of a
percent. It is counted by callgrind, a tool of valgrind, in one process (hot_paths.py). The numbers
hold for the versions that they are kept with: with others they are shown, and nothing fails.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
KEPT = HERE / "instructions.json"
LIMIT = 1.03  # times the kept number
# What may differ between two runs otherwise.
STEADY = {
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TENSORLIB_NUM_THREADS": "1",
}


def main(arguments=None):
    options = parse(arguments)
    if not shutil.which("valgrind"):
        print("instructions.py: nothing was counted, valgrind is missing: apt install valgrind")
        return 1 if options.update else 0
    with tempfile.TemporaryDirectory() as folder:
        versions, found = count(options.profiles or Path(folder))
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    show(found, kept.get("instructions", {}))
    if options.update:
        report = {"versions": versions, "instructions": found}
        KEPT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        return 0
    return judge(versions, found, kept)


def count(folder):
    """The versions, and the instructions of one call of each path."""
    command = ["valgrind", "--tool=callgrind", "--dump-before=getppid"]
    command += [f"--callgrind-out-file={folder / 'callgrind.out'}"]
    command += [sys.executable, "-P", HERE / "hot_paths.py", folder / "run.json"]
    done = subprocess.run(command, env={**os.environ, **STEADY}, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"instructions.py: the counted process failed:\n{done.stderr}")
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    found = {}
    for place, name in enumerate(run["paths"]):
        once, twice = (total(folder, 3 * place + part) for part in (2, 3))
        found[name] = (twice - once) / run["calls"]
    empty = found.pop(run["empty"])
    return run["versions"], {name: round(number - empty) for name, number in found.items()}


def total(folder, part):
    """The instructions of a part of the run, which end with a line of their number."""
    text = (folder / f"callgrind.out.{part}").read_text(encoding="utf-8")
    return int(re.search(r"^totals: (\d+)", text, re.MULTILINE)[1])


def show(found, kept):
    width = max(map(len, found))
    print(f"{'instructions of a call':{width}}  {'kept':>7}  {'now':>7}  ratio")
    for name, number in found.items():
        old = kept.get(name)
        ratio = f"{number / old:.3f}" if old else "-"
        print(f"{name:{width}}  {old or '-':>7}  {number:>7}  {ratio:>5}")


def judge(versions, found, kept):
    """The exit status: 1 where a path has grown."""
    old = kept.get("versions", {})
    differences = [f"{x} {old.get(x)}, here {y}" for x, y in versions.items() if old.get(x) != y]
    if differences:
        print(f"not judged, for the numbers were kept with {'; '.join(differences)}.")
        print("To judge a change here: --update without it, then once more with it.")
        return 0
    numbers = kept["instructions"]
    new = [name for name in found if name not in numbers]
    grown = [name for name in found if name in numbers and found[name] > LIMIT * numbers[name]]
    less = [name for name in found if name in numbers and LIMIT * found[name] < numbers[name]]
    if new:
        print(f"not kept yet: {', '.join(new)}; run with --update")
    if less:
        print(f"less than kept: {', '.join(less)}; run with --update to hold it")
    if grown:
        print(f"more than {LIMIT:g} times what is kept: {', '.join(grown)}")
        print("Find where with --profiles and callgrind_annotate; --update if it is worth it.")
    return 1 if new or grown else 0


def parse(arguments):
    parser = argparse.ArgumentParser(prog="instructions.py", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--update", action="store_true", help=f"write the numbers to {KEPT.name}")
    add("--profiles", type=Path, metavar="FOLDER", help="put callgrind's files here, too")
    options = parser.parse_args(arguments)
    if options.profiles and not options.profiles.is_dir():
        parser.error(f"{options.profiles}: there is no such folder")
    return options


if __name__ == "__main__":
    sys.exit(main())
