"""BLAS and LAPACK on the library's threads, and what threadpoolctl says of theirs."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tensorlib as tl


def controller():
    threadpoolctl = pytest.importorskip(
        "threadpoolctl", reason="needs threadpoolctl: python -m pip install threadpoolctl"
    )
    blas = threadpoolctl.ThreadpoolController().select(internal_api="openblas")
    if not blas.lib_controllers:
        pytest.skip("needs a NumPy that brings OpenBLAS: python -m pip install numpy")
    return blas


def test_the_limit_of_threadpoolctl_holds():
    blas = controller()
    usual = tl.get_num_threads()
    try:
        tl.set_num_threads(3)
        before = [library["num_threads"] for library in blas.info()]
        with blas.limit(limits=1):
            expected = 3 if max(before) == 1 else 1
            assert tl.get_num_threads() == expected
        assert tl.get_num_threads() == 3
    finally:
        tl.set_num_threads(usual)


@pytest.mark.parametrize("limit", [1, 2])
def test_blas_has_its_threads_again_after_a_call(limit):
    blas = controller()
    singular = tl.zeros((200, 200))
    with blas.limit(limits=limit):
        before = [library["num_threads"] for library in blas.info()]
        tl.ones((300, 300)) @ tl.ones(300)
        tl.linalg.inv(tl.eye(300))
        tl.linalg.solve_triangular(tl.eye(100), tl.ones((100, 100)), upper=True)
        with pytest.raises(np.linalg.LinAlgError):
            tl.linalg.inv(singular)
        with pytest.raises(ValueError):
            singular @ tl.ones(300)
        assert [library["num_threads"] for library in blas.info()] == before


@pytest.mark.parametrize("name", ["cholesky", "inv", "det"])
def test_blas_has_one_thread_during_a_call(name):
    blas = controller()
    x = tl.eye(900) + tl.ones((900, 900))
    seen = set()
    with blas.limit(limits=2), ThreadPoolExecutor(1) as threads:
        for _ in range(20):
            call = threads.submit(getattr(tl.linalg, name), x)
            while not call.done():
                seen.add(max(library["num_threads"] for library in blas.info()))
    assert 1 in seen


def test_calls_of_several_threads_end_with_the_usual_number():
    blas = controller()
    before = [library["num_threads"] for library in blas.info()]
    x, expected = tl.asarray(np.eye(150) * 2), np.eye(150) / 2
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: tl.linalg.inv(x), range(40)))
    for result in results:
        np.testing.assert_array_equal(np.asarray(result), expected)
    assert [library["num_threads"] for library in blas.info()] == before


@pytest.mark.parametrize("name", ["solve", "inv", "cholesky", "svd", "eigh", "qr", "det"])
@pytest.mark.parametrize("shape", [(300, 6, 6), (7, 40, 40), (2, 3, 64, 64), (1, 150, 150)])
def test_a_stack_of_matrices_on_several_threads(name, shape):
    x = np.random.default_rng(5).normal(size=shape)
    x = x @ x.swapaxes(-1, -2) + shape[-1] * np.eye(shape[-1])
    args = (tl.asarray(x), tl.asarray(x)) if name == "solve" else (tl.asarray(x),)
    usual, results = tl.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            tl.set_num_threads(threads)
            result = getattr(tl.linalg, name)(*args)
            results.append(
                [
                    np.asarray(part)
                    for part in (result if type(result) is not tl.Tensor else [result])
                ]
            )
    finally:
        tl.set_num_threads(usual)
    for other in results[1:]:
        assert [part.tobytes() for part in other] == [part.tobytes() for part in results[0]]
    expected = getattr(np.linalg, name)(*([x, x] if name == "solve" else [x]))
    expected = expected if isinstance(expected, tuple) else [expected]
    if name in ("solve", "inv", "cholesky", "det"):
        np.testing.assert_allclose(results[0][0], expected[0], rtol=1e-9, atol=1e-9)


def test_a_singular_matrix_far_in_a_stack():
    x = np.tile(np.eye(20), (200, 1, 1))
    x[150] = 0
    with pytest.raises(np.linalg.LinAlgError, match="inv: Singular"):
        tl.linalg.inv(tl.asarray(x))
