"""Samples of the gamma distribution that have a gradient with respect to its shape.

With F the distribution function, a sample z at a fixed probability moves with the shape a by
``dz/da = -(dF/da) / (dF/dz)``: Figurnov, Mohamed and Mnih, "Implicit reparameterization
gradients", 2018, equation 5.
"""

import numpy as np

from tensorlib._arguments import anywhere, computed, followed
from tensorlib._core._functions import log, log1p, where
from tensorlib.random import default_generator


def log_gamma_sample(shape, size):
    """Logarithms of samples of the gamma distribution of rate 1, which would underflow themselves.

    Parameters
    ----------
    shape : Tensor
        The shape parameters of the distribution.
    size : tuple of int
        Of the result; `shape` broadcasts to it.
    """
    a = shape.detach().astype(np.float64)
    random = default_generator()
    # Below 1 by a sample of a + 1: Marsaglia and Tsang, "A simple method for generating gamma
    # variables", 2000, section 6.
    logarithm = log(random.standard_gamma(where(a < 1, a + 1, a), size))
    if anywhere(a < 1):
        logarithm = logarithm + where(a < 1, log1p(-random.random(size)) / a, 0.0)
    sample = logarithm.astype(shape.dtype)
    if not followed(shape):
        return sample
    slope = computed("rsample", slope_of_log_sample, a, logarithm).astype(shape.dtype)
    return sample + (shape - shape.detach()) * slope


def slope_of_log_sample(a, logarithm):
    """Derivative by the shape `a` of the logarithm of a sample, at a fixed probability.

    The distribution function or, above the median, its complement is differentiated on a
    logarithmic scale by central differences of the fourth order. For shapes from 1e-6 to 1e4 the
    result is within 1e-10, relatively, of what arithmetic of 40 digits gives. Far below 1, where
    ``F = z**a / gamma(a + 1)``, it is known.
    """
    from scipy import special

    with np.errstate(all="ignore"):
        z = np.exp(logarithm)
        a, z = np.broadcast_arrays(a, z)
        upper = special.gammainc(a, z) > 0.5

        def logarithm_of_cdf(shape):
            return np.log(np.where(upper, special.gammaincc(shape, z), special.gammainc(shape, z)))

        step = 1e-3 * np.minimum(a, np.sqrt(a))
        near = logarithm_of_cdf(a + step) - logarithm_of_cdf(a - step)
        far = logarithm_of_cdf(a + 2 * step) - logarithm_of_cdf(a - 2 * step)
        derivative = (8 * near - far) / (12 * step)
        log_density = a * logarithm - z - special.gammaln(a)  # of the logarithm
        ratio = np.exp(logarithm_of_cdf(a) - log_density)
        slope = np.where(upper, 1, -1) * ratio * derivative
        small = (special.psi(a + 1) - logarithm) / a
        return np.where((z < 1e-10) | ~np.isfinite(slope), small, slope)
