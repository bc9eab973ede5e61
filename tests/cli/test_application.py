"""The commands by name, their help, and the way in from a shell."""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = ["train", "predict", "info", "explain"]
SCRIPT = Path(sys.executable).with_name("backlit")


def shell(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*arguments],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_a_seed_where_something_is_drawn(command, run):
    for option in ("--help", "-h"):
        result = run(command, option)
        assert result.exit_code == 0
        assert ("--seed" in result.stdout) == (command != "explain"), "nothing in a formula is random"
        assert max(map(len, result.stdout.splitlines())) <= 80


def test_help_names_every_command(run):
    result = run("--help")
    assert result.exit_code == 0
    assert all(command in result.stdout for command in COMMANDS)


def test_nothing_asked_is_answered_with_the_help(run):
    assert "Usage" in run().output


def test_the_version_is_the_one_that_is_installed(run):
    assert run("--version").stdout == f"backlit {importlib.metadata.version('backlit')}\n"


@pytest.mark.parametrize("arguments", [["trian", "digits"], ["--fast"], ["info", "a", "b"]])
def test_what_does_not_exist_is_refused(arguments, run):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage" in result.stderr


@pytest.mark.skipif(not SCRIPT.exists(), reason="backlit is not installed as a script here")
def test_the_script_reads_a_digit(trained):
    result = shell(str(SCRIPT), "predict", str(trained), "--count", "2")
    assert result.returncode == 0
    assert "2 digits of 1,000 held out from training" in result.stdout
    assert result.stderr == ""


def test_the_package_can_be_run_as_a_module(trained):
    result = shell(sys.executable, "-m", "backlit", "info", str(trained))
    assert result.returncode == 0
    assert "266,610" in result.stdout


def test_an_error_of_the_script_is_no_traceback():
    result = shell(sys.executable, "-m", "backlit", "info", "no-such-file")
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.splitlines()[0].split() == ["error", "there", "is", "no", "file", "no-such-file"]


def test_a_terminal_without_block_characters_gets_question_marks(trained):
    result = shell(
        sys.executable,
        "-m",
        "backlit",
        "predict",
        str(trained),
        "--count",
        "1",
        PYTHONIOENCODING="ascii",
        PYTHONUTF8="0",
    )
    assert result.returncode == 0
    assert "??" in result.stdout
    assert result.stderr == ""


def test_a_reader_that_stops_listening_is_no_error(trained):
    command = f"'{sys.executable}' -m backlit info '{trained}' | head -n 1"
    result = shell("bash", "-c", command)
    assert result.stdout.startswith("file")
    assert "Traceback" not in result.stderr
