import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorlib as tl
from tensorlib.testing import check_grads

RNG = np.random.default_rng(5)
M = RNG.normal(size=(3, 4))
N = RNG.normal(size=(4, 5))
S = RNG.normal(size=(3, 3))
V = RNG.normal(size=4)
T = RNG.normal(size=(2, 3, 4))
U = RNG.normal(size=(2, 4, 5))

CASES = [
    ("ij->ji", M),
    ("ij", M),
    ("ji", M),
    ("ij->", M),
    ("ij->j", M),
    ("ii", S),
    ("ii->i", S),
    ("iij->ij", RNG.normal(size=(2, 2, 3))),
    ("iji->j", RNG.normal(size=(2, 3, 2))),
    ("iii", RNG.normal(size=(2, 2, 2))),
    ("i,i", V, V),
    ("i,i->i", V, V),
    ("i,j", V, V),
    ("i,j->ji", V, V),
    ("ij,jk", M, N),
    ("ij,jk->ki", M, N),
    ("ij,kj->ik", M, M),
    ("bij,bjk->bik", T, U),
    ("bij,bjk->ik", T, U),
    ("bij,bjk->kbi", T, U),
    ("ij,ij->", M, M),
    ("ij,j->i", M, V),
    ("ij,k->ik", M, V),
    ("ii,ij->j", S, M),
    ("...ij,...jk->...ik", T, U),
    ("...ij,...jk", T, N),
    ("i...,i...->...", T, T),
    ("...,...", T, V),
    ("i...->...i", T),
    ("...i->...", T),
    ("ij, jk -> ik", M, N),
    ("ij,jk,k->i", M, N, RNG.normal(size=5)),
    ("ij,ik,il->jkl", S, S, S),
    ("i,i", np.ones(1), V),
    ("ij,jk", M, np.ones((1, 5))),
    (",i", 3.0, V),
    ("->", 2.0),
    ("i,i,i->i", V, V, V),
    ("zA,Ab->bz", M, N),
    ("ij,jk->ik", np.ones((2, 0)), np.ones((0, 3))),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
@pytest.mark.parametrize("optimize", [False, True, "optimal"])
def test_like_numpy(compare, case, optimize):
    compare("einsum", *case, optimize=optimize)


@pytest.mark.parametrize("dtype", "?bhlBefdFD")
def test_dtypes(compare, dtype):
    x = (np.arange(12).reshape(3, 4) % 5).astype(dtype)
    compare("einsum", "ij,kj->ik", x, x)
    compare("einsum", "ij->i", x)
    compare("einsum", "ij,ij->ij", x, x)
    compare("einsum", "ij,kj->ik", x, x, dtype=np.complex128)
    compare("einsum", "ij,j", x, np.arange(4, dtype=np.float32), casting="unsafe")


@pytest.mark.parametrize(
    "operands",
    [
        (M, [0, 1], N, [1, 2]),
        (M, [0, 1], N, [1, 2], [2, 0]),
        (M, [30, 1], N, [1, 2]),
        (T, [Ellipsis, 0, 1], U, [Ellipsis, 1, 2], [Ellipsis, 0, 2]),
        (S, [3, 3]),
    ],
)
def test_subscripts_as_lists(compare, operands):
    compare("einsum", *operands)


@st.composite
def contractions(draw):
    """Random subscripts over up to five letters, with a length for each."""
    letters = string.ascii_lowercase[:5]
    lengths = {letter: draw(st.integers(0, 3)) for letter in letters}
    terms = draw(st.lists(st.text(letters, max_size=3), min_size=1, max_size=4))
    used = sorted(set("".join(terms)))
    output = "".join(draw(st.permutations(used)))[: draw(st.integers(0, len(used)))]
    return terms, output, [tuple(lengths[letter] for letter in term) for term in terms]


@given(contractions(), st.booleans())
def test_any_contraction(contraction, optimize):
    terms, output, shapes = contraction
    arrays = [np.random.default_rng(len(shape)).integers(-3, 4, shape) for shape in shapes]
    subscripts = f"{','.join(terms)}->{output}"
    expected = np.einsum(subscripts, *arrays)
    actual = tl.einsum(subscripts, *map(tl.asarray, arrays), optimize=optimize)
    np.testing.assert_array_equal(np.asarray(actual), np.asarray(expected), strict=True)


def test_one_array_gives_a_view():
    x = tl.zeros((2, 2))
    tl.einsum("ii->i", x)[...] = 1
    tl.einsum("ij->ji", x)[0, 1] = 5
    assert x.tolist() == [[1, 0], [5, 1]]


def test_out_and_order():
    out = tl.zeros((3, 5), dtype=tl.float64)
    assert tl.einsum("ij,jk", tl.asarray(M), tl.asarray(N), out=out) is out
    np.testing.assert_allclose(out, M @ N)
    assert tl.einsum("ij,jk", tl.asarray(M), tl.asarray(N), order="F").flags.f_contiguous


@pytest.mark.parametrize(
    "operands, error, text",
    [
        ((), ValueError, "einsum: .* nothing"),
        (("i,j", V), ValueError, "einsum: .* 1 and 2"),
        (("ijk", M), ValueError, "einsum: .* 'ijk', got 2"),
        (("i", M), ValueError, "einsum: .* 'i', got 2"),
        (("ij,jk", M, M), ValueError, "einsum: .* 'j', got 4 and 3"),
        (("ij->ik", M), ValueError, "einsum: .* 'k'"),
        (("i->ii", V), ValueError, "einsum: .* once"),
        (("...i->i", M), ValueError, r"einsum: .* '\.\.\.'"),
        (("b...,...->b", T, M), ValueError, r"einsum: .* '\.\.\.'"),
        (("i-j", V), ValueError, "einsum: expected letters"),
        (("i$", V), ValueError, r"einsum: expected letters"),
        (("...,...", M, np.ones((2, 4))), ValueError, "einsum: .* ellipsis"),
        ((V, [60]), ValueError, "einsum: .* got 60"),
    ],
)
def test_bad_input(operands, error, text):
    with pytest.raises(error, match=text):
        tl.einsum(*operands)


def test_bad_casting():
    with pytest.raises(TypeError, match="einsum: cannot cast from float64 to int64"):
        tl.einsum("i", V, dtype=int)


DIFFERENTIABLE = [case for case in CASES if len(case) < 4 and all(map(np.size, case[1:]))]


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=lambda case: case[0])
def test_gradient(case):
    subscripts, *arrays = case
    check_grads(lambda *x: tl.einsum(subscripts, *x), arrays)


def test_gradient_of_three_factors():
    check_grads(lambda *x: tl.einsum("ij,jk,k->i", *x, optimize=True), [M, N, N[0]])


@pytest.mark.parametrize("optimize", ["greedy", "optimal", True, False, ("greedy", 20)])
def test_einsum_path(optimize):
    arrays = [np.ones((2, 9)), np.ones((9, 9)), np.ones((9, 3)), np.ones(3)]
    expected = np.einsum_path("ij,jk,kl,l->i", *arrays, optimize=optimize)
    tensors = [tl.asarray(a).requires_grad_() for a in arrays]
    path, text = tl.einsum_path("ij,jk,kl,l->i", *tensors, optimize=optimize)
    assert (path, text) == expected
    assert np.einsum_path("ij,jk,kl,l->i", *tensors, optimize=optimize) == expected
    assert tl.einsum("ij,jk,kl,l->i", *tensors, optimize=path).tolist() == [243, 243]


def test_einsum_path_of_lists():
    a = np.ones((2, 2))
    assert tl.einsum_path(a, [0, 1], a, [1, 2], [0, 2]) == np.einsum_path(
        a, [0, 1], a, [1, 2], [0, 2]
    )
    with pytest.raises(KeyError):
        tl.einsum_path("ij,jk,kl", a, a, a, optimize="best")


@pytest.mark.parametrize("orders", ["FF", "FC", "CF", "CC"])
@pytest.mark.parametrize("order", ["A", "a", "F", "f", "C", "c"])
def test_memory_layout(orders, order):
    a, b = np.ones((2, 3, 5), order=orders[0]), np.ones((4, 3), order=orders[1])
    expected = np.einsum("...ft,mf->...mt", a, b, order=order)
    result = tl.einsum("...ft,mf->...mt", tl.asarray(a), tl.asarray(b), order=order)
    assert result.flags.c_contiguous == expected.flags.c_contiguous
    assert result.flags.f_contiguous == expected.flags.f_contiguous


@pytest.mark.parametrize("options", [{"casting": "same_value"}, {"casting": "x"}, {"order": "W"}])
def test_bad_options(options):
    with pytest.raises(ValueError, match=f"einsum: {[*options][0]}"):
        tl.einsum("i->", tl.ones(2), **options)
