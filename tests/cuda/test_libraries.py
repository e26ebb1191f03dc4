"""NVIDIA's libraries of mathematics: found late, or not at all, and used by several threads.

What they compute is tested in ``device/``.
"""

BEGIN = """
    import re, threading
    import standin_libraries
    standin.compile_on_host()
    import tensorlib as tl

    def error_of(function):
        try:
            function()
        except Exception as error:
            return type(error), str(error)

    x = tl.asarray(np.random.default_rng(0).standard_normal((3, 4, 4)), device="cuda")
"""


def test_without_a_library_an_error_says_what_to_install(run):
    run(
        BEGIN
        + """
    import cuda.pathfinder
    load = cuda.pathfinder.load_nvidia_dynamic_lib
    def found(name):
        if name in ("cublas", "cufft", "cusolver"):
            raise cuda.pathfinder.DynamicLibNotFoundError(name)
        return load(name)
    cuda.pathfinder.load_nvidia_dynamic_lib = found

    def check(function, op, title):
        text = f"{op}: needs {title} on a GPU, which is not installed: "
        found = error_of(function)
        assert found == (NotImplementedError, text + "pip install tensorlib[cuda13]"), found
    check(lambda: tl.fft.rfft(x), "rfft", "cuFFT")
    check(lambda: tl.linalg.inv(x[0]), "inv", "cuSOLVER")
    check(lambda: tl.linalg.inv(x), "inv", "cuBLAS")
    check(lambda: tl.linalg.solve_triangular(x, x, upper=True), "solve_triangular", "cuBLAS")
    """
    )


def test_a_library_that_fails(run):
    run(
        BEGIN
        + """
    standin_libraries.load_libraries()
    for function, op, title in (
        (lambda: tl.fft.rfft(x), "rfft", "cuFFT"),
        (lambda: tl.linalg.eigvals(x), "eigvals", "cuSOLVER"),
        (lambda: tl.linalg.solve_triangular(x, x, upper=True), "solve_triangular", "cuBLAS"),
    ):
        function()
        standin.fail("cuLaunchHostFunc", 1, 1)
        assert error_of(function) == (tl.cuda.CudaError, f"{op}: {title}: execution failed"), title
        function()
    """
    )


def test_a_stack_of_small_matrices_is_one_call(run):
    run(
        BEGIN
        + """
    standin_libraries.load_libraries()
    def calls(function):
        standin.clear_log()
        function()
        return standin.called().count("cuLaunchHostFunc")

    positive = x @ x.mT + tl.eye(4, device="cuda")
    cases = [
        (tl.linalg.cholesky, 1), (tl.linalg.det, 1), (tl.linalg.slogdet, 1), (tl.linalg.inv, 2),
        (lambda a: tl.linalg.solve(a, a), 2), (tl.linalg.qr, 1), (tl.linalg.eigh, 1),
        (tl.linalg.eigvalsh, 1), (tl.linalg.svd, 1), (tl.linalg.svdvals, 1), (tl.linalg.pinv, 1),
        (lambda a: tl.linalg.solve_triangular(a, a, upper=True), 1),
        (lambda a: tl.linalg.solve_triangular(a[:1], a, upper=True), 1),
        (lambda a: tl.linalg.solve(a[0], a), 2),
    ]
    for function, expected in cases:
        assert calls(lambda: function(positive)) == expected, function
    assert calls(lambda: tl.linalg.eigvals(positive)) == 3  # has no routine for stacks
    # Large matrices are factored one after the other.
    large = tl.eye(512, device="cuda") * tl.ones((3, 1, 1), device="cuda")
    assert calls(lambda: tl.linalg.inv(large)) == 6
    assert calls(lambda: tl.linalg.cholesky(large)) == 1
    assert calls(lambda: tl.linalg.solve_triangular(large, large[..., :2], upper=True)) == 3
    assert calls(lambda: tl.linalg.svdvals(large[..., :33, :33])) == 3
    assert calls(lambda: tl.linalg.qr(large[..., :300, :2])) == 6
    # 65535 matrices are the most for a call.
    many = tl.ones((70_000, 1, 1), device="cuda")
    assert calls(lambda: tl.linalg.cholesky(many)) == 2
    """
    )


def test_what_jacobi_does_not_find_is_found_by_qr(run):
    run(
        BEGIN
        + """
    import ctypes
    standin_libraries.load_libraries()
    library = ctypes.CDLL(standin_libraries.SONAMES["cusolver"], mode=ctypes.DEFAULT_MODE)
    not_converged = ctypes.c_int.in_dll(library, "standin_not_converged")
    for matrices in (x, x[..., :2], x[:, :2], x + 1j):
        for full in (False, True):
            not_converged.value = 1
            u, s, vh = (part.cpu().numpy() for part in tl.linalg.svd(matrices, full))
            values = tl.linalg.svdvals(matrices).cpu().numpy()
            count = s.shape[-1]
            expected = matrices.cpu().numpy()
            product = (u[..., :count] * s[..., None, :]) @ vh[..., :count, :]
            np.testing.assert_allclose(product, expected, atol=1e-12)
            np.testing.assert_allclose(s, np.linalg.svdvals(expected))
            np.testing.assert_allclose(values, s)
    """
    )


def test_threads_have_handles_of_their_own_and_leave_them(run):
    run(
        BEGIN
        + """
    standin_libraries.load_libraries()
    expected = tl.linalg.inv(tl.fft.ifft(tl.fft.fft(x.cpu())).real).numpy()
    results = []

    def work(barrier):
        with tl.cuda.Stream() as stream:
            stream.wait_stream(tl.cuda.default_stream())
            barrier.wait()
            for _ in range(5):
                results.append(tl.linalg.inv(tl.fft.ifft(tl.fft.fft(x)).real).cpu().numpy())

    for _ in range(2):
        barrier = threading.Barrier(3)
        threads = [threading.Thread(target=work, args=(barrier,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(results) == 30
    for result in results:
        np.testing.assert_allclose(result, expected, rtol=1e-9)
    # Three at once, which the next three threads, or one that came late, used again
    assert 1 <= standin_libraries.made("cublas_linalg") <= 3
    """
    )


def test_work_in_the_order_of_streams(run):
    run(
        BEGIN
        + """
    standin_libraries.load_libraries()
    with tl.cuda.Stream() as stream:
        stream.wait_stream(tl.cuda.default_stream())
        y = tl.linalg.solve(x, tl.fft.irfft(tl.fft.rfft(x)))
        tl.linalg.lstsq(x[0], y[0])
        tl.linalg.qr(y)
    tl.cuda.default_stream().wait_stream(stream)
    y.cpu()
    assert standin.unordered() == []
    """,
        STANDIN_ORDER=1,
    )
