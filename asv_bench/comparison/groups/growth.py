"""How costs grow with the length of the tape and with the size of tensors."""

from comparison.group import Figures

GROUP = Figures(
    title="a tape of 10^6 nodes, tensors of 10^9 bytes",
    program="growth.py",
    limits={
        "y + w, bytes a node": 400,
        "y + w, 10^6 nodes over 10^4": 1.25,
        "y * w, 10^6 nodes over 10^4": 1.25,
        "add, 10^9 bytes over 10^8": 1.25,
        "add of 10^7 elements, a byte over a copied one": 1.1,
    },
)
