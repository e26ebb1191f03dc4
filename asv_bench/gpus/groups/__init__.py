"""The groups of cases by name, in the order in which they run."""

from gpus.groups import bandwidth, launch, memory, networks, products, steps

GROUPS = {
    "launch": launch.GROUP,
    "memory": memory.GROUP,
    "bandwidth": bandwidth.GROUP,
    "products": products.GROUP,
    "networks": networks.GROUP,
    "steps": steps.GROUP,
}
