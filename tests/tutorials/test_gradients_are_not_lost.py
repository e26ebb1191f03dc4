"""Code that would drop a gradient refuses the tensor and says ``detach()``."""

import numpy as np
import pytest
from scipy import integrate, interpolate, linalg, ndimage, optimize, signal, sparse, stats

import tensorlib as tl


def x():
    return tl.linspace(0.1, 2.0, 12).requires_grad_()


def matrix():
    return (tl.eye(3) * 2.0).requires_grad_()


CALLS = {
    "asarray": lambda: np.asarray(x()),
    "array": lambda: np.array(x()),
    "asarray of a list": lambda: np.asarray([x(), x()]),
    "assignment": lambda: np.zeros(12).__setitem__(slice(None), x()),
    "memoryview": lambda: memoryview(x()),
    "numpy": lambda: x().numpy(),
    "histogram": lambda: np.histogram(x()),
    "fft": lambda: signal.fftconvolve(x(), x()),
    "filtfilt": lambda: signal.filtfilt([1.0], [1.0, 0.2], x()),
    "spline": lambda: interpolate.CubicSpline(np.arange(12.0), x()),
    "gaussian filter": lambda: ndimage.gaussian_filter(x(), 1.0),
    "expm": lambda: linalg.expm(matrix()),
    "cho_factor": lambda: linalg.cho_factor(matrix()),
    "start": lambda: optimize.minimize(lambda p: (p**2).sum(), x()),
    "residuals": lambda: optimize.least_squares(lambda p: x()[:2] * p, [1.0, 2.0]),
    "right side": lambda: integrate.solve_ivp(lambda t, y: x()[:1] * y, (0, 1), [1.0]),
    "cumulative": lambda: integrate.cumulative_simpson(x()),
    "sparse": lambda: sparse.eye_array(12) @ x(),
    "sparse from the left": lambda: x() @ sparse.eye_array(12),
    "density": lambda: stats.gaussian_kde(x()),
    "rank": lambda: stats.rankdata(x()),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_error_says_detach(call):
    with pytest.raises((TypeError, BufferError), match=r"detach\(\)"):
        call()


def test_estimators_say_detach():
    linear_model = pytest.importorskip(
        "sklearn.linear_model", reason="pip install scikit-learn (part of the extra 'test')"
    )
    data = tl.ones((6, 2)).requires_grad_()
    with pytest.raises(TypeError, match=r"detach\(\)"):
        linear_model.LinearRegression().fit(data, np.ones(6))


def test_frames_say_detach():
    pandas = pytest.importorskip("pandas", reason="pip install pandas (part of the extra 'test')")
    with pytest.raises(TypeError, match=r"detach\(\)"):
        pandas.DataFrame({"a": x()})


def test_figures_say_detach():
    pyplot = pytest.importorskip(
        "matplotlib.pyplot", reason="pip install matplotlib (part of the extra 'test')"
    )
    with pytest.raises(TypeError, match=r"detach\(\)"):
        pyplot.figure().add_subplot().plot(x())
    pyplot.close("all")


def test_what_is_detached_is_taken():
    assert isinstance(signal.filtfilt([1.0], [1.0, 0.2], x().detach()), np.ndarray)
    assert np.asarray(x().detach()).shape == (12,)


def test_one_number_may_be_read():
    assert float(x()[0]) == x()[0].item() == x().tolist()[0] == 0.1


@pytest.mark.parametrize(
    "function",
    [np.sum, np.mean, np.sin, np.cumsum, np.sort, np.linalg.norm, np.ptp, np.median, np.diff],
    ids=lambda f: f.__name__,
)
def test_functions_of_numpy_keep_the_gradient(function):
    value = function(x())
    assert isinstance(value, tl.Tensor)
    assert value.requires_grad
