"""The adapters that are always there: a reset leads back to the start, and all rows can be trained and computed."""

import numpy as np
import pytest
from benchmarks.contest import Settings, UnavailableError, check
from benchmarks.nets import parameters
from benchmarks.peers.arrays import with_backlit as backlit_arrays
from benchmarks.peers.nets import with_backlit, with_numpy
from benchmarks.peers.processes.compiling import CompilationTask, compile_with_backlit
from benchmarks.peers.processes.whole import MemoryTask, MnistTask, occupy_with_backlit, train_with_backlit
from benchmarks.session import contests_of
from benchmarks.tasks import digits_task

PEERS = {"backlit": lambda task: with_backlit.train_by_step(task, "reference"), "NumPy": with_numpy.train}
QUICK = Settings(rounds=1, quick=True, pause=0.0)


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_a_reset_leads_back_to_the_start(peer, optimizer):
    prepared = PEERS[peer](digits_task(optimizer, batch=4, steps=3))
    first = prepared.turn()
    assert not np.array_equal(prepared.turn(), first)
    prepared.reset()
    assert np.array_equal(prepared.turn(), first)


@pytest.mark.parametrize("peer", PEERS)
def test_nobody_writes_into_the_initial_weights(peer):
    task = digits_task("SGD", batch=4, steps=3)
    before = [weight.copy() for weight in parameters(task.net)]
    PEERS[peer](task).turn()
    assert all(np.array_equal(old, new) for old, new in zip(before, parameters(task.net), strict=True))


@pytest.mark.parametrize("contest", contests_of(["nets", "tiny"], "", QUICK), ids=lambda contest: contest.row)
def test_the_reference_engine_trains_every_net_in_float32_as_in_float64(contest):
    task = contest.task() if contest.agreed is None else contest.agreed()
    error = check(contest, "reference", with_backlit.train_by_step(task, "reference"), contest.expected(task))
    assert error <= contest.tolerance
    with_backlit.train_by_step(contest.task(), "reference").turn()  # with its dropout


@pytest.mark.parametrize("contest", contests_of(["arrays", "products"], "", QUICK), ids=lambda contest: contest.row)
def test_the_reference_engine_computes_every_formula(contest):
    task = contest.task()
    prepared = backlit_arrays.compute(task, "reference")
    prepared.turn()
    assert check(contest, "reference", prepared, contest.expected(task)) <= contest.tolerance


def test_an_engine_that_is_not_there_is_said():
    with pytest.raises(UnavailableError, match="backlit has no engine 'steam' here, only reference"):
        with_backlit.train_by_step(digits_task("SGD", 1, 1), "steam")


@pytest.mark.parametrize(
    "task",
    [
        CompilationTask("digit net", 4, engine="reference"),
        CompilationTask("digit net", 4, engine="reference", cached=True),
        CompilationTask("nodes", 50, 3, engine="reference"),
    ],
    ids=str,
)
def test_compiling_in_a_process_of_its_own_takes_time(task):
    assert 0.0 < compile_with_backlit(task).turn() < 60.0


def test_training_in_a_process_of_its_own_takes_memory():
    growth, peak = (
        occupy_with_backlit(MemoryTask("Adam", 8, measure, "reference"), kept=False).turn()
        for measure in ("growth", "process")
    )
    assert 0.0 < growth < peak < 2**32


def test_without_the_data_no_process_is_started(monkeypatch, tmp_path):
    monkeypatch.setenv("BACKLIT_DATA", str(tmp_path))
    with pytest.raises(UnavailableError, match="MNIST is not here"):
        train_with_backlit(MnistTask(engine="reference"), kept=False)
