"""cuSOLVER and cuBLAS: factorizations and triangular equations, a call for each matrix of a stack.

The libraries go by columns, as LAPACK does: of a tensor in C order of shape (count, columns, rows)
they see matrices of rows x columns. Most functions take float64 and complex128, work in place, and
write for each matrix a number that is not 0 where it has no solution into `infos`, of int32.
"""

from cpython.bytearray cimport PyByteArray_AS_STRING
from libc.stdint cimport int64_t

from tensorlib._core._dtypes cimport (
    TL_COMPLEX64,
    TL_COMPLEX128,
    TL_FLOAT32,
    dtype_itemsize,
)
from tensorlib._core._tensor cimport Tensor
from tensorlib.cuda._backend cimport index_of_tensor
from tensorlib.cuda._driver cimport enter, note_launch
from tensorlib.cuda._kernel cimport wait_if_blocking
from tensorlib.cuda._libraries cimport Library, check_status, workspace
from tensorlib.cuda._stream cimport stream_on

from tensorlib.cuda._libraries import CUBLAS, CUSOLVER

cdef enum:
    BLAS_WORK = 4 << 20

ctypedef int (*Create)(void **params) noexcept nogil
ctypedef int (*PotrfSize)(void *handle, void *params, int uplo, int64_t n, int type, const void *a,
                          int64_t lda, int computed, size_t *work,
                          size_t *host_work) noexcept nogil
ctypedef int (*Potrf)(void *handle, void *params, int uplo, int64_t n, int type, void *a,
                      int64_t lda, int computed, void *work, size_t work_size, void *host_work,
                      size_t host_size, int *info) noexcept nogil
ctypedef int (*GetrfSize)(void *handle, void *params, int64_t m, int64_t n, int type,
                          const void *a, int64_t lda, int computed, size_t *work,
                          size_t *host_work) noexcept nogil
ctypedef int (*Getrf)(void *handle, void *params, int64_t m, int64_t n, int type, void *a,
                      int64_t lda, int64_t *pivots, int computed, void *work, size_t work_size,
                      void *host_work, size_t host_size, int *info) noexcept nogil
ctypedef int (*Getrs)(void *handle, void *params, int trans, int64_t n, int64_t nrhs, int type,
                      const void *a, int64_t lda, const int64_t *pivots, int b_type, void *b,
                      int64_t ldb, int *info) noexcept nogil
ctypedef int (*GeqrfSize)(void *handle, void *params, int64_t m, int64_t n, int type,
                          const void *a, int64_t lda, int tau_type, const void *tau, int computed,
                          size_t *work, size_t *host_work) noexcept nogil
ctypedef int (*Geqrf)(void *handle, void *params, int64_t m, int64_t n, int type, void *a,
                      int64_t lda, int tau_type, void *tau, int computed, void *work,
                      size_t work_size, void *host_work, size_t host_size,
                      int *info) noexcept nogil
ctypedef int (*OrgqrSize)(void *handle, int m, int n, int k, const void *a, int lda,
                          const void *tau, int *work) noexcept nogil
ctypedef int (*Orgqr)(void *handle, int m, int n, int k, void *a, int lda, const void *tau,
                      void *work, int work_size, int *info) noexcept nogil
ctypedef int (*SyevdSize)(void *handle, void *params, int jobz, int uplo, int64_t n, int type,
                          const void *a, int64_t lda, int w_type, const void *w, int computed,
                          size_t *work, size_t *host_work) noexcept nogil
ctypedef int (*Syevd)(void *handle, void *params, int jobz, int uplo, int64_t n, int type, void *a,
                      int64_t lda, int w_type, void *w, int computed, void *work,
                      size_t work_size, void *host_work, size_t host_size,
                      int *info) noexcept nogil
ctypedef int (*GesvdSize)(void *handle, void *params, signed char jobu, signed char jobvt,
                          int64_t m, int64_t n, int type, const void *a, int64_t lda, int s_type,
                          const void *s, int u_type, const void *u, int64_t ldu, int vt_type,
                          const void *vt, int64_t ldvt, int computed, size_t *work,
                          size_t *host_work) noexcept nogil
ctypedef int (*Gesvd)(void *handle, void *params, signed char jobu, signed char jobvt, int64_t m,
                      int64_t n, int type, void *a, int64_t lda, int s_type, void *s, int u_type,
                      void *u, int64_t ldu, int vt_type, void *vt, int64_t ldvt, int computed,
                      void *work, size_t work_size, void *host_work, size_t host_size,
                      int *info) noexcept nogil
ctypedef int (*GeevSize)(void *handle, void *params, int jobvl, int jobvr, int64_t n, int type,
                         const void *a, int64_t lda, int w_type, const void *w, int vl_type,
                         const void *vl, int64_t ldvl, int vr_type, const void *vr, int64_t ldvr,
                         int computed, size_t *work, size_t *host_work) noexcept nogil
ctypedef int (*Geev)(void *handle, void *params, int jobvl, int jobvr, int64_t n, int type,
                     void *a, int64_t lda, int w_type, void *w, int vl_type, void *vl,
                     int64_t ldvl, int vr_type, void *vr, int64_t ldvr, int computed, void *work,
                     size_t work_size, void *host_work, size_t host_size,
                     int *info) noexcept nogil
ctypedef int (*SetWorkspace)(void *handle, void *work, size_t nbytes) noexcept nogil
ctypedef int (*Trsm)(void *handle, int side, int uplo, int trans, int diag, int m, int n,
                     const void *alpha, const void *a, int lda, void *b, int ldb) noexcept nogil

cdef void *params = NULL   # cuSOLVER's options: as they are
cdef dict STATUS = {
    1: "not initialized", 2: "allocation failed", 3: "invalid value", 4: "architecture mismatch",
    5: "mapping error", 6: "execution failed", 7: "internal error", 8: "unsupported matrix type",
    9: "not supported", 31: "invalid workspace",
}
cdef dict BLAS_STATUS = {
    1: "not initialized", 3: "allocation failed", 7: "invalid value", 8: "architecture mismatch",
    11: "mapping error", 13: "execution failed", 14: "internal error", 15: "not supported",
}


cdef class Call:
    """Calls of a library for an op."""

    def __init__(self, Library library, str prefix, dict statuses, str op, Tensor a):
        self.library = library
        self.prefix = prefix
        self.statuses = statuses
        self.op = op
        self.device = index_of_tensor(a)
        enter(self.device, op)
        self.handle = library.handle_on(self.device, op)
        note_launch(op)

    cdef void *function(self, str name) except NULL:
        return self.library.function(self.prefix + name, self.op)

    cdef int check(self, int status) except -1:
        return check_status(self.library, status, self.statuses, self.op)

    cdef int end(self) except -1:
        return wait_if_blocking(self.device, stream_on(self.device), self.op)


cdef class SolverCall(Call):
    """Calls of cuSOLVER; `infos` has a number for each matrix."""

    def __init__(self, str op, Tensor a, Tensor infos):
        global params
        super().__init__(CUSOLVER, "cusolverDn", STATUS, op, a)
        self.type = C_64F if a.dtype_ == TL_COMPLEX128 else R_64F
        if params == NULL:
            self.check((<Create>self.function("CreateParams"))(&params))
        self.params = params
        self.info = <int *>infos.data

    cdef int provide(self) except -1:
        self.work = workspace(self.device, self.work_size, self.op)
        self.host_work = bytearray(self.host_size + 1)
        return 0

    cdef void *host(self) noexcept:
        return PyByteArray_AS_STRING(self.host_work)


cdef class BlasCall(Call):
    """Calls of cuBLAS, with memory of their own: what is on its stream may last longer."""

    def __init__(self, str op, Tensor a):
        super().__init__(CUBLAS, "cublas", BLAS_STATUS, op, a)
        self.work = workspace(self.device, BLAS_WORK, op)
        self.check((<SetWorkspace>self.function("SetWorkspace_v2"))(
            self.handle, self.work.data, BLAS_WORK))


cdef str blas_letter(int dtype):
    return "SDCZ"[dtype - TL_FLOAT32]


cdef void write_one(double *one, int dtype) noexcept:
    one[0] = one[1] = 0
    if dtype == TL_FLOAT32 or dtype == TL_COMPLEX64:
        (<float *>one)[0] = 1
    else:
        one[0] = 1


cdef inline char *matrix(Tensor x, Py_ssize_t i) noexcept:
    """The i-th matrix, or vector, of a stack."""
    return x.data + i * (x.size_ // x.shape_[0]) * dtype_itemsize(x.dtype_)


def cholesky(Tensor a not None, bint upper, Tensor infos not None, str op not None):
    """Factor matrices of which one triangle is read; the other one stays."""
    cdef SolverCall call = SolverCall(op, a, infos)
    cdef int64_t n = a.shape_[1]
    cdef int uplo = UPPER if upper else LOWER
    cdef Potrf function = <Potrf>call.function("Xpotrf")
    cdef Py_ssize_t i
    call.check((<PotrfSize>call.function("Xpotrf_bufferSize"))(
        call.handle, params, uplo, n, call.type, a.data, n, call.type, &call.work_size,
        &call.host_size))
    call.provide()
    for i in range(a.shape_[0]):
        call.check(function(
            call.handle, params, uplo, n, call.type, matrix(a, i), n, call.type, call.work.data,
            call.work_size, call.host(), call.host_size, call.info + i))
    call.end()


def lu(Tensor a not None, Tensor pivots not None, Tensor infos not None, str op not None):
    """Factor square matrices; `pivots` are of int64, counted from 1."""
    cdef SolverCall call = SolverCall(op, a, infos)
    cdef int64_t n = a.shape_[1]
    cdef Getrf function = <Getrf>call.function("Xgetrf")
    cdef Py_ssize_t i
    call.check((<GetrfSize>call.function("Xgetrf_bufferSize"))(
        call.handle, params, n, n, call.type, a.data, n, call.type, &call.work_size,
        &call.host_size))
    call.provide()
    for i in range(a.shape_[0]):
        call.check(function(
            call.handle, params, n, n, call.type, matrix(a, i), n, <int64_t *>matrix(pivots, i),
            call.type, call.work.data, call.work_size, call.host(), call.host_size,
            call.info + i))
    call.end()


def solve_lu(Tensor a not None, Tensor pivots not None, const int64_t[::1] which, Tensor b not None,
             bint transposed, Tensor infos not None, str op not None):
    """Solve equations with what `lu` made, or with its transpose.

    Parameters
    ----------
    which : array of int64
        The matrix for each of the right-hand sides in `b`.
    infos : Tensor
        For right-hand sides.
    """
    cdef SolverCall call = SolverCall(op, a, infos)
    cdef int64_t n = a.shape_[1]
    cdef Getrs function = <Getrs>call.function("Xgetrs")
    cdef Py_ssize_t i
    for i in range(b.shape_[0]):
        call.check(function(
            call.handle, params, OP_T if transposed else OP_N, n, b.shape_[1], call.type,
            matrix(a, which[i]), n, <int64_t *>matrix(pivots, which[i]), call.type, matrix(b, i),
            n, call.info + i))
    call.end()


def householder(Tensor a not None, Tensor factors not None, Tensor infos not None,
                str op not None):
    """Factor matrices into reflectors and an upper triangle, with the factors of the former."""
    cdef SolverCall call = SolverCall(op, a, infos)
    cdef int64_t m = a.shape_[2], n = a.shape_[1]
    cdef Geqrf function = <Geqrf>call.function("Xgeqrf")
    cdef Py_ssize_t i
    call.check((<GeqrfSize>call.function("Xgeqrf_bufferSize"))(
        call.handle, params, m, n, call.type, a.data, m, call.type, factors.data, call.type,
        &call.work_size, &call.host_size))
    call.provide()
    for i in range(a.shape_[0]):
        call.check(function(
            call.handle, params, m, n, call.type, matrix(a, i), m, call.type, matrix(factors, i),
            call.type, call.work.data, call.work_size, call.host(), call.host_size,
            call.info + i))
    call.end()


def multiplied_out(Tensor q not None, Tensor factors not None, Tensor infos not None,
                   str op not None):
    """Columns of the product of the reflectors, which the first columns of `q` are."""
    cdef SolverCall call = SolverCall(op, q, infos)
    cdef int m = <int>q.shape_[2], n = <int>q.shape_[1], k = <int>factors.shape_[1], work = 0
    cdef str name = "Zungqr" if call.type == C_64F else "Dorgqr"
    cdef Orgqr function = <Orgqr>call.function(name)
    cdef Py_ssize_t i
    call.check((<OrgqrSize>call.function(name + "_bufferSize"))(
        call.handle, m, n, k, q.data, m, factors.data, &work))
    call.work_size = work * <size_t>dtype_itemsize(q.dtype_)
    call.provide()
    for i in range(q.shape_[0]):
        call.check(function(call.handle, m, n, k, matrix(q, i), m, matrix(factors, i),
                            call.work.data, work, call.info + i))
    call.end()


def hermitian_eigen(Tensor a not None, Tensor values not None, bint upper, bint vectors,
                    Tensor infos not None, str op not None):
    """Eigenvalues of matrices of which one triangle is read, and eigenvectors in their place."""
    cdef SolverCall call = SolverCall(op, a, infos)
    cdef int64_t n = a.shape_[1]
    cdef int uplo = UPPER if upper else LOWER
    cdef Syevd function = <Syevd>call.function("Xsyevd")
    cdef Py_ssize_t i
    call.check((<SyevdSize>call.function("Xsyevd_bufferSize"))(
        call.handle, params, vectors, uplo, n, call.type, a.data, n, R_64F, values.data, call.type,
        &call.work_size, &call.host_size))
    call.provide()
    for i in range(a.shape_[0]):
        call.check(function(
            call.handle, params, vectors, uplo, n, call.type, matrix(a, i), n, R_64F,
            matrix(values, i), call.type, call.work.data, call.work_size, call.host(),
            call.host_size, call.info + i))
    call.end()


def singular(Tensor a not None, Tensor s not None, Tensor u, Tensor vt, Tensor infos not None,
             str op not None):
    """Singular values of matrices of at least as many rows as columns, which are overwritten.

    Parameters
    ----------
    u, vt : Tensor or None
        For as many left vectors as `u` has room for, and the right ones; both or neither.
    """
    cdef SolverCall call = SolverCall(op, a, infos)
    cdef int64_t m = a.shape_[2], n = a.shape_[1]
    cdef signed char job = c"N"
    cdef Gesvd function = <Gesvd>call.function("Xgesvd")
    cdef Py_ssize_t i
    if u is not None:
        job = c"A" if u.shape_[1] == m else c"S"
    call.check((<GesvdSize>call.function("Xgesvd_bufferSize"))(
        call.handle, params, job, job, m, n, call.type, a.data, m, R_64F, s.data, call.type,
        NULL if u is None else u.data, m, call.type, NULL if vt is None else vt.data, n, call.type,
        &call.work_size, &call.host_size))
    call.provide()
    for i in range(a.shape_[0]):
        call.check(function(
            call.handle, params, job, job, m, n, call.type, matrix(a, i), m, R_64F, matrix(s, i),
            call.type, NULL if u is None else matrix(u, i), m, call.type,
            NULL if vt is None else matrix(vt, i), n, call.type, call.work.data, call.work_size,
            call.host(), call.host_size, call.info + i))
    call.end()


def eigen(Tensor a not None, Tensor values not None, Tensor vectors, Tensor infos not None,
          str op not None):
    """Eigenvalues, which are complex128, and right eigenvectors unless they are None.

    The vectors have the dtype of the matrices; of real ones a pair of conjugate vectors is stored
    as the real and the imaginary part of the first of them.
    """
    cdef SolverCall call = SolverCall(op, a, infos)
    cdef int64_t n = a.shape_[1]
    cdef bint wanted = vectors is not None
    cdef Geev function = <Geev>call.function("Xgeev")
    cdef Py_ssize_t i
    call.check((<GeevSize>call.function("Xgeev_bufferSize"))(
        call.handle, params, 0, wanted, n, call.type, a.data, n, C_64F, values.data, call.type,
        NULL, n, call.type, vectors.data if wanted else NULL, n, call.type, &call.work_size,
        &call.host_size))
    call.provide()
    for i in range(a.shape_[0]):
        call.check(function(
            call.handle, params, 0, wanted, n, call.type, matrix(a, i), n, C_64F,
            matrix(values, i), call.type, NULL, n, call.type,
            matrix(vectors, i) if wanted else NULL, n, call.type, call.work.data, call.work_size,
            call.host(), call.host_size, call.info + i))
    call.end()


def triangular(Tensor a not None, bint upper, bint unitriangular, const int64_t[::1] which,
               Tensor x not None):
    """Solve ``a @ x = b`` in place of b.

    Parameters
    ----------
    a, x : Tensor
        In C order, of shapes (matrices, n, n) and (right-hand sides, n, k), of a dtype that BLAS
        knows.
    which : array of int64
        The matrix for each of the right-hand sides.
    """
    cdef BlasCall call = BlasCall("solve_triangular", a)
    cdef int n = <int>x.shape_[1], k = <int>x.shape_[2]
    cdef Trsm function = <Trsm>call.function(f"{blas_letter(a.dtype_)}trsm_v2")
    cdef double[2] one
    cdef Py_ssize_t i
    write_one(one, a.dtype_)
    # Going by columns it sees the transposes, and is asked for x.T in x.T @ a.T = b.T.
    for i in range(x.shape_[0]):
        call.check(function(
            call.handle, RIGHT, LOWER if upper else UPPER, OP_N, unitriangular, k, n, one,
            matrix(a, which[i]), n, matrix(x, i), k))
    call.end()
