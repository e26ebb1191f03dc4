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
    check(lambda: tl.linalg.inv(x), "inv", "cuSOLVER")
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
    assert 1 <= standin_libraries.made("cusolver") <= 3
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
