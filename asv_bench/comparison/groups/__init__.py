"""What is compared, as data. A new group is a file here and a name in this list."""

from comparison.groups import (
    blas,
    busy,
    growth,
    large,
    layout,
    medium,
    nn,
    record,
    small,
    start,
    step,
)

GROUPS = {
    module.__name__.rpartition(".")[2]: module.GROUP
    for module in (small, record, medium, large, layout, blas, nn, step, busy, start, growth)
}
