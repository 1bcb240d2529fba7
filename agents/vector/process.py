"""What makes a process a good worker, whatever its work: one thread, deaf to Ctrl-C, gone with its parent.

Imports nothing but the standard library: a worker calls this before it loads what it works with.
"""

import contextlib
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Iterator
from multiprocessing import connection, parent_process

# The workers are the parallelism: libraries that start threads of their own in each only get in the way. They read
# these once, when they are loaded.
THREAD_CAPS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)

_WATCH_S = 0.5  # how often a worker looks whether its parent lives


@contextlib.contextmanager
def thread_caps() -> Iterator[None]:
    """For the parent: processes spawned inside have the thread caps before they import anything.

    Not for forked ones, which may have Numba already, and Numba refuses another number than it was loaded with.
    """
    before = {name: os.environ.get(name) for name in THREAD_CAPS}
    os.environ.update(dict.fromkeys(THREAD_CAPS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def settle() -> None:
    """For the worker, first of all: set signals and thread caps, and watch the parent.

    The caps hold for libraries that are loaded from here on. Those that a forked worker has from its parent, as BLAS
    with NumPy, keep the parent's number of threads; only torch can be told another.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a forked worker would run the parent's handler
    threading.Thread(target=_watch_parent, name="watch-parent", daemon=True).start()
    if sys.__stderr__ is not None:
        with contextlib.suppress(OSError, ValueError):  # a standard error that is no file
            faulthandler.enable(sys.__stderr__)  # tells where in Python a segmentation fault happened
    for name in THREAD_CAPS:
        if name != "NUMBA_NUM_THREADS" or "numba" not in sys.modules:  # Numba refuses another number later
            os.environ[name] = "1"
    if "torch" in sys.modules:  # forked from a parent that has it
        sys.modules["torch"].set_num_threads(1)


def _watch_parent() -> None:
    """End this process when its parent is gone, even by SIGKILL, whatever the main thread is waiting for.

    It takes two signs. The parent's sentinel stays silent while a sibling that was forked later holds a copy
    of its other end; and the process whose id `getppid` tells is, under forkserver, the server.
    """
    parent = parent_process()
    assert parent is not None, "not started by multiprocessing"
    started_by = os.getppid()
    while not connection.wait([parent.sentinel], _WATCH_S) and os.getppid() == started_by:
        pass
    os._exit(1)
