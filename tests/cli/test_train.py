"""`backlit train`: what it reaches, what it writes and shows, and what it refuses before it begins."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backlit.cli.classifiers import read_classifier
from backlit.interop import load, read_model

QUICK = ("train", "digits", "--epochs", 1, "--no-augment")
BACKLIT = [sys.executable, "-m", "backlit"]


def accuracy_in(text: str) -> float:
    return float(re.search(r"([\d.]+) % ", text)[1])


def test_the_default_settings_read_at_least_94_percent_of_the_held_out_digits(run, held_out):
    """The whole command as a newcomer types it; it takes ten seconds of one core."""
    result = run("train", "digits", "--seed", 3)
    assert result.exit_code == 0
    judge = read_classifier(Path("digits.safetensors"))
    read = (judge.probabilities(held_out.inputs).argmax(axis=1) == held_out.targets).mean()
    assert read >= 0.94
    assert f"{100 * read:.1f} %" in result.output


def test_the_report_shows_what_was_learned(run):
    output = run(*QUICK, "--seed", 5).stdout
    assert "4,000 handwritten digits" in output
    assert "1,000 more held out" in output
    assert re.search(r"epoch 1/1  loss 0\.\d{4}  accuracy 0\.\d{4}", output)
    assert accuracy_in(output) > 80
    assert re.search(r"\d+ of 1,000 held-out digits are read rightly", output)
    assert "784 × 300   235,200" in output
    assert "266,610" in output
    assert output.count("but it is") == 3
    assert "█" in output
    assert "backlit predict digits.safetensors" in output
    assert max(map(len, output.splitlines())) <= 80


def test_a_seed_decides_on_every_bit_of_the_file(run):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run(*QUICK, "--seed", seed, "-q", "-o", name).exit_code == 0
    first, again, other = (Path(name).read_bytes() for name in "abc")
    assert first == again != other


def test_the_file_holds_how_it_came_about(run):
    run(*QUICK, "--batch-size", 100, "--learning-rate", 0.001, "--seed", 9, "-q", "-o", "m")
    found = read_model("m")
    assert found.model.parameter_count == 266_610
    training = found.extra["training"]
    assert (training["batch_size"], training["learning_rate"], training["seed"]) == (100, 0.001, 9)
    assert training["augment"] is False
    assert 0.5 < training["accuracy_on_held_out"] < 1


def test_quiet_shows_one_line(run):
    result = run(*QUICK, "-q")
    assert len(result.stdout.splitlines()) == 1
    assert "digits.safetensors" in result.stdout
    assert result.stderr == ""


def test_a_second_run_replaces_its_own_file(run):
    assert run(*QUICK, "-q").exit_code == 0
    assert run(*QUICK, "-q", "--seed", 4).exit_code == 0
    assert os.listdir() == ["digits.safetensors"]


def test_a_file_of_another_kind_is_replaced_only_by_force(run):
    Path("mine").write_text("years of work", encoding="utf-8")
    result = run(*QUICK, "-o", "mine")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no model of backlit" in result.stderr
    assert Path("mine").read_text(encoding="utf-8") == "years of work"
    assert run(*QUICK, "-q", "-o", "mine", "--force").exit_code == 0
    load("mine")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["letters"], 2, "'letters'"),
        ([], 2, "Missing argument"),
        (["digits", "--epochs", 0], 2, "0 is not from 1"),
        (["digits", "--epochs", "many"], 2, "'--epochs'"),
        (["digits", "--batch-size", -3], 2, "-3 is not from 1"),
        (["digits", "--batch-size", 4001], 2, "more than the 4,000 digits there are"),
        (["digits", "--learning-rate", "nan"], 2, "no finite number above 0"),
        (["digits", "--learning-rate", 0], 2, "no finite number above 0"),
        (["digits", "--seed", -1], 2, "-1 is not from 0"),
        (["digits", "--engine", "steam"], 2, "'steam' is no engine; choose among"),
        (["digits", "--resume"], 2, "add --checkpoint FOLDER"),
        (["digits", "--fast"], 2, "No such option"),
        (["digits", "-o", "none/m"], 1, "there is no folder"),
        (["digits", "-o", "."], 1, "is a folder"),
    ],
)
def test_what_is_impossible_is_refused_before_training(arguments, code, message, run):
    result = run("train", *arguments)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert "epoch 1/" not in result.stdout
    assert len(result.stderr.splitlines()) < 12
    assert os.listdir() == []


def test_steps_that_are_too_large_are_explained(run):
    result = run(*QUICK, "--learning-rate", 1e30)
    assert result.exit_code == 1
    assert "the loss became" in result.stderr
    assert "Traceback" not in result.output
    assert os.listdir() == []


def test_without_a_network_the_digits_of_mnist_say_how_to_get_them(run, monkeypatch):
    monkeypatch.delenv("BACKLIT_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path("cache").resolve()))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # a port at which nobody answers
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    result = run("train", "mnist")
    assert result.exit_code == 1
    assert "error" in result.stderr
    assert "BACKLIT_DATA" in result.stderr
    assert "Traceback" not in result.output


def test_training_needs_no_pillow(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert run(*QUICK, "-q").exit_code == 0


# ------------------------------------------------------------------------------------------------ interruptions


def interrupted(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, and press Ctrl-C when its second epoch is done."""
    process = subprocess.Popen(
        [*BACKLIT, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
    )
    seen = []
    for line in process.stdout:
        seen.append(line)
        if re.match(r"epoch +2/", line):
            process.send_signal(signal.SIGINT)
            break
    rest, errors = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, "".join(seen) + rest, errors)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_says_that_nothing_was_written_and_how_to_be_able_to_go_on():
    result = interrupted("train", "digits", "--epochs", 500, "--no-augment")
    assert result.returncode == 130
    assert "stopped  by Ctrl-C in epoch" in result.stderr
    assert "--checkpoint FOLDER" in result.stderr
    assert "Traceback" not in result.stderr
    assert os.listdir() == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_a_run_that_was_interrupted_goes_on_to_the_same_bits(run):
    common = ("train", "digits", "--epochs", 8, "--batch-size", 200, "--seed", 6)
    result = interrupted(*common, "--checkpoint", "kept", "-o", "m")
    assert result.returncode == 130
    command = re.sub(r"\s+", " ", result.stderr.partition("go on")[2]).split()
    assert command[:3] == ["backlit", "train", "digits"]
    assert not Path("m").exists()

    refused = run(*common, "--checkpoint", "kept", "-o", "m")
    assert refused.exit_code == 1
    assert "holds a run that was interrupted" in refused.stderr
    assert "--resume" in refused.stderr

    assert run(*command[1:], "-q", "-o", "m").exit_code == 0
    assert run(*common, "-q", "-o", "whole").exit_code == 0
    assert Path("m").read_bytes() == Path("whole").read_bytes()


def test_a_run_of_other_settings_is_not_gone_on_with(run):
    assert run(*QUICK, "-q", "--checkpoint", "kept").exit_code == 0
    result = run(*QUICK, "--seed", 1, "--checkpoint", "kept", "--resume")
    assert result.exit_code == 1
    assert "seed was 0, now 1" in " ".join(result.stderr.split())


def test_a_run_that_was_finished_is_begun_anew_in_its_folder(run):
    assert run(*QUICK, "-q", "--checkpoint", "kept").exit_code == 0
    assert run(*QUICK, "-q", "--checkpoint", "kept", "--seed", 2).exit_code == 0


def test_the_digits_that_are_shown_are_drawn_with_the_seed(run):
    def pictures(seed: int) -> list[str]:
        output = run(*QUICK, "--seed", seed).stdout
        return output.partition("some that it reads rightly")[2].splitlines()

    assert pictures(1) != pictures(2)


def test_the_exit_is_quick_enough_to_be_typed_often():
    """Only that nothing heavy is loaded for --help, since a time would depend on the machine."""
    program = (
        "import sys; import backlit.cli; print(*[n for n in ('PIL', 'safetensors', 'asyncio') if n in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.split() == []
