"""Transforms of functions that compose: gradients, forward derivatives, vectorisation."""

from tensorlib.func._directional import hvp, jvp, linearize
from tensorlib.func._jacobians import hessian, jacfwd, jacrev
from tensorlib.func._reverse import grad, grad_and_value, value_and_grad, vjp
from tensorlib.func._vmap import vmap
from tensorlib.nn.functional_call import functional_call, stack_module_state

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "hvp",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "stack_module_state",
    "value_and_grad",
    "vjp",
    "vmap",
]
