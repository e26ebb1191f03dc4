"""The gradient of every op.

``doc/source/dev/architecture.md`` tells how a rule is written. Rules know their operands by the
names of the op table, and compute with the library's own ops, so that they can be differentiated.
"""

from tensorlib.autograd.rules import (
    activation,
    attention,
    elementwise,
    fft,
    indexing,
    linalg,
    losses,
    nn,
    normalization,
    products,
    recurrent,
    reductions,
    views,
)
