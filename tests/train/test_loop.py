"""The loop: what ends it, what it keeps, and what it leaves behind when it goes wrong."""

import itertools
import signal

import numpy as np
import pytest

import backlit as bl
from backlit.errors import TrainingError
from backlit.train import Callback, EarlyStopping, StoppingRule, TimeLimit, loop


class At(Callback):
    """Does something after a step."""

    def __init__(self, step, action):
        self.step, self.action = step, action

    def on_step_end(self, state):
        if state.step == self.step:
            self.action()


@pytest.fixture
def usual_handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler


@pytest.fixture
def hand_written(build, task):
    """A function that does some steps with the programs of a fresh trainer, and gives the trainer."""

    def train(steps, batch_size=25, **settings):
        trainer = build(**settings)
        epochs = (bl.data.Dataset(*task).batches(batch_size, shuffle=True, epoch=epoch) for epoch in itertools.count())
        for batch in itertools.islice(itertools.chain.from_iterable(epochs), steps):
            trainer.program(*batch)(*batch)
        return trainer

    return train


# ------------------------------------------------------------------------------------------------------------ recording


def test_the_columns_of_the_history(build, task):
    history = build(penalty=bl.losses.L2(0.01)).fit(task, validation=task, epochs=2)
    assert history.columns == (
        "epoch",
        "loss",
        "penalty",
        "accuracy",
        "validation loss",
        "validation penalty",
        "validation accuracy",
        "seconds",
    )
    assert history["epoch"] == [1, 2]
    assert len(history.step_losses) == 4
    assert build().fit(task).columns == ("epoch", "loss", "accuracy", "seconds")


def test_every_step_is_one_of_the_program(build, task, bits, hand_written):
    trainer = build()
    trainer.fit(task, epochs=3, batch_size=25)
    assert bits(trainer) == bits(hand_written(6))


# ------------------------------------------------------------------------------------------------------------- stopping


def test_a_rule_of_ones_own(build, task):
    class Enough(StoppingRule):
        def reason(self, history):
            return "that will do" if len(history) == 2 else None

    history = build().fit(task, epochs=10, stop=[TimeLimit(1e6), Enough()])
    assert history.stopped == "that will do"
    assert len(history) == 2


def test_the_time_ends_in_the_middle_of_an_epoch(build, task, bits, hand_written, monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(loop.time, "perf_counter", lambda: float(next(ticks)))
    trainer = build()
    history = trainer.fit(task, epochs=100, batch_size=1, stop=TimeLimit(20))
    assert history.stopped == "the time limit of 20 s was reached"
    assert len(history) == 1  # the epoch that was cut short is recorded
    steps = len(history.step_losses)
    assert 1 < steps < 50
    assert history["loss"] == pytest.approx([history.step_losses.mean()])
    assert bits(trainer) == bits(hand_written(steps, batch_size=1))


@pytest.mark.parametrize("restore_best", [True, False])
def test_early_stopping_gives_the_best_parameters_back(build, task, restore_best):
    seen = {}

    class Keep(Callback):
        def on_epoch_end(self, state):
            seen[state.epoch] = {name: p.value.copy() for name, p in trainer.model.parameters().items()}

    trainer = build(callbacks=Keep(), optimizer=bl.optim.Adam(0.3))
    rule = EarlyStopping("validation loss", patience=3, restore_best=restore_best)
    history = trainer.fit(task, validation=(task[0], 1 - task[1]), epochs=60, stop=rule)
    assert history.stopped.startswith("the validation loss was best in epoch")
    best = history.best("validation loss")["epoch"]
    assert best == len(history) - 3
    expected = seen[best if restore_best else len(history)]
    for name, parameter in trainer.model.parameters().items():
        np.testing.assert_array_equal(parameter.value, expected[name])


def test_the_best_is_given_back_however_it_ends(build, task):
    trainer = build(optimizer=bl.optim.Adam(0.3))
    wrong = task[0], 1 - task[1]
    history = trainer.fit(task, validation=wrong, epochs=6, stop=EarlyStopping(patience=50))
    assert history.stopped == "all 6 epochs are done"
    best = history.best("validation loss")
    assert best["epoch"] < 6
    assert trainer.evaluate(wrong)["loss"] == pytest.approx(best["validation loss"])


# ----------------------------------------------------------------------------------------------------------- divergence


def test_a_loss_that_explodes_leaves_the_last_good_parameters():
    inputs, targets = np.linspace(-1, 1, 20).reshape(20, 1), np.linspace(-2, 2, 20)
    model = bl.nn.Linear(1, 1, rng=0)
    trainer = bl.Trainer(model, loss=bl.losses.squared_error, optimizer=bl.optim.SGD(1e4))
    with pytest.raises(TrainingError, match="the loss became inf in epoch") as raised:
        trainer.fit((inputs, targets), epochs=100, batch_size=5)
    history = raised.value.history
    assert history is trainer.history
    assert np.isfinite(history.step_losses).all()
    assert len(history.step_losses) > 3
    assert history.stopped.startswith("the loss became inf in epoch")
    again = bl.Trainer(bl.nn.Linear(1, 1, rng=0), loss=bl.losses.squared_error, optimizer=bl.optim.SGD(1e4))
    program = again.program(inputs[:5], targets[:5])
    epochs = (bl.data.Dataset(inputs, targets).batches(5, shuffle=True, epoch=epoch) for epoch in itertools.count())
    for x, y in itertools.islice(itertools.chain.from_iterable(epochs), trainer._step):
        program(x, y[:, None] if program.graph.inputs[1].rank == 2 else y)
    assert model.weight.value.tolist() == again.model.weight.value.tolist()
    assert np.isfinite(model.weight.value).all()


def test_a_bad_batch_in_a_stream_is_one_step_lost(task, bits):
    inputs, labels = task
    labels = labels.astype(np.float32)
    bad = np.full((25, 2), 1e25, np.float32)
    good = [(inputs[:25], labels[:25]), (inputs[25:], labels[25:])]
    trainer, reference = (
        bl.Trainer(bl.nn.Linear(2, 1, rng=3), loss=bl.losses.squared_error, optimizer=bl.optim.Adam(1e-2))
        for _ in range(2)
    )
    message = r"the loss became inf in epoch 1, batch 3 \(step 3\), with learning rate 0.01"
    with pytest.raises(TrainingError, match=message) as raised:
        trainer.fit([*good, (bad, labels[:25])])
    reference.fit(good)
    assert bits(trainer) == bits(reference)
    assert len(raised.value.history.step_losses) == 2


def test_training_can_go_on_afterwards(build, task):
    trainer = build(loss=lambda output, target: bl.losses.cross_entropy(output, target) / scale)
    scale = bl.parameter(0.0, trainable=False)
    with pytest.raises(TrainingError, match="at the first step"):
        trainer.fit(task)
    scale.value = 1.0
    assert np.isfinite(trainer.fit(task)["loss"][0])


# ------------------------------------------------------------------------------------------------------------ interrupt


def test_ctrl_c_finishes_the_step(build, task, bits, hand_written, usual_handler):
    trainer = build(callbacks=At(3, lambda: signal.raise_signal(signal.SIGINT)))
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(task, epochs=5, batch_size=25)
    assert trainer.history.stopped == "interrupted by Ctrl-C"
    assert len(trainer.history) == 1
    assert bits(trainer) == bits(hand_written(3))


def test_ctrl_c_after_the_last_step(build, task, usual_handler):
    class Late(Callback):
        def on_epoch_end(self, state):
            signal.raise_signal(signal.SIGINT)

    trainer = build(callbacks=Late())
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(task)
    assert len(trainer.history) == 1


def test_an_interruption_within_a_step_takes_it_back(build, task, bits, hand_written):
    trainer = build()
    program = trainer.program(task[0][:25], task[1][:25])
    layout = next(iter(trainer._programs._training))

    class Broken:
        graph, calls = program.graph, 0

        def __call__(self, *batch):
            self.calls += 1
            if self.calls == 4:
                trainer.model[0].weight.value[...] = 0.5  # half written
                raise KeyboardInterrupt
            return program(*batch)

    trainer._programs._training[layout] = Broken()
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(task, epochs=3, batch_size=25)
    assert bits(trainer) == bits(hand_written(3))
    assert trainer.history.stopped == "interrupted by Ctrl-C"
