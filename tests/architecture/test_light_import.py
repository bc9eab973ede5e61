"""`import backlit` loads NumPy and little else: what is heavy, optional or opens a socket waits until it is used."""

import subprocess
import sys

import pytest

HEAVY = [
    "llvmlite",
    "jax",
    "torch",
    "sklearn",
    "onnx",
    "sympy",
    "matplotlib",
    "PIL",
    "typer",
    "rich",
    "safetensors",
    "http.server",
    "asyncio",
]


def heavy_after(statement: str) -> set[str]:
    """The heavy modules that a fresh interpreter has loaded after this statement."""
    program = f"import sys\n{statement}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=True,
    )
    return set(result.stdout.split())


def test_importing_backlit_loads_nothing_heavy():
    assert heavy_after("import backlit") == set()


@pytest.mark.parametrize("name", ["asyncio", "http.server", "rich", "safetensors"])
def test_a_heavy_import_would_be_noticed(name):
    assert name in heavy_after(f"import backlit, {name}")
