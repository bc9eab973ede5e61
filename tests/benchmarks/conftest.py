"""The benchmarks lie beside the package, not in it: they are imported from the root of the checkout."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# At the end: nothing that is installed may be hidden by what lies there.
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT
