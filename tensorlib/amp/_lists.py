"""What autocast does with each op of the op table.

The lists follow PyTorch's (the reference of ops in the documentation of ``torch.amp``) where it has
the op, and else the op's relatives. All ops are in exactly one.
"""

# Computed in the lower precision: products, which are summed in float32.
LOWER = {
    "attention", "conv", "conv_input", "conv_weight", "linear", "matmul", "matvec", "vecdot",
    "vecmat",
}  # fmt: skip

# 16-bit operands become float32: exponentials, logarithms, powers and long sums, whose range or
# number of digits 16 bits have not, and what has no 16-bit kernel.
FLOAT32 = {
    # element by element
    "arccos", "arcsin", "cosh", "exp", "exp2", "expm1", "hypot", "log", "log10", "log1p", "log2",
    "logaddexp", "logaddexp2", "logsigmoid", "power", "reciprocal", "sinh", "softplus", "square",
    "tan",
    # sums and products of many
    "cumprod", "cumsum", "prod", "sum",
    "log_softmax", "nll_loss", "normalize", "softmax",
    # whole layers, whose parts have been cast already
    "gru", "lstm",
    # linear algebra and transforms
    "cholesky", "det", "eig", "eigh", "eigvals", "eigvalsh", "fft", "ifft", "inv", "irfft", "lstsq",
    "qr", "qr_raw", "rfft", "slogdet", "solve", "solve_triangular", "svd", "svdvals",
}  # fmt: skip

# Operands of several dtypes become those of the widest: NumPy's promotion, which the ops have.
WIDEST = {
    "add", "arctan2", "clip", "concatenate", "copysign", "divide", "divmod", "equal",
    "floor_divide", "fmax", "fmin", "fmod", "greater", "greater_equal", "hardtanh", "heaviside",
    "leaky_relu", "less", "less_equal", "logical_and", "logical_or", "logical_xor",
    "masked_divide", "masked_multiply", "maximum", "minimum", "multiply", "nextafter", "not_equal",
    "remainder", "subtract", "where",
}  # fmt: skip

# As they come.
UNCHANGED = {
    # one operand, which keeps its dtype
    "absolute", "arccosh", "arcsinh", "arctan", "arctanh", "cbrt", "ceil", "conjugate", "cos",
    "deg2rad", "degrees", "erf", "fabs", "floor", "frexp", "gelu", "gelu_tanh", "hardsigmoid",
    "hardswish", "isfinite", "isinf", "isnan", "logical_not", "mish", "modf", "negative",
    "positive", "rad2deg", "radians", "relu", "rint", "sigmoid", "sign", "signbit", "silu", "sin",
    "spacing", "sqrt", "tanh", "trunc", "all", "any", "argmax", "argmin", "argsort", "astype",
    "copy", "max", "max_pool2d", "min", "nonzero", "resample", "sort",
    # views, and elements that are picked or put
    "advanced_index", "as_strided", "basic_index", "broadcast_to", "diagonal", "imag", "index_add",
    "index_put", "real", "reshape", "transpose", "view_read", "view_write",
    # in float64 whatever comes, or with an integer operand
    "float_power", "ldexp",
    # gradients, which come in the dtypes of the results
    "attention_backward", "gelu_backward", "gelu_tanh_backward", "gru_backward",
    "hardsigmoid_backward", "hardswish_backward", "log_softmax_backward", "lstm_backward",
    "mish_backward", "nll_loss_backward", "normalize_input", "normalize_weight", "relu_backward",
    "silu_backward", "softmax_backward",
    # elsewhere
    "to_device",
    # integers alone
    "bitwise_and", "bitwise_count", "bitwise_or", "bitwise_xor", "gcd", "invert", "lcm",
    "left_shift", "right_shift",
}  # fmt: skip
