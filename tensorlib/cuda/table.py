"""Where the kernels of ops that are not elementwise are: op -> module.function, in this package.

An op without a row raises NotImplementedError on a GPU. Ops of `ANYWHERE` and views need none.
"""

KERNELS = {
    "all": "reduce.all_",
    "any": "reduce.any_",
    "argmax": "argreduce.argmax",
    "argmin": "argreduce.argmin",
    "max": "reduce.max_",
    "min": "reduce.min_",
    "prod": "reduce.prod",
    "sum": "reduce.sum_",
    "matmul": "_products.matmul",
    "matvec": "_products.matvec",
    "vecdot": "_products.vecdot",
    "vecmat": "_products.vecmat",
    "advanced_index": "indexing.advanced_index",
    "argsort": "sort.argsort",
    "index_add": "indexing.index_add",
    "index_put": "indexing.index_put",
    "index_write": "indexing.index_write",
    "nonzero": "indexing.nonzero",
    "sort": "sort.sort",
    "view_read": "indexing.view_read",
    "view_write": "indexing.view_write",
}
