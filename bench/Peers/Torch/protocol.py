"""What both tables of the PyTorch side share: lines of answers, threads, memory."""
import json
import sys

# OpenMP's and OpenBLAS's threads spin for a while after work: nobody is to be measured beside them.
QUIET_SECONDS = 0.06


def say(line):
    print(line, flush=True)


def status(field):
    """A field of /proc/self/status in bytes; 0 where the system has none."""
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith(field + ":"))
    except (OSError, StopIteration):
        return 0


def blas_library():
    """The file with the matrix products that this process loaded."""
    try:
        with open("/proc/self/maps") as file:
            paths = {line.split()[-1] for line in file if ".so" in line}
    except OSError:
        return ""
    names = ("mkl_rt", "libmkl_core", "libopenblas", "libblis", "libatlas", "libblas")
    return next((p for name in names for p in sorted(paths) if name in p), "")


def probe():
    import torch

    say(json.dumps({"Version": torch.__version__, "Blas": blas_library()}))


def open_side(threads):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    say(f"hello PyTorch {torch.__version__} on {threads} threads, products by {blas_library() or 'its own code'}")


def questions():
    for line in sys.stdin:
        yield line.split()
