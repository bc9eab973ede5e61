"""The floors of the house, held by import-linter; and proof that it holds them.

The contracts stand in pyproject.toml. Each deliberate violation below is written into a copy made of stubs, which the
same contracts must refuse.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FLOORS = [
    "cli",
    "studio",
    "estimators",
    "explain",
    "train",
    "interop",
    "nn",
    "optim",
    "data",
    "engines",
    "autodiff",
    "graph",
]
ENGINES = ["engines/reference", "engines/native", "engines/xla"]

COMPUTING = ["recording", "answering", "tracer", "narration/narrator", "narration/formulas"]
"""The modules of explain that renderers must not know."""

SOUND = {
    **{f"explain/{name}.py": "" for name in COMPUTING},
    "explain/render/__init__.py": "",
    "explain/narration/__init__.py": "",
    "graph/node.py": "from backlit import errors\n",
    "autodiff/reverse.py": "from backlit.graph import node\n",
    "engines/engine.py": "from backlit.graph import node\n",
    "engines/reference/run.py": "from backlit.engines import engine\n",
    "train/trainer.py": "from backlit import nn, optim, data\n",
    "cli/main.py": "from backlit.train import trainer\n",
    "explain/render/text.py": "from backlit.explain.narration import explanation\n",
    "explain/narration/explanation.py": "",
}

VIOLATIONS = {
    "the graph imports an engine": {"graph/node.py": "from backlit.engines import engine\n"},
    "an import inside a function counts": {"graph/node.py": "def f():\n    from backlit.nn import layer\n"},
    "the lowest floor imports the graph": {"errors.py": "import backlit.graph\n"},
    "optim imports nn": {"optim/adam.py": "from backlit import nn\n"},
    "explain imports estimators": {"explain/answering.py": "import backlit.estimators\n"},
    "autodiff imports engines": {"autodiff/reverse.py": "import backlit.engines.engine\n"},
    "train imports the command line": {"train/trainer.py": "import backlit.cli\n"},
    "one engine imports another": {"engines/native/run.py": "from backlit.engines import reference\n"},
    "the protocol imports an engine": {"engines/engine.py": "import backlit.engines.native\n"},
    "two siblings import each other": {"nn/a.py": "import backlit.nn.b\n", "nn/b.py": "import backlit.nn.a\n"},
    "a renderer imports what computes": {"explain/render/text.py": "from backlit.explain import recording\n"},
    "a renderer imports the graph": {"explain/render/text.py": "import backlit.graph.node\n"},
    "a module stands on no floor": {"utils.py": "\n"},
}


def lint(config: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter with this configuration on the package backlit that lies in this folder."""
    command = "from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-c", command, "--config", str(config), "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


def write_stubs(folder: Path, files: dict[str, str]) -> None:
    """Write an empty house with all its floors, and then these files into it."""
    house = {f"{name}/__init__.py": "" for name in [*FLOORS, *ENGINES]} | {"__init__.py": "", "errors.py": ""}
    for name, text in (house | files).items():
        path = folder / "backlit" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_every_folder_with_modules_is_a_package(sources):
    # import-linter passes over a folder without __init__.py, and with it over everything inside.
    folders = {source.path.parent for source in sources}
    assert not [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()]


def test_the_package_keeps_every_contract(root):
    result = lint(root / "pyproject.toml", root / "src")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


def test_a_sound_house_keeps_every_contract(root, tmp_path):
    write_stubs(tmp_path, SOUND)
    result = lint(root / "pyproject.toml", tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("files", VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_a_violation_is_caught(root, tmp_path, files):
    write_stubs(tmp_path, SOUND | files)
    result = lint(root / "pyproject.toml", tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert " BROKEN" in result.stdout, "it failed for another reason than a broken contract:\n" + result.stdout
