"""cuBLAS and cuSOLVER: factorizations and triangular equations, one call for a whole stack.

All is by columns and in place, as in `_solver`. Where a routine wants pointers to matrices it is
given `addresses`: a tensor of int64 on the device, with an element for each matrix.
"""

from libc.stdint cimport int64_t

from tensorlib._core._dtypes cimport dtype_itemsize
from tensorlib._core._tensor cimport Tensor
from tensorlib.cuda._libraries cimport workspace
from tensorlib.cuda._solver cimport (
    LOWER,
    OP_N,
    OP_T,
    R_64F,
    RIGHT,
    UPPER,
    BlasCall,
    SolverCall,
    blas_letter,
    write_one,
)

# `infos` are numbers on the device, one for each matrix; `info` is one on the host, which tells of
# a wrong argument, as the status does.
ctypedef int (*Potrf)(void *handle, int uplo, int n, void *a, int lda, int *infos,
                      int count) noexcept nogil
ctypedef int (*Getrf)(void *handle, int n, void *a, int lda, int *pivots, int *infos,
                      int count) noexcept nogil
ctypedef int (*Getri)(void *handle, int n, const void *a, int lda, const int *pivots, void *c,
                      int ldc, int *infos, int count) noexcept nogil
ctypedef int (*Getrs)(void *handle, int trans, int n, int nrhs, const void *a, int lda,
                      const int *pivots, void *b, int ldb, int *info, int count) noexcept nogil
ctypedef int (*Geqrf)(void *handle, int m, int n, void *a, int lda, void *tau, int *info,
                      int count) noexcept nogil
ctypedef int (*SyevSize)(void *handle, void *params, int jobz, int uplo, int64_t n, int type,
                         const void *a, int64_t lda, int w_type, const void *w, int computed,
                         size_t *work, size_t *host_work, int64_t count) noexcept nogil
ctypedef int (*Syev)(void *handle, void *params, int jobz, int uplo, int64_t n, int type, void *a,
                     int64_t lda, int w_type, void *w, int computed, void *work, size_t work_size,
                     void *host_work, size_t host_size, int *infos, int64_t count) noexcept nogil
ctypedef int (*CreateInfo)(void **params) noexcept nogil
ctypedef int (*DestroyInfo)(void *params) noexcept nogil
ctypedef int (*GesvdjSize)(void *handle, int jobz, int m, int n, const void *a, int lda,
                           const void *s, const void *u, int ldu, const void *v, int ldv,
                           int *work, void *params, int count) noexcept nogil
ctypedef int (*Gesvdj)(void *handle, int jobz, int m, int n, void *a, int lda, void *s, void *u,
                       int ldu, void *v, int ldv, void *work, int work_size, int *infos,
                       void *params, int count) noexcept nogil
ctypedef int (*Trsm)(void *handle, int side, int uplo, int trans, int diag, int m, int n,
                     const void *alpha, const void *a, int lda, void *b, int ldb,
                     int count) noexcept nogil


def cholesky(Tensor a not None, Tensor addresses not None, Tensor infos not None, bint upper,
             str op not None):
    """Factor matrices of which one triangle is read; the other one is overwritten, too."""
    cdef SolverCall call = SolverCall(op, a, infos)
    cdef Potrf function = <Potrf>call.function(f"{blas_letter(a.dtype_)}potrfBatched")
    cdef int n = <int>a.shape_[1]
    call.check(function(call.handle, UPPER if upper else LOWER, n, addresses.data, n, call.info,
                        <int>a.shape_[0]))
    call.end()


def lu(Tensor a not None, Tensor addresses not None, Tensor pivots not None,
       Tensor infos not None, str op not None):
    """Factor square matrices; `pivots` are of int32, counted from 1."""
    cdef BlasCall call = BlasCall(op, a)
    cdef Getrf function = <Getrf>call.function(f"{blas_letter(a.dtype_)}getrfBatched")
    cdef int n = <int>a.shape_[1]
    call.check(function(call.handle, n, addresses.data, n, <int *>pivots.data, <int *>infos.data,
                        <int>a.shape_[0]))
    call.end()


def inverse(Tensor inverses not None, Tensor inverse_addresses not None, Tensor addresses not None,
            Tensor pivots not None, Tensor infos not None, str op not None):
    """The inverses of matrices, of which `addresses` has what `lu` made."""
    cdef BlasCall call = BlasCall(op, inverses)
    cdef Getri function = <Getri>call.function(f"{blas_letter(inverses.dtype_)}getriBatched")
    cdef int n = <int>inverses.shape_[1]
    call.check(function(call.handle, n, addresses.data, n, <int *>pivots.data,
                        inverse_addresses.data, n, <int *>infos.data, <int>inverses.shape_[0]))
    call.end()


def solve_lu(Tensor b not None, Tensor b_addresses not None, Tensor addresses not None,
             Tensor pivots not None, bint transposed, str op not None):
    """Solve equations with what `lu` made, or with its transpose.

    Parameters
    ----------
    b, b_addresses : Tensor
        Right-hand sides, as rows.
    addresses, pivots : Tensor
        Of the matrix for each of them.
    """
    cdef BlasCall call = BlasCall(op, b)
    cdef Getrs function = <Getrs>call.function(f"{blas_letter(b.dtype_)}getrsBatched")
    cdef int n = <int>b.shape_[2], info = 0
    call.check(function(call.handle, OP_T if transposed else OP_N, n, <int>b.shape_[1],
                        addresses.data, n, <int *>pivots.data, b_addresses.data, n, &info,
                        <int>b.shape_[0]))
    call.end()


def householder(Tensor a not None, Tensor addresses not None, Tensor factor_addresses not None,
                str op not None):
    """Factor matrices into reflectors and an upper triangle, with the factors of the former."""
    cdef BlasCall call = BlasCall(op, a)
    cdef Geqrf function = <Geqrf>call.function(f"{blas_letter(a.dtype_)}geqrfBatched")
    cdef int m = <int>a.shape_[2], info = 0
    call.check(function(call.handle, m, <int>a.shape_[1], addresses.data, m, factor_addresses.data,
                        &info, <int>a.shape_[0]))
    call.end()


def hermitian_eigen(Tensor a not None, Tensor values not None, Tensor infos not None, bint upper,
                    bint vectors, str op not None):
    """Eigenvalues of matrices of which one triangle is read, and eigenvectors in their place."""
    cdef SolverCall call = SolverCall(op, a, infos)
    cdef int64_t n = a.shape_[1], count = a.shape_[0]
    cdef int uplo = UPPER if upper else LOWER
    cdef Syev function = <Syev>call.function("XsyevBatched")
    call.check((<SyevSize>call.function("XsyevBatched_bufferSize"))(
        call.handle, call.params, vectors, uplo, n, call.type, a.data, n, R_64F, values.data,
        call.type, &call.work_size, &call.host_size, count))
    call.provide()
    call.check(function(
        call.handle, call.params, vectors, uplo, n, call.type, a.data, n, R_64F, values.data,
        call.type, call.work.data, call.work_size, call.host(), call.host_size, call.info, count))
    call.end()


def singular(Tensor a not None, Tensor s not None, Tensor u, Tensor v, Tensor infos not None,
             str op not None):
    """Singular values of matrices of up to 32 rows and columns, which are overwritten.

    Parameters
    ----------
    u, v : Tensor or None
        For all left and right vectors, in columns both; both or neither.
    """
    cdef SolverCall call = SolverCall(op, a, infos)
    cdef int m = <int>a.shape_[2], n = <int>a.shape_[1], count = <int>a.shape_[0], work = 0
    cdef str name = f"{blas_letter(a.dtype_)}gesvdjBatched"
    cdef bint vectors = u is not None
    cdef char *left = u.data if vectors else NULL
    cdef char *right = v.data if vectors else NULL
    cdef void *params = NULL
    cdef Gesvdj function = <Gesvdj>call.function(name)
    cdef GesvdjSize size = <GesvdjSize>call.function(name + "_bufferSize")
    cdef DestroyInfo destroy = <DestroyInfo>call.function("DestroyGesvdjInfo")
    # As it is made: values are sorted, and iterated to the precision of the dtype.
    call.check((<CreateInfo>call.function("CreateGesvdjInfo"))(&params))
    try:
        call.check(size(call.handle, vectors, m, n, a.data, m, s.data, left, m, right, n, &work,
                        params, count))
        call.work = workspace(call.device, work * <size_t>dtype_itemsize(a.dtype_), op)
        call.check(function(call.handle, vectors, m, n, a.data, m, s.data, left, m, right, n,
                            call.work.data, work, call.info, params, count))
    finally:
        destroy(params)
    call.end()


def triangular(Tensor x not None, Tensor x_addresses not None, Tensor addresses not None,
               bint upper, bint unitriangular):
    """Solve ``a @ x = b`` in place of b.

    Parameters
    ----------
    x, x_addresses : Tensor
        In C order, of the shape (right-hand sides, n, k) and of a dtype that BLAS knows.
    addresses : Tensor
        Of the matrix for each of them.
    """
    cdef BlasCall call = BlasCall("solve_triangular", x)
    cdef int n = <int>x.shape_[1], k = <int>x.shape_[2]
    cdef Trsm function = <Trsm>call.function(f"{blas_letter(x.dtype_)}trsmBatched")
    cdef double[2] one
    write_one(one, x.dtype_)
    # Going by columns it sees the transposes, and is asked for x.T in x.T @ a.T = b.T.
    call.check(function(
        call.handle, RIGHT, LOWER if upper else UPPER, OP_N, unitriangular, k, n, one,
        addresses.data, n, x_addresses.data, k, <int>x.shape_[0]))
    call.end()
