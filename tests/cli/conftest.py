"""A command line to call, a net that was trained for a moment, and pictures of digits."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from backlit.cli import app
from backlit.data import digits


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Commands write into the working folder; and their output is as wide as on a usual terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for variable in ("NO_COLOR", "FORCE_COLOR", "TERMINAL_WIDTH"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def run():
    """Run a command in this process; answer with its exit code, output and errors."""

    def call(*arguments: object):
        result = CliRunner().invoke(app, [str(each) for each in arguments])
        unexpected = result.exception is not None and not isinstance(result.exception, SystemExit)
        if unexpected:
            raise result.exception
        return result

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    """A net that has seen the digits twice: it reads about 90 % of them."""
    path = tmp_path_factory.mktemp("trained") / "digits.safetensors"
    result = CliRunner().invoke(app, ["train", "digits", "--epochs", "2", "--no-augment", "-q", "-o", str(path)])
    assert result.exit_code == 0, result.output
    return path


@pytest.fixture(scope="session")
def held_out():
    return digits()[1]


@pytest.fixture(scope="session")
def pages(held_out) -> list[np.ndarray]:
    """Held-out digits as somebody would photograph them: dark on light, larger, anywhere on the page; uint8."""
    rng = np.random.default_rng(0)
    pages = []
    for picture in held_out.inputs[::25].reshape(-1, 28, 28):
        page = np.full((150, 200), 210.0)
        top, left = rng.integers(10, 50), rng.integers(10, 100)
        page[top : top + 84, left : left + 84] -= 180 * np.kron(picture, np.ones((3, 3)))
        pages.append((page + rng.normal(0, 3, page.shape)).clip(0, 255).astype(np.uint8))
    return pages
