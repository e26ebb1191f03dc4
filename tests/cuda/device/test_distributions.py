"""Distributions whose parameters are on a GPU: samples, densities and gradients there."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import distributions


def made(name, place):
    x, y = (tl.asarray(v, device=place) for v in ([0.2, -1.0, 3.0], [0.5, 1.0, 0.1]))
    given = {
        "Normal": (x, y),
        "LogNormal": (x, 0.5),
        "HalfNormal": (y,),
        "Laplace": (x, y),
        "Cauchy": (x, y),
        "Gumbel": (x, y),
        "Uniform": (x, x + y),
        "Exponential": (y,),
        "Bernoulli": (y,),
        "Categorical": (y,),
        "OneHotCategorical": (y,),
    }[name]
    return getattr(distributions, name)(*given)


@pytest.mark.parametrize(
    "name",
    [
        "Normal",
        "LogNormal",
        "HalfNormal",
        "Laplace",
        "Cauchy",
        "Gumbel",
        "Uniform",
        "Exponential",
        "Bernoulli",
        "Categorical",
        "OneHotCategorical",
    ],
)
def test_samples_are_those_of_the_cpu(name, device):
    found = []
    for place in (device, "cpu"):
        tl.manual_seed(3)
        distribution = made(name, place)
        sample = distribution.sample((4,))
        density = distribution.log_prob(sample)
        assert sample.device == density.device == distribution.device
        found.append((sample.cpu().numpy(), density.cpu().numpy()))
    for x, y in zip(*found, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-12)


def test_gradients_of_samples(device):
    tl.manual_seed(3)
    mean = tl.zeros(3, device=device).requires_grad_()
    width = tl.full(3, 2.0, device=device).requires_grad_()
    sample = distributions.Normal(mean, width).rsample((5,))
    sample.sum().backward()
    np.testing.assert_array_equal(mean.grad.cpu().numpy(), np.full(3, 5.0))
    expected = (sample.detach() / 2).sum(0).cpu().numpy()
    np.testing.assert_allclose(width.grad.cpu().numpy(), expected, rtol=1e-12)


def test_what_needs_the_parameters_on_the_cpu_says_so(device):
    rate = tl.ones(3, device=device)
    with pytest.raises(NotImplementedError, match="^standard_gamma: no kernel for cuda:0"):
        distributions.Gamma(rate, rate).sample()


def test_multivariate_normal(device, libraries):
    mean, matrix = np.array([1.0, -1.0]), np.array([[2.0, 0.5], [0.5, 1.0]])
    values = []
    for place in (device, "cpu"):
        tl.manual_seed(3)
        given = (tl.asarray(v, device=place) for v in (mean, matrix))
        distribution = distributions.MultivariateNormal(*given)
        sample = distribution.sample((4,))
        values.append([sample, distribution.log_prob(sample), distribution.precision_matrix])
    for x, y in zip(*values, strict=True):
        assert x.device == "cuda:0"
        np.testing.assert_allclose(x.cpu().numpy(), y.numpy(), rtol=1e-10)
