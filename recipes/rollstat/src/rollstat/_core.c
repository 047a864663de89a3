/* Rolling-window statistics over one-dimensional float64 buffers.
 *
 * The kernels run without the GIL, so another thread may write to the input
 * meanwhile. That may spoil results, but never memory: what a kernel must find
 * again later (deque entries, heap members) it keeps in scratch of its own.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

typedef struct {
    const char *in;         /* n float64, at any alignment */
    double *out;            /* n float64, all NaN at first */
    Py_ssize_t n;           /* >= 1 */
    Py_ssize_t window;      /* 1 .. n */
    Py_ssize_t min_periods; /* >= 1 */
    Py_ssize_t ddof;        /* >= 0; for the variance only */
} job;

/* Fills job->out; false if there is no memory for the scratch. */
typedef bool (*kernel)(const job *);

static inline double
load(const job *j, Py_ssize_t i)
{
    double x;
    /* A cast memoryview need not be aligned. */
    memcpy(&x, j->in + (size_t)i * sizeof x, sizeof x);
    return x;
}

/* --- mean and variance ---------------------------------------------------- */

/* What is known of some values: how many, and two numbers whose meaning
 * depends on the statistic. All zero is the summary of no values. */
typedef struct {
    Py_ssize_t n;
    double a;
    double b;
} part;

/* Cuts the input into blocks of `window` values. Any window is then the tail
 * of one block joined to the head of the next, so that nothing need ever be
 * subtracted: rounding errors and infinities leave with their window. */
static inline bool
fold(const job *j, part (*single)(double), part (*join)(part, part),
     double (*finish)(part, Py_ssize_t))
{
    part *tail = PyMem_RawCalloc((size_t)j->window + 1, sizeof *tail);
    if (tail == NULL) {
        return false;
    }
    for (Py_ssize_t start = 0; start < j->n; start += j->window) {
        Py_ssize_t length = Py_MIN(j->window, j->n - start);
        part head = {0, 0.0, 0.0};
        for (Py_ssize_t k = 0; k < length; k++) {
            head = join(head, single(load(j, start + k)));
            part whole = join(tail[k + 1], head);
            if (whole.n >= j->min_periods) {
                j->out[start + k] = finish(whole, j->ddof);
            }
        }
        for (Py_ssize_t k = length; k-- > 0;) {
            tail[k] = join(single(load(j, start + k)), tail[k + 1]);
        }
    }
    PyMem_RawFree(tail);
    return true;
}

/* Mean: a + b is the sum, b being what rounding took from a. */

static inline part
sum_single(double x)
{
    return isnan(x) ? (part){0, 0.0, 0.0} : (part){1, x, 0.0};
}

static inline part
sum_join(part p, part q)
{
    double sum = p.a + q.a;
    double of_q = sum - p.a;
    double lost = (p.a - (sum - of_q)) + (q.a - of_q);
    return (part){p.n + q.n, sum, p.b + q.b + lost};
}

static inline double
sum_finish(part p, Py_ssize_t ddof)
{
    (void)ddof;
    /* The correction of an infinite sum is inf - inf. */
    return (isinf(p.a) ? p.a : p.a + p.b) / (double)p.n;
}

static bool
mean_kernel(const job *j)
{
    return fold(j, sum_single, sum_join, sum_finish);
}

/* Variance: a is the mean, b the sum of squared deviations from it. */

static inline part
moments_single(double x)
{
    /* x - x is NaN for an infinity, which has no deviation from its mean. */
    return isnan(x) ? (part){0, 0.0, 0.0} : (part){1, x, x - x};
}

static inline part
moments_join(part p, part q)
{
    if (p.n == 0) {
        return q;
    }
    if (q.n == 0) {
        return p;
    }
    double gap = q.a - p.a;
    double share = (double)q.n / (double)(p.n + q.n);
    return (part){
        p.n + q.n,
        p.a + gap * share,
        p.b + q.b + gap * gap * share * (double)p.n,
    };
}

static inline double
moments_finish(part p, Py_ssize_t ddof)
{
    return p.n > ddof ? p.b / (double)(p.n - ddof) : Py_NAN;
}

static bool
var_kernel(const job *j)
{
    return fold(j, moments_single, moments_join, moments_finish);
}

/* --- minimum and maximum -------------------------------------------------- */

typedef struct {
    double value;
    Py_ssize_t index;
} candidate;

/* A ring of the values that may yet become the extremum: each is beaten by
 * those before it, and outlives them. Indices differ and lie in one window,
 * so `window` places suffice whatever the values are. */
static inline bool
extremum(const job *j, bool largest)
{
    candidate *ring = PyMem_RawCalloc((size_t)j->window, sizeof *ring);
    if (ring == NULL) {
        return false;
    }
    Py_ssize_t head = 0, size = 0, present = 0;
    for (Py_ssize_t i = 0; i < j->n; i++) {
        double x = load(j, i);
        if (i >= j->window) {
            present -= !isnan(load(j, i - j->window));
            if (size > 0 && ring[head].index <= i - j->window) {
                head = head + 1 < j->window ? head + 1 : 0;
                size--;
            }
        }
        if (!isnan(x)) {
            present++;
            for (; size > 0; size--) {
                double last = ring[(head + size - 1) % j->window].value;
                if (largest ? last > x : last < x) {
                    break;
                }
            }
            ring[(head + size) % j->window] = (candidate){x, i};
            size++;
        }
        if (present >= j->min_periods) {
            j->out[i] = ring[head].value;
        }
    }
    PyMem_RawFree(ring);
    return true;
}

static bool
min_kernel(const job *j)
{
    return extremum(j, false);
}

static bool
max_kernel(const job *j)
{
    return extremum(j, true);
}

/* --- median --------------------------------------------------------------- */

/* The window as two heaps, the lower half with its largest value on top and
 * the upper half with its smallest; the lower has as many members or one more.
 * Value i lives in slot i % window, and each slot knows its place, so that the
 * value leaving the window is removed in O(log window) too. */
enum { LOWER, UPPER };

typedef struct {
    Py_ssize_t window;
    double *value;       /* by slot */
    Py_ssize_t *place;   /* by slot: index into heap[0], or -1 if missing */
    Py_ssize_t *heap[2]; /* of slots; `window` places each, adjacent */
    Py_ssize_t size[2];
} halves;

static inline bool
above(const halves *h, int side, Py_ssize_t slot, Py_ssize_t other)
{
    return side == LOWER ? h->value[slot] > h->value[other]
                         : h->value[slot] < h->value[other];
}

static inline void
put(halves *h, int side, Py_ssize_t k, Py_ssize_t slot)
{
    h->heap[side][k] = slot;
    h->place[slot] = side * h->window + k;
}

/* Restores the order of a heap of which only member k may be misplaced. */
static void
settle(halves *h, int side, Py_ssize_t k)
{
    const Py_ssize_t *heap = h->heap[side];
    Py_ssize_t slot = heap[k];
    while (k > 0 && above(h, side, slot, heap[(k - 1) / 2])) {
        put(h, side, k, heap[(k - 1) / 2]);
        k = (k - 1) / 2;
    }
    for (;;) {
        Py_ssize_t child = 2 * k + 1;
        if (child + 1 < h->size[side]
            && above(h, side, heap[child + 1], heap[child])) {
            child++;
        }
        if (child >= h->size[side] || !above(h, side, heap[child], slot)) {
            break;
        }
        put(h, side, k, heap[child]);
        k = child;
    }
    put(h, side, k, slot);
}

static void
push(halves *h, int side, Py_ssize_t slot)
{
    Py_ssize_t k = h->size[side]++;
    h->heap[side][k] = slot;
    settle(h, side, k);
}

static void
take(halves *h, Py_ssize_t slot)
{
    int side = h->place[slot] < h->window ? LOWER : UPPER;
    Py_ssize_t k = h->place[slot] - side * h->window;
    Py_ssize_t last = h->heap[side][--h->size[side]];
    h->place[slot] = -1;
    if (last != slot) {
        h->heap[side][k] = last;
        settle(h, side, k);
    }
}

static void
balance(halves *h)
{
    int from;
    if (h->size[LOWER] > h->size[UPPER] + 1) {
        from = LOWER;
    }
    else if (h->size[LOWER] < h->size[UPPER]) {
        from = UPPER;
    }
    else {
        return;
    }
    Py_ssize_t slot = h->heap[from][0];
    take(h, slot);
    push(h, from == LOWER ? UPPER : LOWER, slot);
}

static inline double
middle(const halves *h)
{
    double low = h->value[h->heap[LOWER][0]];
    if (h->size[LOWER] > h->size[UPPER]) {
        return low;
    }
    double high = h->value[h->heap[UPPER][0]];
    double mid = (low + high) / 2;
    /* Halving first keeps the sum from overflowing, but it would round
     * subnormal numbers. */
    return isfinite(mid) ? mid : low / 2 + high / 2;
}

static bool
median_kernel(const job *j)
{
    halves h = {.window = j->window};
    h.value = PyMem_RawCalloc((size_t)j->window, sizeof *h.value);
    h.place = PyMem_RawCalloc((size_t)j->window, sizeof *h.place);
    h.heap[LOWER] = PyMem_RawCalloc((size_t)j->window, 2 * sizeof *h.heap[LOWER]);
    bool ok = h.value != NULL && h.place != NULL && h.heap[LOWER] != NULL;
    if (ok) {
        h.heap[UPPER] = h.heap[LOWER] + j->window;
        for (Py_ssize_t i = 0; i < j->n; i++) {
            double x = load(j, i);
            Py_ssize_t slot = i % j->window;
            if (i >= j->window && h.place[slot] >= 0) {
                take(&h, slot);
                balance(&h);
            }
            h.value[slot] = x;
            if (isnan(x)) {
                h.place[slot] = -1;
            }
            else {
                bool low = h.size[LOWER] == 0 || x <= h.value[h.heap[LOWER][0]];
                push(&h, low ? LOWER : UPPER, slot);
                balance(&h);
            }
            if (h.size[LOWER] + h.size[UPPER] >= j->min_periods) {
                j->out[i] = middle(&h);
            }
        }
    }
    PyMem_RawFree(h.heap[LOWER]);
    PyMem_RawFree(h.place);
    PyMem_RawFree(h.value);
    return ok;
}

/* --- Python --------------------------------------------------------------- */

typedef struct {
    PyObject *nan; /* array('d', [nan]); repeated, it makes every result */
} core_state;

/* Reads an integer >= least; -1 with an exception otherwise. Integers beyond
 * Py_ssize_t are clipped: no buffer is long enough to tell the difference, and
 * results should not depend on the pointer size. */
static Py_ssize_t
as_count(PyObject *object, const char *name, Py_ssize_t least)
{
    if (!PyIndex_Check(object)) {
        PyErr_Format(PyExc_TypeError, "%s must be an integer, not '%.200s'", name,
                     Py_TYPE(object)->tp_name);
        return -1;
    }
    Py_ssize_t count = PyNumber_AsSsize_t(object, NULL);
    if (count == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (count < least) {
        PyErr_Format(PyExc_ValueError, "%s must be at least %zd, got %zd", name,
                     least, count);
        return -1;
    }
    return count;
}

static bool
is_float64(const Py_buffer *view)
{
    const char *format = view->format != NULL ? view->format : "B";
    if (*format == '@' || *format == '=' || *format == (PY_BIG_ENDIAN ? '>' : '<')) {
        format++;
    }
    return strcmp(format, "d") == 0 && view->itemsize == (Py_ssize_t)sizeof(double);
}

/* Acquires a buffer of one-dimensional float64 values; -1 with an exception. */
static int
get_values(PyObject *object, Py_buffer *view)
{
    if (!PyObject_CheckBuffer(object)) {
        PyErr_Format(PyExc_TypeError,
                     "values must be a float64 buffer such as array('d'), not '%.200s'",
                     Py_TYPE(object)->tp_name);
        return -1;
    }
    if (PyObject_GetBuffer(object, view, PyBUF_ND | PyBUF_FORMAT) < 0) {
        return -1;
    }
    if (!is_float64(view)) {
        PyErr_Format(PyExc_TypeError,
                     "values must hold float64 (format 'd'), not format '%.200s'",
                     view->format != NULL ? view->format : "B");
    }
    else if (view->ndim != 1) {
        PyErr_Format(PyExc_ValueError, "values must have 1 dimension, not %d",
                     view->ndim);
    }
    else {
        return 0;
    }
    PyBuffer_Release(view);
    return -1;
}

static PyObject *
roll(PyObject *module, PyObject *values, PyObject *window, PyObject *min_periods,
     Py_ssize_t ddof, kernel compute)
{
    core_state *state = PyModule_GetState(module);
    job j = {.ddof = ddof};
    j.window = as_count(window, "window", 1);
    if (j.window < 0) {
        return NULL;
    }
    j.min_periods = j.window;
    if (min_periods != Py_None) {
        j.min_periods = as_count(min_periods, "min_periods", 0);
        if (j.min_periods < 0) {
            return NULL;
        }
        if (j.min_periods > j.window) {
            PyErr_Format(PyExc_ValueError,
                         "min_periods must be at most window (%zd), got %zd", j.window,
                         j.min_periods);
            return NULL;
        }
        /* Nothing is known of a window without values. */
        j.min_periods = Py_MAX(j.min_periods, 1);
    }

    Py_buffer in, out;
    if (get_values(values, &in) < 0) {
        return NULL;
    }
    j.in = in.buf;
    j.n = in.shape[0];
    j.window = Py_MIN(j.window, j.n);

    PyObject *result = PySequence_Repeat(state->nan, j.n);
    if (result != NULL && j.n > 0) {
        if (PyObject_GetBuffer(result, &out, PyBUF_WRITABLE) < 0) {
            Py_CLEAR(result);
        }
        else {
            bool done;
            j.out = out.buf;
            Py_BEGIN_ALLOW_THREADS
            done = compute(&j);
            Py_END_ALLOW_THREADS
            PyBuffer_Release(&out);
            if (!done) {
                Py_CLEAR(result);
                PyErr_NoMemory();
            }
        }
    }
    PyBuffer_Release(&in);
    return result;
}

static PyObject *
roll_call(PyObject *module, PyObject *args, PyObject *kwargs, const char *format,
          kernel compute)
{
    static char *keywords[] = {"values", "window", "min_periods", NULL};
    PyObject *values, *window, *min_periods = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, keywords, &values, &window,
                                     &min_periods)) {
        return NULL;
    }
    return roll(module, values, window, min_periods, 0, compute);
}

static PyObject *
rolling_mean(PyObject *module, PyObject *args, PyObject *kwargs)
{
    return roll_call(module, args, kwargs, "OO|O:rolling_mean", mean_kernel);
}

static PyObject *
rolling_min(PyObject *module, PyObject *args, PyObject *kwargs)
{
    return roll_call(module, args, kwargs, "OO|O:rolling_min", min_kernel);
}

static PyObject *
rolling_max(PyObject *module, PyObject *args, PyObject *kwargs)
{
    return roll_call(module, args, kwargs, "OO|O:rolling_max", max_kernel);
}

static PyObject *
rolling_median(PyObject *module, PyObject *args, PyObject *kwargs)
{
    return roll_call(module, args, kwargs, "OO|O:rolling_median", median_kernel);
}

static PyObject *
rolling_var(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"values", "window", "min_periods", "ddof", NULL};
    PyObject *values, *window, *min_periods = Py_None, *delta = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|O$O:rolling_var", keywords,
                                     &values, &window, &min_periods, &delta)) {
        return NULL;
    }
    Py_ssize_t ddof = delta == NULL ? 1 : as_count(delta, "ddof", 0);
    if (ddof < 0) {
        return NULL;
    }
    return roll(module, values, window, min_periods, ddof, var_kernel);
}

#define SIGNATURE(name) name "($module, /, values, window, min_periods=None)\n--\n\n"

#define CONTRACT                                                                   \
    "\n\n"                                                                         \
    "values: buffer of n contiguous float64 in one dimension; NaN is missing.\n"   \
    "window: length of the window in values, at least 1; it ends at each value.\n" \
    "min_periods: how many values a window must hold, 0 .. window (the default);\n" \
    "    with fewer, or none at all, the result is NaN.\n"                         \
    "\n"                                                                           \
    "Returns an array('d') of n elements. Raises TypeError for values that are\n"  \
    "not a float64 buffer, BufferError for values that are not contiguous, and\n"  \
    "ValueError for more dimensions or a number out of range."

PyDoc_STRVAR(mean_doc,
    SIGNATURE("rolling_mean")
    "Mean of each window, in the unit of values."
    CONTRACT);

PyDoc_STRVAR(var_doc,
    "rolling_var($module, /, values, window, min_periods=None, *, ddof=1)\n--\n\n"
    "Variance of each window, in the squared unit of values.\n\n"
    "The sum of squared deviations from the mean is divided by the number of\n"
    "values minus ddof; where that is not positive, and where the window holds\n"
    "an infinity, the result is NaN."
    CONTRACT);

PyDoc_STRVAR(min_doc,
    SIGNATURE("rolling_min")
    "Smallest value of each window, in the unit of values."
    CONTRACT);

PyDoc_STRVAR(max_doc,
    SIGNATURE("rolling_max")
    "Largest value of each window, in the unit of values."
    CONTRACT);

PyDoc_STRVAR(median_doc,
    SIGNATURE("rolling_median")
    "Median of each window, in the unit of values.\n\n"
    "Of an even number of values it is the midpoint of the two in the middle."
    CONTRACT);

#define METHOD(function, doc)                                                    \
    {#function, (PyCFunction)(void (*)(void))function, METH_VARARGS | METH_KEYWORDS, \
     doc}

static PyMethodDef core_methods[] = {
    METHOD(rolling_mean, mean_doc),
    METHOD(rolling_var, var_doc),
    METHOD(rolling_min, min_doc),
    METHOD(rolling_max, max_doc),
    METHOD(rolling_median, median_doc),
    {NULL, NULL, 0, NULL},
};

static int
core_exec(PyObject *module)
{
    core_state *state = PyModule_GetState(module);
    PyObject *array = PyImport_ImportModule("array");
    if (array == NULL) {
        return -1;
    }
    state->nan = PyObject_CallMethod(array, "array", "s(d)", "d", Py_NAN);
    Py_DECREF(array);
    return state->nan == NULL ? -1 : 0;
}

static int
core_traverse(PyObject *module, visitproc visit, void *arg)
{
    core_state *state = PyModule_GetState(module);
    Py_VISIT(state->nan);
    return 0;
}

static int
core_clear(PyObject *module)
{
    core_state *state = PyModule_GetState(module);
    Py_CLEAR(state->nan);
    return 0;
}

static void
core_free(void *module)
{
    core_clear(module);
}

static PyModuleDef_Slot core_slots[] = {
    {Py_mod_exec, (void *)(uintptr_t)core_exec},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef core_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "rollstat._core",
    .m_doc = "Rolling-window statistics over one-dimensional float64 buffers.",
    .m_size = sizeof(core_state),
    .m_methods = core_methods,
    .m_slots = core_slots,
    .m_traverse = core_traverse,
    .m_clear = core_clear,
    .m_free = core_free,
};

PyMODINIT_FUNC
PyInit__core(void)
{
    return PyModuleDef_Init(&core_module);
}
