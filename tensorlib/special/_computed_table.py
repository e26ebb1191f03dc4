"""Functions of `scipy.special` that its own code computes on arrays: literals only.

They have no gradient. A row is the name, what the example of the docstring is called with, and one
sentence.
"""

ZEROS = (
    ("ai_zeros", "2", "Zeros of Ai and of Ai', then the other of the two at these."),
    ("bei_zeros", "2", "Zeros of the Kelvin function bei."),
    ("beip_zeros", "2", "Zeros of the derivative of the Kelvin function bei."),
    ("ber_zeros", "2", "Zeros of the Kelvin function ber."),
    ("berp_zeros", "2", "Zeros of the derivative of the Kelvin function ber."),
    ("bi_zeros", "2", "Zeros of Bi and of Bi', then the other of the two at these."),
    ("erf_zeros", "2", "Zeros of the error function in the first quadrant."),
    ("fresnel_zeros", "2", "Zeros of both of Fresnel's integrals."),
    ("fresnelc_zeros", "2", "Zeros of Fresnel's cosine integral."),
    ("fresnels_zeros", "2", "Zeros of Fresnel's sine integral."),
    ("jn_zeros", "1, 3", "Positive zeros of the Bessel function of the first kind."),
    ("jnjnp_zeros", "2",
     "Zeros of Bessel functions of the first kind and of their derivatives, of all orders in one."),
    ("jnp_zeros", "1, 3",
     "Positive zeros of the derivative of the Bessel function of the first kind."),
    ("jnyn_zeros", "1, 2",
     "Zeros of Bessel functions of both kinds and of their derivatives: jn, jn', yn, yn'."),
    ("kei_zeros", "2", "Zeros of the Kelvin function kei."),
    ("keip_zeros", "2", "Zeros of the derivative of the Kelvin function kei."),
    ("kelvin_zeros", "1", "Zeros of all eight Kelvin functions and derivatives."),
    ("ker_zeros", "2", "Zeros of the Kelvin function ker."),
    ("kerp_zeros", "2", "Zeros of the derivative of the Kelvin function ker."),
    ("y0_zeros", "1",
     "Zeros of the Bessel function of the second kind of order 0, and its derivative there."),
    ("y1_zeros", "1",
     "Zeros of the Bessel function of the second kind of order 1, and its derivative there."),
    ("y1p_zeros", "1", "Zeros of the derivative of `y1`, and `y1` there."),
    ("yn_zeros", "1, 3", "Positive zeros of the Bessel function of the second kind."),
    ("ynp_zeros", "1, 3",
     "Positive zeros of the derivative of the Bessel function of the second kind."),
)  # fmt: skip

ROOTS = (
    ("roots_chebyc", "2", "Nodes and weights of the Gauss quadrature of `chebyc`."),
    ("roots_chebys", "2", "Nodes and weights of the Gauss quadrature of `chebys`."),
    ("roots_chebyt", "2", "Nodes and weights of the Gauss quadrature of `chebyt`."),
    ("roots_chebyu", "2", "Nodes and weights of the Gauss quadrature of `chebyu`."),
    ("roots_gegenbauer", "2, 1.5", "Nodes and weights of the Gauss quadrature of `gegenbauer`."),
    ("roots_genlaguerre", "2, 1.5", "Nodes and weights of the Gauss quadrature of `genlaguerre`."),
    ("roots_hermite", "2", "Nodes and weights of the Gauss quadrature of `hermite`."),
    ("roots_hermitenorm", "2", "Nodes and weights of the Gauss quadrature of `hermitenorm`."),
    ("roots_jacobi", "2, 0.5, 1.5", "Nodes and weights of the Gauss quadrature of `jacobi`."),
    ("roots_laguerre", "2", "Nodes and weights of the Gauss quadrature of `laguerre`."),
    ("roots_legendre", "2", "Nodes and weights of the Gauss quadrature of `legendre`."),
    ("roots_sh_chebyt", "2", "Nodes and weights of the Gauss quadrature of `sh_chebyt`."),
    ("roots_sh_chebyu", "2", "Nodes and weights of the Gauss quadrature of `sh_chebyu`."),
    ("roots_sh_jacobi", "2, 2.5, 1.5", "Nodes and weights of the Gauss quadrature of `sh_jacobi`."),
    ("roots_sh_legendre", "2", "Nodes and weights of the Gauss quadrature of `sh_legendre`."),
)  # fmt: skip

SEQUENCES = (
    ("lmbda", "1, 0.5",
     "Jahnke's and Emden's lambda function of all orders up to `v`, and its derivatives."),
    ("lqmn", "1, 1, 0.5",
     "Legendre functions of the second kind of all orders and degrees, and their derivatives."),
    ("lqn", "2, 0.5",
     "Legendre functions of the second kind of all degrees up to `n`, and their derivatives."),
    ("mathieu_even_coef", "0, 0.25", "Fourier coefficients of the even Mathieu functions."),
    ("mathieu_odd_coef", "1, 0.25", "Fourier coefficients of the odd Mathieu functions."),
    ("obl_cv_seq", "1, 3, 0.5",
     "Characteristic values of the oblate spheroidal functions of degrees from `m` to `n`."),
    ("pbdn_seq", "2, 0.5",
     "Parabolic cylinder functions D of orders up to `n`, and their derivatives."),
    ("pbdv_seq", "2.5, 0.5",
     "Parabolic cylinder functions D of orders up to `v`, and their derivatives."),
    ("pbvv_seq", "2.5, 0.5",
     "Parabolic cylinder functions V of orders up to `v`, and their derivatives."),
    ("pro_cv_seq", "1, 3, 0.5",
     "Characteristic values of the prolate spheroidal functions of degrees from `m` to `n`."),
    ("riccati_jn", "2, 0.5",
     "Riccati-Bessel functions of the first kind of orders up to `n`, and their derivatives."),
    ("riccati_yn", "2, 0.5",
     "Riccati-Bessel functions of the second kind of orders up to `n`, and their derivatives."),
)  # fmt: skip

HARMONICS = (
    ("assoc_legendre_p", "2, 1, 0.5", "Associated Legendre polynomial of the first kind."),
    ("assoc_legendre_p_all", "1, 1, 0.5",
     "Associated Legendre polynomials of all degrees and orders."),
    ("diric", "[0.5, 1.0], 3", "Periodic sinc function, sin(n x / 2) / (n sin(x / 2))."),
    ("ellip_harm", "5.0, 8.0, 1, 1, 2.5", "Lame's function of the first kind."),
    ("ellip_harm_2", "5.0, 8.0, 1, 1, 10.0", "Lame's function of the second kind."),
    ("ellip_normal", "5.0, 8.0, 3, 7", "Normalization of ellipsoidal harmonics."),
    ("legendre_p", "2, 0.5", "Legendre polynomial of the first kind."),
    ("legendre_p_all", "2, 0.5", "Legendre polynomials of all degrees up to `n`."),
    ("sph_harm_y", "2, 1, 0.5, 1.0", "Spherical harmonic."),
    ("sph_harm_y_all", "1, 1, 0.5, 1.0", "Spherical harmonics of all degrees and orders."),
    ("sph_legendre_p", "2, 1, 0.5", "Spherical Legendre polynomial of the first kind."),
    ("sph_legendre_p_all", "1, 1, 0.5",
     "Spherical Legendre polynomials of all degrees and orders."),
)  # fmt: skip

COUNTS = (
    ("bernoulli", "4", "Bernoulli numbers from 0 to `n`."),
    ("comb", "5, [2, 3]", "Number of ways to choose `k` of `N` things."),
    ("euler", "4", "Euler numbers from 0 to `n`."),
    ("factorial", "[3, 4]", "Product of all positive integers up to `n`."),
    ("factorial2", "[5, 6]", "Product of every second integer down from `n`."),
    ("factorialk", "7, 3", "Product of every `k`-th integer down from `n`."),
    ("perm", "5, [2, 3]", "Number of ways to arrange `k` of `N` things."),
    ("stirling2", "5, [2, 3]", "Number of ways to part `N` things into `K` sets."),
)  # fmt: skip

FAMILIES = {
    "Zeros": ZEROS,
    "Nodes and weights of quadratures": ROOTS,
    "All orders at once": SEQUENCES,
    "Legendre functions and harmonics": HARMONICS,
    "Combinatorial numbers": COUNTS,
}

# Of these SciPy says no signature.
SIGNATURES = {
    "assoc_legendre_p": "(n, m, z, *, branch_cut=2, norm=False, diff_n=0)",
    "assoc_legendre_p_all": "(n, m, z, *, branch_cut=2, norm=False, diff_n=0)",
    "legendre_p": "(n, z, *, diff_n=0)",
    "legendre_p_all": "(n, z, *, diff_n=0)",
    "sph_harm_y": "(n, m, theta, phi, *, diff_n=0)",
    "sph_harm_y_all": "(n, m, theta, phi, *, diff_n=0)",
    "sph_legendre_p": "(n, m, theta, *, diff_n=0)",
    "sph_legendre_p_all": "(n, m, theta, *, diff_n=0)",
}

# Older names of the functions, which SciPy keeps.
SYNONYMS = {
    "c_roots": "roots_chebyc",
    "cg_roots": "roots_gegenbauer",
    "h_roots": "roots_hermite",
    "he_roots": "roots_hermitenorm",
    "j_roots": "roots_jacobi",
    "js_roots": "roots_sh_jacobi",
    "l_roots": "roots_laguerre",
    "la_roots": "roots_genlaguerre",
    "p_roots": "roots_legendre",
    "ps_roots": "roots_sh_legendre",
    "s_roots": "roots_chebys",
    "t_roots": "roots_chebyt",
    "ts_roots": "roots_sh_chebyt",
    "u_roots": "roots_chebyu",
    "us_roots": "roots_sh_chebyu",
}

PARAMETERS = {
    "K": "array_like of int|The number of sets.",
    "N": "array_like of int|The number of things.",
    "alpha": "float|A parameter of the polynomials.",
    "beta": "float|A parameter of the polynomials.",
    "branch_cut": "int, optional|2 for the cut of arguments below 1, 3 for that above 1.",
    "c": "float|A parameter of the functions.",
    "complex": "bool, optional|Whether the complex zeros are meant, instead of the real ones.",
    "diff_n": "int, optional|How many derivatives come with the values, up to 2.",
    "exact": "bool, optional|Whether to compute in integers.",
    "extend": 'str, optional|"zero" or "complex": the values at negative numbers.',
    "h2": "float|The square of the first half-axis difference.",
    "k": "int or array_like of int|The number of those chosen, or the step.",
    "k2": "float|The square of the second half-axis difference, larger than `h2`.",
    "m": "int|The order.",
    "mu": "bool, optional|Whether the sum of the weights is returned too.",
    "n": "int|The degree or order; of numbers, the last or those meant.",
    "norm": "bool, optional|Whether the functions are normalized.",
    "nt": "int|How many zeros.",
    "p": "int|The number of the function.",
    "p1": "float|A parameter of the polynomials.",
    "phi": "array_like|The azimuth.",
    "q": "float|A parameter of the functions.",
    "q1": "float|A parameter of the polynomials.",
    "repetition": "bool, optional|Whether a thing may be chosen again.",
    "s": "float|The argument.",
    "signm": "int, optional|The sign of a factor, 1 or -1.",
    "signn": "int, optional|The sign of a factor, 1 or -1.",
    "theta": "array_like|The polar angle.",
    "v": "float|The order.",
    "x": "array_like|The argument.",
    "z": "array_like|The argument.",
}

# SciPy warns of its integrals at each call, so that their examples are not run.
WARNING = ("ellip_harm_2", "ellip_normal")
