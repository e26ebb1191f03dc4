# The routines of BLAS and LAPACK that SciPy brings. They start threads unless these are held, so
# users of this file call find_blas_threads() after.
from cpython.pycapsule cimport PyCapsule_GetName, PyCapsule_GetPointer


cdef inline void *scipy_function(module, str name) except NULL:
    """A routine of `scipy.linalg.cython_blas` or `cython_lapack`."""
    capsule = module.__pyx_capi__[name]
    return PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule))
