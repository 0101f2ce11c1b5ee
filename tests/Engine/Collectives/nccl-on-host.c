/* A library with NCCL's interface for processes of one machine, whose "devices" are host memory: a test compiles it to run
 * the engine's NCCL code without a GPU. Each communicator is a piece of shared memory with a part for every rank; a
 * collective copies to the own part, waits for all, reads the others' parts and waits again, piece by piece.
 * Written from NCCL's published interface (names, argument order, enumerations); none of its code. */
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { SUCCESS = 0, SYSTEM_ERROR = 2, INVALID_ARGUMENT = 4, REMOTE_ERROR = 6 };
enum { INT32 = 2, FLOAT32 = 7, FLOAT64 = 8 };
enum { SUM = 0, MAX = 2, MIN = 3 };
enum { PIECE = 1 << 16, MOST_RANKS = 8, PATIENCE_SECONDS = 20 };

typedef struct { char bytes[128]; } Id;

typedef struct {
    atomic_int arrived, round, asyncError;
    size_t toSend[MOST_RANKS][MOST_RANKS];
    char parts[MOST_RANKS][PIECE];
} Shared;

typedef struct {
    Shared *shared;
    int size, rank;
    char name[128];
} Comm;

/* What the engine's test device says its stream is. */
static void *const STREAM = (void *)0x5eed;

static int sizeOf(int type) { return type == FLOAT64 ? 8 : 4; }

static int refused(int type, void *comm, void *stream) {
    return !comm || stream != STREAM || (type != INT32 && type != FLOAT32 && type != FLOAT64);
}

/* A rank that never comes is an error after a while. */
static int barrier(Comm *c) {
    Shared *s = c->shared;
    int round = atomic_load(&s->round);
    if (atomic_fetch_add(&s->arrived, 1) == c->size - 1) {
        atomic_store(&s->arrived, 0);
        atomic_fetch_add(&s->round, 1);
        return SUCCESS;
    }
    time_t start = time(0);
    while (atomic_load(&s->round) == round) {
        sched_yield();
        if (time(0) - start > PATIENCE_SECONDS) return REMOTE_ERROR;
    }
    return SUCCESS;
}

#define FOLD(T)                                                                     \
    do {                                                                            \
        const T *x = from;                                                          \
        T *y = to;                                                                  \
        for (size_t i = 0; i < n; i++)                                              \
            y[i] = op == SUM ? y[i] + x[i] : op == MAX ? (x[i] > y[i] ? x[i] : y[i]) \
                                                       : (x[i] < y[i] ? x[i] : y[i]); \
    } while (0)

static void fold(const void *from, void *to, size_t n, int type, int op) {
    if (type == FLOAT32) FOLD(float);
    else if (type == FLOAT64) FOLD(double);
    else FOLD(int);
}

int ncclGetVersion(int *version) {
    *version = 21805;
    return SUCCESS;
}

const char *ncclGetErrorString(int code) {
    return code == SYSTEM_ERROR ? "unhandled system error" : code == INVALID_ARGUMENT ? "invalid argument"
         : code == REMOTE_ERROR ? "remote process exited or there was a network error" : "no error";
}

int ncclGetUniqueId(Id *id) {
    static int made;
    memset(id, 0, sizeof *id);
    snprintf(id->bytes, sizeof id->bytes, "/nccl-on-host-%d-%d-%ld", (int)getpid(), made++, (long)time(0));
    return SUCCESS;
}

int ncclCommInitRank(void **comm, int size, Id id, int rank) {
    if (size > MOST_RANKS || rank < 0 || rank >= size || id.bytes[0] != '/') return INVALID_ARGUMENT;
    int file = shm_open(id.bytes, O_CREAT | O_RDWR, 0600);
    if (file < 0 || ftruncate(file, sizeof(Shared))) return SYSTEM_ERROR;
    Comm *c = calloc(1, sizeof *c);
    c->shared = mmap(0, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (c->shared == MAP_FAILED) return SYSTEM_ERROR;
    c->size = size;
    c->rank = rank;
    memcpy(c->name, id.bytes, sizeof c->name);
    *comm = c;
    int code = barrier(c);
    /* All have it: the name is not needed any more. */
    if (rank == 0) shm_unlink(c->name);
    return code;
}

int ncclCommDestroy(void *comm) {
    munmap(((Comm *)comm)->shared, sizeof(Shared));
    free(comm);
    return SUCCESS;
}

int ncclCommAbort(void *comm) { return ncclCommDestroy(comm); }

int ncclCommGetAsyncError(void *comm, int *error) {
    *error = atomic_load(&((Comm *)comm)->shared->asyncError);
    return SUCCESS;
}

int ncclAllReduce(const void *from, void *to, size_t count, int type, int op, void *comm, void *stream) {
    if (refused(type, comm, stream)) return INVALID_ARGUMENT;
    Comm *c = comm;
    /* What a test asks for. */
    const char *fault = getenv("NCCL_ON_HOST_FAULT");
    if (fault && !strcmp(fault, "call")) return SYSTEM_ERROR;
    if (fault && !strcmp(fault, "later")) atomic_store(&c->shared->asyncError, REMOTE_ERROR);
    size_t size = sizeOf(type), most = PIECE / size;
    for (size_t done = 0; done < count; done += most) {
        size_t n = count - done < most ? count - done : most;
        char *out = (char *)to + done * size;
        memcpy(c->shared->parts[c->rank], (const char *)from + done * size, n * size);
        if (barrier(c)) return REMOTE_ERROR;
        memcpy(out, c->shared->parts[0], n * size);
        for (int r = 1; r < c->size; r++) fold(c->shared->parts[r], out, n, type, op);
        if (barrier(c)) return REMOTE_ERROR;
    }
    return SUCCESS;
}

int ncclBroadcast(const void *from, void *to, size_t count, int type, int root, void *comm, void *stream) {
    Comm *c = comm;
    if (refused(type, comm, stream) || root < 0 || root >= c->size) return INVALID_ARGUMENT;
    size_t bytes = count * sizeOf(type);
    for (size_t done = 0; done < bytes; done += PIECE) {
        size_t n = bytes - done < PIECE ? bytes - done : PIECE;
        if (c->rank == root) memcpy(c->shared->parts[root], (const char *)from + done, n);
        if (barrier(c)) return REMOTE_ERROR;
        memcpy((char *)to + done, c->shared->parts[root], n);
        if (barrier(c)) return REMOTE_ERROR;
    }
    return SUCCESS;
}

int ncclReduce(const void *from, void *to, size_t count, int type, int op, int root, void *comm, void *stream) {
    Comm *c = comm;
    if (refused(type, comm, stream) || root < 0 || root >= c->size) return INVALID_ARGUMENT;
    size_t size = sizeOf(type), most = PIECE / size;
    for (size_t done = 0; done < count; done += most) {
        size_t n = count - done < most ? count - done : most;
        memcpy(c->shared->parts[c->rank], (const char *)from + done * size, n * size);
        if (barrier(c)) return REMOTE_ERROR;
        if (c->rank == root) {
            char *out = (char *)to + done * size;
            memcpy(out, c->shared->parts[0], n * size);
            for (int r = 1; r < c->size; r++) fold(c->shared->parts[r], out, n, type, op);
        }
        if (barrier(c)) return REMOTE_ERROR;
    }
    return SUCCESS;
}

int ncclAllGather(const void *from, void *to, size_t count, int type, void *comm, void *stream) {
    if (refused(type, comm, stream)) return INVALID_ARGUMENT;
    Comm *c = comm;
    size_t bytes = count * sizeOf(type);
    for (size_t done = 0; done < bytes; done += PIECE) {
        size_t n = bytes - done < PIECE ? bytes - done : PIECE;
        memcpy(c->shared->parts[c->rank], (const char *)from + done, n);
        if (barrier(c)) return REMOTE_ERROR;
        for (int r = 0; r < c->size; r++) memcpy((char *)to + r * bytes + done, c->shared->parts[r], n);
        if (barrier(c)) return REMOTE_ERROR;
    }
    return SUCCESS;
}

/* What is asked for between the begin and the end of a group. */
static struct { const char *from; char *to; size_t send, receive; } peers[MOST_RANKS];
static Comm *grouped;

int ncclGroupStart(void) {
    memset(peers, 0, sizeof peers);
    grouped = 0;
    return SUCCESS;
}

int ncclSend(const void *from, size_t count, int type, int peer, void *comm, void *stream) {
    grouped = comm;
    if (type != 0 || stream != STREAM || peer < 0 || peer >= grouped->size) return INVALID_ARGUMENT;
    peers[peer].from = from;
    peers[peer].send = count;
    return SUCCESS;
}

int ncclRecv(void *to, size_t count, int type, int peer, void *comm, void *stream) {
    grouped = comm;
    if (type != 0 || stream != STREAM || peer < 0 || peer >= grouped->size) return INVALID_ARGUMENT;
    peers[peer].to = to;
    peers[peer].receive = count;
    return SUCCESS;
}

/* For each pair of ranks in turn; all know how much it has to tell. */
int ncclGroupEnd(void) {
    Comm *c = grouped;
    if (!c) return SUCCESS;
    Shared *s = c->shared;
    for (int r = 0; r < c->size; r++) s->toSend[c->rank][r] = peers[r].send;
    if (barrier(c)) return REMOTE_ERROR;
    for (int from = 0; from < c->size; from++)
        for (int to = 0; to < c->size; to++) {
            size_t bytes = s->toSend[from][to];
            if (c->rank == to && peers[from].receive != bytes) return INVALID_ARGUMENT;
            for (size_t done = 0; done < bytes; done += PIECE) {
                size_t n = bytes - done < PIECE ? bytes - done : PIECE;
                if (c->rank == from) memcpy(s->parts[from], peers[to].from + done, n);
                if (barrier(c)) return REMOTE_ERROR;
                if (c->rank == to) memcpy(peers[from].to + done, s->parts[from], n);
                if (barrier(c)) return REMOTE_ERROR;
            }
        }
    return barrier(c) ? REMOTE_ERROR : SUCCESS;
}

int ncclReduceScatter(const void *from, void *to, size_t count, int type, int op, void *comm, void *stream) {
    if (refused(type, comm, stream)) return INVALID_ARGUMENT;
    Comm *c = comm;
    size_t size = sizeOf(type), most = PIECE / size;
    /* For each rank in turn: all give what it is to have. */
    for (int owner = 0; owner < c->size; owner++)
        for (size_t done = 0; done < count; done += most) {
            size_t n = count - done < most ? count - done : most;
            memcpy(c->shared->parts[c->rank], (const char *)from + (owner * count + done) * size, n * size);
            if (barrier(c)) return REMOTE_ERROR;
            if (c->rank == owner) {
                char *out = (char *)to + done * size;
                memcpy(out, c->shared->parts[0], n * size);
                for (int r = 1; r < c->size; r++) fold(c->shared->parts[r], out, n, type, op);
            }
            if (barrier(c)) return REMOTE_ERROR;
        }
    return SUCCESS;
}
