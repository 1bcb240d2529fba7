"""What holds for every test: one thread a process, no display. Fixtures of one module stay in that module."""

import os
import signal

# Before numpy, torch and numba are imported. Tests run on every core at once, so a library's own threads only
# get in the way; worker processes inherit it.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
os.environ["MPLBACKEND"] = "Agg"
os.environ.pop("DISPLAY", None)

# Where a shell started the tests in the background, Ctrl-C is ignored, and so it would be by the commands they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
