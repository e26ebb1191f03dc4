"""Nested lists, tuples and dicts of tensors, as functions take and return them."""

from tensorlib._core._functions import asarray
from tensorlib._core._tensor import Tensor


def flatten(tree):
    """The leaves of a tree in order, and a function that puts others in their places."""
    if isinstance(tree, dict):
        keys = list(tree)
        leaves, rebuild = flatten([tree[key] for key in keys])
        return leaves, lambda new: dict(zip(keys, rebuild(new), strict=True))
    if isinstance(tree, list | tuple):
        parts = [flatten(branch) for branch in tree]
        inners = [(len(part), inner) for part, inner in parts]  # rebuild holds no leaf
        kind = getattr(type(tree), "_make", type(tree))

        def rebuild(new):
            new = iter(new)
            return kind([inner([next(new) for _ in range(n)]) for n, inner in inners])

        return [leaf for part, _ in parts for leaf in part], rebuild
    return [tree], lambda new: new[0]


def map_tensors(function, tree):
    """The tree with `function` of each of its Tensors."""
    leaves, rebuild = flatten(tree)
    return rebuild([function(x) if isinstance(x, Tensor) else x for x in leaves])


def check_tensors(name, what, tree):
    """The leaves of a tree, all of which must be Tensors."""
    leaves, rebuild = flatten(tree)
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise TypeError(f"{name}: expected Tensors {what}, got {type(leaf).__name__}")
    return leaves, rebuild


def as_tensors(tree):
    """A tree with Tensors for arrays and floating-point numbers."""
    leaves, rebuild = flatten(tree)
    return rebuild([asarray(x) if isinstance(x, float | complex) or hasattr(x, "__array__") else x
                    for x in leaves])  # fmt: skip


def matched(name, what, tree, whose, like):
    """The leaves of a tree of Tensors that has the structure of another, in the order of that."""

    def leaves(tree, like):
        if isinstance(like, dict):
            if not isinstance(tree, dict) or tree.keys() != like.keys():
                raise TypeError(f"{expected} a dict of {list(like)}, got {described(tree)}")
            return [x for key in like for x in leaves(tree[key], like[key])]
        if isinstance(like, list | tuple):
            if not isinstance(tree, list | tuple) or len(tree) != len(like):
                raise TypeError(f"{expected} a sequence of {len(like)}, got {described(tree)}")
            return [x for part, other in zip(tree, like, strict=True) for x in leaves(part, other)]
        if not isinstance(tree, Tensor):
            raise TypeError(f"{expected} a Tensor, got {described(tree)}")
        return [tree]

    def described(tree):
        if isinstance(tree, dict):
            return f"a dict of {list(tree)}"
        if isinstance(tree, list | tuple):
            return f"a {type(tree).__name__} of {len(tree)}"
        return type(tree).__name__

    expected = f"{name}: expected {what} of the structure of {whose}, here"
    return leaves(tree, like)


def without_aux(name, result):
    """The two parts of what a function returns with has_aux."""
    if not (isinstance(result, tuple) and len(result) == 2):
        raise TypeError(
            f"{name}: expected a pair (output, aux) from the function, as has_aux is true, got "
            f"{type(result).__name__}"
        )
    return result


def spread(name, what, prefix, tree):
    """For each leaf of `tree` the entry of `prefix`, a tree that may end earlier."""
    if isinstance(tree, dict | list | tuple) and isinstance(prefix, dict | list | tuple):
        same_kind = isinstance(prefix, dict) == isinstance(tree, dict)
        if not same_kind or (
            prefix.keys() != tree.keys() if isinstance(tree, dict) else len(prefix) != len(tree)
        ):
            raise ValueError(
                f"{name}: expected {what} of the structure of what they stand for, got {prefix!r} "
                f"for {len(tree)} values"
            )
        if isinstance(tree, dict):
            return [x for key in tree for x in spread(name, what, prefix[key], tree[key])]
        return [x for p, t in zip(prefix, tree, strict=True) for x in spread(name, what, p, t)]
    if isinstance(prefix, dict | list | tuple):
        raise ValueError(f"{name}: expected {what} as one entry for one value, got {prefix!r}")
    return [prefix] * len(flatten(tree)[0])
