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
    "gru": "recurrent.gru",
    "gru_backward": "recurrent.gru_backward",
    "index_add": "indexing.index_add",
    "index_put": "indexing.index_put",
    "index_write": "indexing.index_write",
    "lstm": "recurrent.lstm",
    "lstm_backward": "recurrent.lstm_backward",
    "matmul": "_products.matmul",
    "matvec": "_products.matvec",
    "cumprod": "scan.cumprod",
    "cumsum": "scan.cumsum",
    "max": "reduce.max_",
    "min": "reduce.min_",
    "nonzero": "indexing.nonzero",
    "prod": "reduce.prod",
    "sort": "sort.sort",
    "sum": "reduce.sum_",
    "unscale": "optimize.unscale",
    "update": "optimize.update",
    "vecdot": "_products.vecdot",
    "vecmat": "_products.vecmat",
    "view_read": "indexing.view_read",
    "view_write": "indexing.view_write",
}
