"""Print what runs on NVIDIA GPUs, and what raises `NotImplementedError` there.

The lists follow from the op table and the kernels there are; the documentation includes them.
"""

import inspect

from numpy_names import code, list_table

import tensorlib as tl
from tensorlib._core import ops as table
from tensorlib._core._dispatch import ops
from tensorlib._numpy_code import computed_by
from tensorlib.cuda.elementwise import OPS
from tensorlib.cuda.table import KERNELS

NAMESPACES = ("", "linalg", "fft", "lib.array_utils", "lib.stride_tricks", "lib.scimath")


def elementwise() -> list[str]:
    return sorted(row[0] for row in table.ELEMENTWISE if row[0] in OPS)


def views_and_copies() -> list[str]:
    return sorted({row[0] for row in table.VIEWS} | set(table.ANYWHERE))


def kernels() -> list[str]:
    """Ops with a kernel of their own."""
    return sorted(name for name in KERNELS if hasattr(ops, name))


def missing() -> list[str]:
    """Ops that only the CPU has."""
    names = {
        row[0] for rows in (table.ELEMENTWISE, table.PRODUCTS, table.REDUCTIONS) for row in rows
    }
    names |= {row[0] for rows in (table.ACCUMULATIONS, table.STRUCTURED) for row in rows}
    return sorted(names - set(elementwise()) - set(views_and_copies()) - set(kernels()))


def by_numpy(elsewhere: bool) -> list[str]:
    """Functions that NumPy's code computes, with a body for other devices or without."""

    @computed_by(abs)
    def example():
        """What all of them are made of."""

    found = set()
    for namespace in NAMESPACES:
        module = tl
        for part in filter(None, namespace.split(".")):
            module = getattr(module, part)
        for name in dir(module):
            value = getattr(module, name)
            if (
                inspect.isfunction(value)
                and value.__code__ is example.__code__
                and inspect.getclosurevars(value).nonlocals["elsewhere"] is elsewhere
            ):
                found.add(f"{namespace}.{name}".lstrip("."))
    return sorted(found)


def page() -> str:
    """The table in reStructuredText."""
    columns = ("what", "ops", "")
    rows = [
        ("**run**: elementwise, all dtypes and layouts", elementwise()),
        ("**run**: views and copies", views_and_copies()),
        ("**run**: other kernels", kernels()),
        ("**raise**: no kernel yet", missing()),
        ("**run**: on the CPU the code is NumPy's own", by_numpy(elsewhere=True)),
        ("**make** arrays on the CPU, for ``to``", by_numpy(elsewhere=False)),
    ]
    return "\n".join(
        list_table(columns, [(what, len(names), code(names)) for what, names in rows if names])
    )


if __name__ == "__main__":
    print(page())
