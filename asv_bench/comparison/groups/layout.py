"""Operands that do not lie in memory as they are read."""

from comparison.group import BEST, Group, Target

CONTIGUOUS = {"default": "xp.ascontiguousarray({})", "torch": "{}.contiguous()"}


def contiguous(view):
    return {library: form.format(view) for library, form in CONTIGUOUS.items()}


def permuted(view, *axes):
    return {
        "default": f"xp.ascontiguousarray({view}.transpose{axes})",
        "torch": f"{view}.permute{axes}.contiguous()",
    }


GROUP = Group(
    title="2048 x 2048 and 64 x 256 x 256 elements",
    libraries=("numpy", "tensorlib", "torch"),
    setup="""
rng = np.random.default_rng(0)
f = array(rng.random((2048, 2048), np.float32))
g = array(rng.random((2048, 2048), np.float32))
x = array(rng.random((2048, 2048)))
k = array(rng.random((64, 256, 256), np.float32))
""",
    cases={
        "f32 transposed copy": contiguous("f.T"),
        "f64 transposed copy": contiguous("x.T"),
        "f32 x + y.T": "f + g.T",
        "f32 sum axis 0": "f.sum(0)",
        "f32 sum axis 1": "f.sum(1)",
        "f64 sum axis 0": "x.sum(0)",
        "f64 sum axis 1": "x.sum(1)",
        "f32 max axis 0": "xp.amax(f, 0)",
        "f32 max axis 1": "xp.amax(f, 1)",
        "3-D sum axis 1": "k.sum(1)",
        "strided columns": "f[:, ::2] + g[:, 1::2]",
        "strided rows": "f[::2] * g[1::2]",
        "strided copy": contiguous("f[::2, ::2]"),
        "row broadcast": "f + g[0]",
        "column broadcast": "f + g[:, :1]",
        "outer": "f[:, :1] * g[0]",
        "permute 2, 0, 1": permuted("k", 2, 0, 1),
        "permute 1, 0, 2": permuted("k", 1, 0, 2),
        "permute 0, 2, 1": permuted("k", 0, 2, 1),
        "reversed": {"default": "xp.flip(f, 1) + 1", "torch": "xp.flip(f, (1,)) + 1"},
    },
    targets=(Target(BEST, "geometric mean", 0.6),),
    threads=None,
    repeats=9,
)
