"""What every test starts from: one thread per product, places for data and code, how hard Hypothesis tries."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings

# Before NumPy is loaded: the tests run in several processes at once, and a product of matrices that is
# summed by one thread gives the same bits on every machine with the same library.
for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

ROOT = Path(__file__).resolve().parents[1]

# Data sets too large to ship are looked for beside the repository; a setting of the user's own is left alone.
shared_data = ROOT.parent / "shared" / "data"
if shared_data.is_dir():
    os.environ.setdefault("BACKLIT_DATA", str(shared_data))

# Compiled code is kept for this session only, and never where the user keeps theirs; the workers of one session, which
# inherit the environment, share it.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["BACKLIT_CACHE"] = tempfile.mkdtemp(prefix="backlit-tests-")
    atexit.register(shutil.rmtree, os.environ["BACKLIT_CACHE"], ignore_errors=True)

# A failure must come back when the test is run again, and a slow machine is not a failure.
settings.register_profile(
    "default", derandomize=True, deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
# For a search in earnest: HYPOTHESIS_PROFILE=thorough python -m pytest
settings.register_profile("thorough", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
