"""What of NumPy's public names tensorlib leaves to NumPy on purpose, and why.

Literals only. ``numpy_names.py`` makes a page of the documentation of them, and a test compares
them with what is there.
"""

NUMPY = "2.4"  # the lists are complete for this release

# (reason, names): absent from tensorlib. A name stands for all that is below it.
LEFT = [
    (
        "Dates and times are no numbers of a tensor.",
        "busday_count busday_offset busdaycalendar datetime_as_string datetime_data is_busday "
        "isnat",
    ),
    (
        "Tensors hold numbers and booleans: neither strings nor records.",
        "char rec recarray record strings",
    ),
    (
        "Matrices and masked arrays are subclasses of ndarray with other semantics. NumPy itself "
        "advises against matrices.",
        "asmatrix bmat ma matrix",
    ),
    (
        "Files and text that become ndarrays. What writes takes tensors "
        "(``np.savez(path, x=tensor)``), and ``tl.asarray`` of what was read or mapped shares its "
        "memory.",
        "fromregex genfromtxt lib.format lib.npyio loadtxt memmap savetxt savez savez_compressed",
    ),
    (
        "About NumPy's own build, C interface and documentation.",
        "core ctypeslib f2py get_include info lib.add_docstring lib.add_newdoc lib.introspect "
        "lib.tracemalloc_domain show_config show_runtime test",
    ),
    ("For classes that imitate an ndarray, and for annotations of ndarrays.", "lib.mixins typing"),
    (
        "What an ndarray tells its subclasses when it makes one of them, and how it is unpickled. "
        "A tensor is pickled by ``__reduce__``.",
        "ndarray.__array_finalize__ ndarray.__setstate__",
    ),
]

# (parameters, reason, names): functions whose parameters are not NumPy's.
PARAMETERS = [
    (
        "a_min a_max",
        "The array API standard has ``clip(x, min, max)``; NumPy's names are accepted by name, and "
        "both by position.",
        "clip",
    ),
    (
        "start_or_stop",
        "The first one's name is ``start``, which NumPy accepts too and does not show.",
        "arange",
    ),
    (
        "out",
        "Without ``out`` NumPy shows ``(None, None)`` and tensorlib ``None``; both are accepted.",
        "divmod frexp modf",
    ),
    (
        "file path arr state mmap_mode allow_pickle fix_imports encoding max_header_size",
        "The files are those of tensorlib: dictionaries of tensors, read without running code. "
        "``np.save`` takes tensors.",
        "load save",
    ),
    ("args", "NumPy's signature does not name what it takes.", "ndarray.view"),
    ("choices mode out", "NumPy's also takes several arrays, one by one.", "ndarray.choose"),
    ("args", "NumPy's signature shows what is passed on.", "random.ranf random.sample"),
]
