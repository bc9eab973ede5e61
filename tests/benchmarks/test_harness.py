"""The whole command on small tasks, with backlit and NumPy alone: what it reports, never how fast anything is."""

import json
import math
import os
import subprocess
import sys

import pytest
from benchmarks.__main__ import WORKLOADS

ROUNDS = 2


@pytest.fixture(scope="session")
def reported(root, tmp_path_factory):
    """The output and the JSON of one quick session in a process of its own, in which no other peer is found."""
    folder = tmp_path_factory.mktemp("benchmarks")
    blocker = (
        "import importlib.metadata as metadata, sys\n"
        "version = metadata.version\n"
        "def only_ours(name):\n"
        "    if name in {'backlit', 'numpy'}:\n"
        "        return version(name)\n"
        "    raise metadata.PackageNotFoundError(name)\n"
        "metadata.version = only_ours\n"
    )
    (folder / "sitecustomize.py").write_text(blocker, encoding="utf-8")
    path = folder / "report.json"
    command = ["-m", "benchmarks", "--quick", "--rounds", str(ROUNDS), "--threads", "1", "--json", str(path)]
    process = subprocess.run(
        [sys.executable, *command],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout, json.loads(path.read_text(encoding="utf-8"))


def test_the_report_tells_machine_versions_and_threads(reported):
    _, report = reported
    machine = report["machine"]
    assert report["format"] == 2
    assert report["settings"] == {"rounds": ROUNDS, "quick": True, "pause": 0.0, "least": 0.0, "clock": "wall"}
    assert machine["cpu"]
    assert machine["cores_used"] == machine["threads"] == 1
    assert set(machine["environment"].values()) == {"1"}
    assert machine["versions"]["numpy"]
    assert machine["versions"]["torch"] is None


def test_every_contender_that_is_installed_has_all_its_turns(reported):
    _, report = reported
    titles = [f"{contest['workload']}, {contest['row']}" for contest in report["contests"]]
    assert {title.partition(",")[0] for title in titles} == set(WORKLOADS)
    assert {f"training, batch {size}, {rule}" for size in (1, 32, 128, 512) for rule in ("SGD", "Adam")} <= set(titles)
    for contest in report["contests"]:
        for contender in contest["contenders"]:
            assert len(contender["measured"]) == ROUNDS
            assert all(number > 0.0 for number in contender["measured"])
            summary = contender["summary"]
            assert summary["lower"] <= summary["median"] <= summary["upper"]
        for contender in contest["contenders"][:1]:
            assert contender["ratio_to_first"] == {"median": 1.0, "lower": 1.0, "upper": 1.0}


def test_backlit_and_numpy_compute_the_same(reported):
    _, report = reported
    compared = set()
    for contest in report["contests"]:
        for contender in contest["contenders"]:
            assert contender["package"] in {"backlit", "numpy"}
            if contender["error"] is not None:
                assert contender["error"] <= contest["tolerance"]
                assert math.isfinite(contender["error"])
                compared.add((contest["workload"], contender["name"]))
    assert compared >= {
        ("training", "backlit reference"),
        ("training", "NumPy by hand"),
        ("prediction", "backlit reference"),
        ("prediction", "NumPy by hand"),
        ("arrays", "NumPy"),
        ("products", "NumPy"),
        ("graphs", "backlit"),
    }


def test_peers_that_are_not_installed_are_skipped_with_the_command_that_installs_them(reported):
    output, report = reported
    contest = next(contest for contest in report["contests"] if contest["row"] == "batch 32, Adam")
    assert set(contest["skipped"]) - {"backlit", "backlit, epoch"} == {
        "scikit-learn",
        "PyTorch",
        "PyTorch, fused",
        "PyTorch, compiled",
        "JAX, jit per step",
        "JAX, lax.scan epoch",
    }
    assert contest["skipped"]["PyTorch"] == 'torch is not installed: pip install -e ".[bench]"'
    assert 'skipped: PyTorch (torch is not installed: pip install -e ".[bench]")' in output


def test_bars_are_printed_beside_the_results(reported):
    output, report = reported
    bars = {contest["row"]: contest["bars"] for contest in report["contests"] if contest["bars"]}
    assert {"batch 32, SGD", "batch 32, Adam", "first import"} <= set(bars)
    (bar,) = bars["batch 32, SGD"]
    assert (bar["words"], bar["against"]) == ("at most 1.5 times as long as NumPy by hand", "NumPy by hand")
    assert bar["passed"] == (bar["measured"]["median"] <= bar["limit"])
    assert "bar: backlit at most 0.2 s: " in output
    table = output.partition("### bars")[2]
    assert "backlit, epoch at least 3.2 times as fast as the best peer" in table
    assert "not measured" in table


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trianing"], "there is no workload 'trianing'; choose among training, nets, tiny, "),
        (["--rounds", "0"], "rounds and threads are at least 1"),
        (["--clock", "cpu", "--threads", "2"], "--clock cpu needs --threads 1"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments, message, root):
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    assert process.returncode == 2
    assert message in process.stderr
