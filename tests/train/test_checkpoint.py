"""Checkpoints: a run that was killed goes on as if it never had been, and no file can do harm."""

import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

import backlit as bl
from backlit.errors import BacklitError, FileError, TrainingError
from backlit.interop.tensors import read_tensors, write_tensors
from backlit.train import Callback, EarlyStopping
from backlit.train.checkpoint import CheckpointFolder

SCRIPT = """
import hashlib, json, os, signal, sys
import numpy as np
import backlit as bl
import backlit.interop.atomic as atomic

folder, every, kill_at, how = sys.argv[1], *map(int, sys.argv[2:4]), sys.argv[4]


class Stop(bl.train.Callback):
    def on_step_end(self, state):
        if state.step == kill_at:
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if how == "wait":
                print("ready", flush=True)
                sys.stdin.readline()
            if how == "kill while writing":
                os.fsync = lambda number: os.kill(os.getpid(), signal.SIGKILL)


rng = np.random.default_rng(3)
x = rng.uniform(-1, 1, (50, 2)).astype(np.float32)
data = bl.data.Dataset(x, (x[:, 0] * x[:, 1] > 0).astype(np.int64))
noisy = data.map(lambda inputs, rng: inputs + 0.1 * rng.normal(size=inputs.shape).astype(np.float32))
with bl.seed(5):
    model = bl.nn.Sequential(
        bl.nn.Linear(2, 8), bl.nn.BatchNorm(8), bl.nn.Tanh(), bl.nn.Dropout(0.2), bl.nn.Linear(8, 2)
    )
trainer = bl.Trainer(
    model,
    loss=bl.losses.cross_entropy,
    optimizer=bl.optim.Adam(bl.optim.CosineDecay(0.05, 30)),
    metrics=[bl.metrics.accuracy],
    callbacks=[Stop()],
)
history = trainer.fit(
    noisy, validation=data, epochs=6, batch_size=12, checkpoint=folder or None, checkpoint_every=every or None,
    resume=bool(folder), stop=bl.train.EarlyStopping("validation accuracy", patience=20),
)
digest = hashlib.sha256()
for name, each in trainer._programs.carried().items():
    digest.update(name.encode() + each.value.tobytes())
rows = [{k: v for k, v in row.items() if k != "seconds"} for row in history.rows]
print(json.dumps([digest.hexdigest(), history.step_losses.tolist(), rows, history.stopped]))
"""


def start(folder="", every=0, kill_at=0, how="finish"):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), str(every), str(kill_at), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def finish(process):
    output, problems = process.communicate(timeout=120)
    return process.returncode, output, problems


def complete(process):
    code, output, problems = finish(process)
    assert code == 0, problems
    return json.loads(output)


@pytest.fixture(scope="module")
def uninterrupted():
    return complete(start())


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill so abruptly")
@pytest.mark.parametrize(
    ("every", "kill_at", "how", "left"),
    [
        (0, 13, "kill", "epoch"),
        (1, 15, "kill", "step"),  # right before the ragged batch
        (4, 3, "kill", None),  # before the first checkpoint
        (4, 7, "kill while writing", "step"),
    ],
)
def test_a_killed_run_goes_on_bit_by_bit(uninterrupted, tmp_path, every, kill_at, how, left):
    code, output, problems = finish(start(tmp_path, every, kill_at, how))
    assert code == -signal.SIGKILL, problems
    assert not output
    folder = CheckpointFolder(tmp_path)
    assert folder.exists() == (left is not None)
    if left is not None:
        position = folder.read().position
        assert (position.batch == 0) == (left == "epoch")
    left_over = [name for name in os.listdir(tmp_path) if name != "checkpoint.safetensors"]
    assert len(left_over) == (how == "kill while writing")
    assert complete(start(tmp_path, every)) == uninterrupted
    assert os.listdir(tmp_path) == ["checkpoint.safetensors"]


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C reaches a process by another way there")
def test_ctrl_c_from_outside_leaves_a_checkpoint(uninterrupted, tmp_path):
    process = start(tmp_path, 0, 8, "wait")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    code, _, problems = finish(process)
    assert code == -signal.SIGINT, problems
    assert "KeyboardInterrupt" in problems
    position = CheckpointFolder(tmp_path).read().position
    assert (position.epoch, position.batch, position.step) == (1, 3, 8)
    assert complete(start(tmp_path)) == uninterrupted


# ------------------------------------------------------------------------------------------------------ in one process


class Fail(Callback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, state):
        if state.step == self.step:
            raise RuntimeError("power failure")


@pytest.fixture
def broken_off(build, task, tmp_path):
    """A folder with the checkpoint of a run that was broken off, after 6 of 8 steps."""
    with pytest.raises(RuntimeError):
        build(callbacks=Fail(7)).fit(task, epochs=4, batch_size=25, checkpoint=tmp_path, checkpoint_every=3)
    return tmp_path


def test_resuming_gives_the_same_bits(build, task, bits, broken_off):
    resumed, whole = build(), build()
    history = resumed.fit(task, epochs=4, batch_size=25, checkpoint=broken_off, checkpoint_every=3, resume=True)
    expected = whole.fit(task, epochs=4, batch_size=25)
    assert bits(resumed) == bits(whole)
    assert history["loss"] == expected["loss"]
    assert history["epoch"] == [1, 2, 3, 4]
    assert history.step_losses.tolist() == expected.step_losses.tolist()


def test_a_finished_run_can_be_made_longer(build, task, bits, tmp_path):
    first, longer, whole, again = (build() for _ in range(4))
    first.fit(task, epochs=2, checkpoint=tmp_path)
    history = longer.fit(task, epochs=5, checkpoint=tmp_path, resume=True)
    whole.fit(task, epochs=5)
    assert bits(longer) == bits(whole)
    assert len(history) == 5
    assert len(again.fit(task, epochs=5, checkpoint=tmp_path, resume=True)) == 5
    assert bits(again) == bits(whole)


def test_a_stream_of_ragged_batches_is_resumed(build, task, bits, tmp_path):
    inputs, labels = task
    noise = [bl.Generator(9), bl.Generator(9)]  # which the loss alone carries along
    trainers = []
    for rng in noise:

        def loss(output, target, rng=rng):
            return bl.losses.cross_entropy(output + bl.normal(output.shape, rng=rng), target)

        trainers.append(build(loss=loss))
    batches = [(inputs[first:last], labels[first:last]) for first, last in ((0, 7), (7, 30), (30, 37), (37, 50))]
    trainers[0].fit(batches, epochs=2)
    broken = build(loss=trainers[1]._programs.loss, callbacks=Fail(6))
    with pytest.raises(RuntimeError):
        broken.fit(batches, epochs=2, checkpoint=tmp_path, checkpoint_every=3)
    noise[1].state.value[2] = 99
    resumed = build(loss=trainers[1]._programs.loss)
    resumed.fit(batches, epochs=2, checkpoint=tmp_path, checkpoint_every=3, resume=True)
    assert bits(resumed) == bits(trainers[0])


def test_without_a_checkpoint_resuming_begins(build, task, bits, tmp_path):
    trainer, whole = build(), build()
    trainer.fit(task, checkpoint=tmp_path / "made" / "for it", resume=True)
    whole.fit(task)
    assert bits(trainer) == bits(whole)


def test_an_unfinished_run_is_not_written_over(build, task, broken_off):
    before = (broken_off / "checkpoint.safetensors").read_bytes()
    with pytest.raises(TrainingError, match="was interrupted in epoch 3") as raised:
        build().fit(task, checkpoint=broken_off)
    assert "resume=True" in str(raised.value)
    assert (broken_off / "checkpoint.safetensors").read_bytes() == before


def test_a_finished_one_is(build, task, tmp_path):
    build().fit(task, checkpoint=tmp_path)
    build(seed=1).fit(task, epochs=2, checkpoint=tmp_path)
    assert CheckpointFolder(tmp_path).read().position.epoch == 2


def test_the_best_parameters_survive(build, task, tmp_path):
    wrong = task[0], 1 - task[1]
    settings = {"epochs": 8, "validation": wrong, "batch_size": 25, "stop": EarlyStopping(patience=50)}
    interrupted = build(callbacks=Fail(13), optimizer=bl.optim.Adam(0.3))
    with pytest.raises(RuntimeError):
        interrupted.fit(task, checkpoint=tmp_path, **settings)
    resumed, whole = (build(optimizer=bl.optim.Adam(0.3)) for _ in range(2))
    resumed.fit(task, checkpoint=tmp_path, resume=True, **settings)
    best = whole.fit(task, **settings).best("validation loss")["epoch"]
    assert best < 6  # it was found before the interruption
    for one, other in zip(resumed.model.parameters().values(), whole.model.parameters().values(), strict=True):
        assert one.value.tobytes() == other.value.tobytes()


def test_divergence_keeps_the_last_checkpoint(build, task, tmp_path, bits):
    trainer = build(
        loss=lambda output, target: bl.losses.cross_entropy(output, target) / scale,
    )
    scale = bl.parameter(1.0, trainable=False)
    trainer.fit(task, checkpoint=tmp_path)
    kept, before = bits(trainer), (tmp_path / "checkpoint.safetensors").read_bytes()
    scale.value = 0.0
    with pytest.raises(TrainingError):
        trainer.fit(task, checkpoint=tmp_path)
    assert bits(trainer) == kept
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("trainer_settings", "settings", "message"),
    [
        ({}, {"batch_size": 10}, "the batch size was 25, now 10"),
        ({"seed": 1}, {}, "the seed was 0, now 1"),
        ({}, {"shuffle": False}, "the shuffling was True, now False"),
        ({"optimizer": bl.optim.SGD(0.1)}, {}, r"the optimizer was Adam\(.*, now SGD\(learning_rate=0.1"),
        ({"loss": bl.losses.hinge}, {}, "the loss was cross_entropy, now hinge"),
        ({"penalty": bl.losses.L2(0.1)}, {}, r"the penalty was none, now L2\(strength=0.1"),
        ({"metrics": ()}, {}, "the columns was"),
    ],
)
def test_another_run_is_refused(build, task, bits, broken_off, trainer_settings, settings, message):
    trainer = build(**trainer_settings)
    before = bits(trainer)
    with pytest.raises(TrainingError, match=message):
        trainer.fit(task, **({"batch_size": 25, "checkpoint": broken_off, "resume": True} | settings))
    assert bits(trainer) == before


def test_other_data_and_another_model_are_refused(build, task, broken_off):
    with pytest.raises(TrainingError, match="the number of rows was 50, now 40"):
        build().fit((task[0][:40], task[1][:40]), batch_size=25, checkpoint=broken_off, resume=True)
    model = bl.nn.Sequential(bl.nn.Linear(2, 9, rng=0), bl.nn.ReLU(), bl.nn.Dropout(0.2), bl.nn.Linear(9, 2, rng=0))
    other = bl.Trainer(model, loss=bl.losses.cross_entropy, optimizer=bl.optim.Adam(0.02), metrics=bl.metrics.accuracy)
    with pytest.raises(TrainingError, match="type was Tanh, now ReLU") as raised:
        other.fit(task, batch_size=25, checkpoint=broken_off, resume=True)
    assert "float32[2,8], now float32[2,9]" in str(raised.value)


def resume(build, task, bits, folder):
    """Try to go on, and see that the model is untouched where that is refused."""
    trainer = build()
    before = bits(trainer)
    try:
        trainer.fit(task, epochs=4, batch_size=25, checkpoint=folder, checkpoint_every=3, resume=True)
    except BacklitError as error:
        assert bits(trainer) == before
        return error
    return None


def test_a_damaged_file_is_refused(build, task, bits, broken_off):
    file = broken_off / "checkpoint.safetensors"
    content = file.read_bytes()
    assert resume(build, task, bits, shutil.copytree(broken_off, broken_off.parent / "copy")) is None
    damages = [b"", content[:4], content[: len(content) // 2], content[:-1], content + b"\0", b"\x80\x05" + content]
    damages += [content[:-3] + bytes([content[-3] ^ 1]) + content[-2:]]
    for damage in damages:
        file.write_bytes(damage)
        assert isinstance(resume(build, task, bits, broken_off), FileError)


def edit(name, value):
    def change(arrays, table):
        target = table["position"] if name in table["position"] else table
        target[name] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        edit("epoch", -1),
        edit("epoch", "3"),
        edit("epoch", True),
        edit("batch", 1.5),
        edit("step", 1 << 80),
        edit("sums", ["a"]),
        edit("sums", None),
        edit("seconds", -1.0),
        edit("rows", "many"),
        edit("batch", 3),
        edit("epoch", 3),
        edit("step", 0),
        edit("layouts", 3),
        edit("layouts", [[[[25, 2], "float32"]]]),
        edit("layouts", [[[[25, -2], "float32"], [[25], "int64"]]]),
        edit("layouts", [[[[25, 2], "O"], [[25], "int64"]]]),
        edit("layouts", [[[[25, 7], "float32"], [[25], "int64"]]]),
        lambda arrays, table: table.update(rows=3),
        lambda arrays, table: table["rows"][0].update(loss="low"),
        lambda arrays, table: table["rows"][0].pop("seconds"),
        edit("format", 99),
        edit("run", 3),
        edit("finished", "no"),
        edit("stopped", 3),
        lambda arrays, table: table.pop("position"),
        lambda arrays, table: table["position"].update(more=1),
        lambda arrays, table: arrays.pop("parameters.0.weight"),
        lambda arrays, table: arrays.pop("history.step_losses"),
        lambda arrays, table: arrays.update({"parameters.0.weight": np.zeros((3, 8), np.float32)}),
        lambda arrays, table: arrays.update({"parameters.0.weight": np.zeros((2, 8), np.float64)}),
        lambda arrays, table: arrays.update({"surplus": np.zeros(3)}),
        lambda arrays, table: arrays.update({"best.nothing": np.zeros(3)}),
    ],
)
def test_a_file_made_by_hand_is_refused(build, task, bits, broken_off, change):
    file = broken_off / "checkpoint.safetensors"
    arrays, texts = read_tensors(file)
    table = json.loads(texts["backlit.checkpoint"])
    change(arrays, table)
    write_tensors(file, arrays, {"backlit.checkpoint": json.dumps(table)})
    assert isinstance(resume(build, task, bits, broken_off), FileError)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "3", "[" * 100_000])
def test_a_file_of_something_else_is_refused(build, task, bits, tmp_path, text):
    texts = {} if text is None else {"backlit.checkpoint": text}
    write_tensors(tmp_path / "checkpoint.safetensors", {"w": np.zeros(3)}, texts)
    assert isinstance(resume(build, task, bits, tmp_path), FileError)


def test_a_folder_that_cannot_be(build, task, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match="cannot be made"):
        build().fit(task, checkpoint=tmp_path / "file")
