"""Callbacks: when they are called, what they see, and what an error of theirs leaves behind."""

import dataclasses

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError
from backlit.train import Callback


class Recorder(Callback):
    def __init__(self):
        self.events = []

    def note(self, name, state):
        self.events.append((name, state.epoch, state.batch, state.step, len(state.history)))
        self.state = state

    def on_train_begin(self, state):
        self.note("begin", state)

    def on_epoch_begin(self, state):
        self.note("epoch", state)

    def on_step_end(self, state):
        self.note("step", state)

    def on_epoch_end(self, state):
        self.note("epoch end", state)

    def on_checkpoint(self, state, path):
        self.note(path.name, state)

    def on_train_end(self, state):
        self.note("end", state)


def test_they_are_called_in_order(build, task, tmp_path):
    recorder = Recorder()
    build(callbacks=recorder).fit(task, epochs=2, batch_size=32, checkpoint=tmp_path)
    assert recorder.events == [
        ("begin", 1, 0, 0, 0),
        ("epoch", 1, 0, 0, 0),
        ("step", 1, 1, 1, 0),
        ("step", 1, 2, 2, 0),
        ("epoch end", 1, 2, 2, 1),
        ("checkpoint.safetensors", 1, 2, 2, 1),
        ("epoch", 2, 0, 2, 1),
        ("step", 2, 1, 3, 1),
        ("step", 2, 2, 4, 1),
        ("epoch end", 2, 2, 4, 2),
        ("checkpoint.safetensors", 2, 2, 4, 2),
        ("end", 2, 2, 4, 2),
    ]


def test_they_see_the_loss_and_change_nothing(build, task):
    recorder = Recorder()
    history = build(callbacks=[recorder]).fit(task, epochs=1, batch_size=50)
    assert recorder.state.loss == history.step_losses[-1]
    assert recorder.state.seconds > 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        recorder.state.epoch = 5


def test_they_do_not_change_what_is_learned(build, task, bits):
    watched, alone = build(callbacks=Recorder()), build()
    watched.fit(task, epochs=2)
    alone.fit(task, epochs=2)
    assert bits(watched) == bits(alone)


@pytest.mark.parametrize("event", ["on_train_begin", "on_epoch_begin", "on_step_end", "on_epoch_end", "on_checkpoint"])
def test_their_errors_come_through_and_the_end_is_told(build, task, bits, tmp_path, event):
    def fail(self, *details):
        raise RuntimeError("enough")

    recorder = Recorder()
    failing = type("Failing", (Callback,), {event: fail})()
    trainer, reference = build(callbacks=[failing, recorder]), build()
    with pytest.raises(RuntimeError, match="enough"):
        trainer.fit(task, epochs=3, batch_size=25, checkpoint=tmp_path)
    assert recorder.events[-1][0] == "end"
    assert trainer.history.stopped == "an error: RuntimeError"
    done = {"on_train_begin": 0, "on_epoch_begin": 0, "on_step_end": 1, "on_epoch_end": 2, "on_checkpoint": 2}[event]
    for x, y in bl.data.Dataset(*task).batches(25, shuffle=True, seed=0):
        if done:
            reference.program(x, y)(x, y)
            done -= 1
    assert bits(trainer) == bits(reference)


def test_something_else_is_no_callback(build):
    with pytest.raises(ArgumentError, match="a callback is"):
        build(callbacks=[print])
    with pytest.raises(ArgumentError, match="Callback"):
        build(callbacks=Callback)


def test_one_that_changes_parameters_between_epochs(build, task):
    class Shrink(Callback):
        def on_epoch_begin(self, state):
            for parameter in model.parameters().values():
                parameter.value *= np.float32(0.5)

    trainer = build(callbacks=Shrink())
    model = trainer.model
    assert len(trainer.fit(task, epochs=2)) == 2
