"""Where the kernels of ops that are not elementwise are: op -> module.function, in this package.

An op without a row raises NotImplementedError on a GPU. Ops of `ANYWHERE` and views need none.
"""

KERNELS = {
    "advanced_index": "indexing.advanced_index",
    "all": "reduce.all_",
    "any": "reduce.any_",
    "argmax": "argreduce.argmax",
    "argmin": "argreduce.argmin",
    "argsort": "sort.argsort",
    "attention": "attention.attention",
    "attention_backward": "attention.attention_backward",
    "conv": "conv.conv",
    "conv_input": "conv.conv_input",
    "conv_weight": "conv.conv_weight",
    "cumprod": "scan.cumprod",
    "cumsum": "scan.cumsum",
    "gru": "recurrent.gru",
    "gru_backward": "recurrent.gru_backward",
    "index_add": "indexing.index_add",
    "index_put": "indexing.index_put",
    "index_write": "indexing.index_write",
    "log_softmax": "softmax.log_softmax",
    "log_softmax_backward": "softmax.log_softmax_backward",
    "lstm": "recurrent.lstm",
    "lstm_backward": "recurrent.lstm_backward",
    "matmul": "_products.matmul",
    "matvec": "_products.matvec",
    "max": "reduce.max_",
    "min": "reduce.min_",
    "nonzero": "indexing.nonzero",
    "normalize": "norm.normalize",
    "normalize_input": "norm.normalize_input",
    "normalize_weight": "norm.normalize_weight",
    "prod": "reduce.prod",
    "searchsorted": "sort.searchsorted",
    "softmax": "softmax.softmax",
    "softmax_backward": "softmax.softmax_backward",
    "sort": "sort.sort",
    "sum": "reduce.sum_",
    "uniform": "random.uniform",
    "unscale": "optimize.unscale",
    "update": "optimize.update",
    "vecdot": "_products.vecdot",
    "vecmat": "_products.vecmat",
    "view_read": "indexing.view_read",
    "view_write": "indexing.view_write",
}

# Functions of NumPy's names that raise it too, for they read elements where those decide how to
# go on.
LEFT_TO_THE_CPU = frozenset()
