"""The trainer: it learns what can be learned, as the lectures write it down, and the same bits every time."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, DataError, IndexRangeError
from backlit.train import LossBelow, LossChangeBelow, TimeLimit


class Parabola:
    """The lectures' L(θ, x) = θx + θ²x², which is its own loss."""

    def __init__(self, start):
        self.θ = bl.parameter(start, name="θ")

    def __call__(self, x):
        return self.θ * x + self.θ * self.θ * x * x

    def parameters(self):
        return {"θ": self.θ}

    def state(self):
        return {}


def own_loss(output, target):
    return bl.mean(output)


def test_the_same_seed_gives_the_same_bits(build, task, bits):
    first, again, other = build(), build(), build(seed=1)
    histories = [trainer.fit(task, epochs=3, validation=task) for trainer in (first, again, other)]
    assert bits(first) == bits(again) != bits(other)
    assert histories[0].step_losses.tolist() == histories[1].step_losses.tolist()
    for column in ("loss", "accuracy", "validation loss", "validation accuracy"):
        assert histories[0][column] == histories[1][column]


def test_a_second_fit_goes_on_where_the_first_ended(build, task, bits):
    twice, once = build(), build()
    twice.fit(task, epochs=2)
    second = twice.fit(task, epochs=3)
    once.fit(task, epochs=5)
    assert bits(twice) == bits(once)
    assert second["epoch"] == [3, 4, 5]
    assert twice.history is second
    assert twice.epoch == 5


def test_it_learns(build, task):
    trainer = build(optimizer=bl.optim.Adam(0.03))
    history = trainer.fit(task, epochs=80, batch_size=10)
    assert history["loss"][-1] < history["loss"][0] / 2
    assert trainer.evaluate(task)["accuracy"] >= 0.94


def test_the_loss_of_an_epoch_is_the_mean_over_its_rows():
    model = bl.nn.Linear(1, 1, rng=0)
    trainer = bl.Trainer(model, loss=bl.losses.squared_error, optimizer=bl.optim.SGD(0.0))
    x, y = np.arange(7.0).reshape(7, 1), np.arange(7.0)
    history = trainer.fit((x, y), batch_size=3, validation=(x, y))
    expected = ((model.predict(x)[:, 0] - y) ** 2).mean()
    assert len(history.step_losses) == 3
    assert history["loss"] == pytest.approx([expected], rel=1e-6)
    assert history["validation loss"] == pytest.approx([expected], rel=1e-6)
    assert trainer.evaluate((x, y))["loss"] == pytest.approx(expected, rel=1e-6)


def test_weights_of_zero_leave_rows_out(task, build, bits):
    inputs, labels = task
    trap = 1 - labels[25:]
    weighted, without = build(), build()
    weights = np.concatenate([np.ones(25), np.zeros(25)])
    both = np.concatenate([inputs[:25], inputs[25:]]), np.concatenate([labels[:25], trap])
    history = weighted.fit((*both, weights), epochs=3, batch_size=50, shuffle=False)
    # The mask of the dropout belongs to a row, so that the rows that count must stand in the same places.
    other = without.fit(
        (both[0], np.where(weights > 0, both[1], labels), weights), epochs=3, batch_size=50, shuffle=False
    )
    assert bits(weighted) == bits(without)
    assert history["loss"] == other["loss"]
    assert weighted.fit((*both, np.ones(50)), batch_size=50, shuffle=False)["loss"] != history["loss"][-1:]


def test_evaluation_changes_nothing_and_drops_nothing(build, task, bits):
    trainer = build()
    trainer.fit(task)
    before = bits(trainer)
    first = trainer.evaluate(task, batch_size=7)
    assert bits(trainer) == before
    assert trainer.evaluate(task)["accuracy"] == pytest.approx(first["accuracy"])
    assert first["accuracy"] == pytest.approx((trainer.model.predict(task[0]).argmax(axis=1) == task[1]).mean())


def test_any_data_will_do(build, task, bits, tmp_path):
    inputs, labels = task
    np.save(tmp_path / "x.npy", inputs)
    np.save(tmp_path / "y.npy", labels)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r"), np.load(tmp_path / "y.npy", mmap_mode="r")
    batches = [(inputs[i : i + 20], labels[i : i + 20]) for i in (0, 20, 40)]
    results = []
    for data in (task, bl.data.Dataset(*task), mapped, batches, bl.data.Stream(lambda: iter(batches))):
        trainer = build()
        trainer.fit(data, epochs=2, batch_size=20, shuffle=False)
        results.append(bits(trainer))
    assert all(each == results[0] for each in results)


def test_a_buffer_that_is_filled_again_is_no_trap(build, task, bits):
    inputs, labels = task
    x, y = np.empty((25, 2), np.float32), np.empty(25, np.int64)

    def reader():
        for start in (0, 25):
            x[...], y[...] = inputs[start : start + 25], labels[start : start + 25]
            yield x, y

    reused, plain = build(), build()
    reused.fit(bl.data.Stream(reader), epochs=2)
    plain.fit(task, epochs=2, batch_size=25, shuffle=False)
    assert bits(reused) == bits(plain)


def test_pictures_of_bytes_and_small_labels(build, task):
    trainer = build()
    history = trainer.fit(((task[0] * 100 + 100).astype(np.uint8), task[1].astype(np.uint8)), epochs=1)
    assert np.isfinite(history["loss"]).all()


@pytest.mark.parametrize(
    ("data", "settings", "error", "message"),
    [
        ((np.zeros((0, 2)), np.zeros(0, int)), {}, DataError, "empty"),
        ((np.full((4, 2), np.nan), np.zeros(4, int)), {"batch_size": 2}, DataError, "nan"),
        ((np.zeros((4, 2)), np.zeros(4, int)), {}, ArgumentError, "batch size is 32, and training data has 4 rows"),
        ((np.zeros((4, 2)), np.zeros(4, int)), {"batch_size": 0}, ArgumentError, "batch_size is 0"),
        ((np.zeros((4, 2)), np.zeros(4, int)), {"batch_size": 4, "epochs": 0}, ArgumentError, "epochs is 0"),
        ((np.zeros((4, 2)), np.zeros(4, int)), {"batch_size": 4, "stop": 3}, ArgumentError, "stopping rule"),
        ((np.zeros((4, 2)), np.zeros(4, int)), {"batch_size": 4, "resume": True}, ArgumentError, "without checkpoint"),
        ((np.zeros((4, 2)), np.zeros(4, int)), {"batch_size": 4, "checkpoint_every": 3}, ArgumentError, "without che"),
        ((np.zeros((4, 2)), np.zeros(4, int)), {"batch_size": 4, "progress": "yes"}, ArgumentError, "progress is"),
        ((np.zeros((4, 2)), np.full(4, 7)), {"batch_size": 2}, IndexRangeError, "7"),
    ],
)
def test_what_cannot_be_learned_changes_nothing(build, bits, data, settings, error, message):
    trainer = build()
    before = bits(trainer)
    with pytest.raises(error, match=message):
        trainer.fit(data, **settings)
    assert bits(trainer) == before


def test_a_label_out_of_range_ends_training_after_whole_steps(build, task, bits):
    labels = task[1].copy()
    labels[-1] = 9
    trainer, reference = build(), build()
    with pytest.raises(IndexRangeError, match="9") as raised:
        trainer.fit((task[0], labels), batch_size=10, shuffle=False)
    assert "0 to 1" in str(raised.value)
    reference.fit((task[0][:40], labels[:40]), batch_size=10, shuffle=False)
    assert bits(trainer) == bits(reference)
    assert trainer.history.stopped == "an error: IndexRangeError"


def test_a_seed_is_a_number(build):
    with pytest.raises(ArgumentError, match="seed"):
        build(seed=-1)


# -------------------------------------------------------------------------------------------------------- the lectures


def test_single_rows_come_in_the_order_of_the_seed():
    rows = np.arange(8)
    order = [targets[0] for _, targets in bl.data.Dataset(rows, rows).batches(1, shuffle=True, seed=4)]
    model = bl.nn.Linear(1, 1, rng=0)

    def tells_the_row(output, target):
        return bl.mean(output * 0.0 + target)

    trainer = bl.Trainer(model, loss=tells_the_row, optimizer=bl.optim.SGD(0.1), seed=4)
    history = trainer.fit((rows.reshape(8, 1) * 1.0, rows * 1.0), batch_size=1)
    assert history.step_losses.tolist() == order != sorted(order)


def test_training_by_hand_is_training_with_one_batch():
    rng = np.random.default_rng(0)
    x, d = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    with bl.precision("float64"):
        model = bl.nn.Sequential(bl.nn.Linear(3, 4, rng=1), bl.nn.Tanh(), bl.nn.Linear(4, 2, rng=2))
    W1, b1, W2, b2 = (p.value.copy() for p in model.parameters().values())
    losses = []
    for _ in range(20):
        total, gradients = 0.0, [np.zeros_like(p) for p in (W1, b1, W2, b2)]
        for row, wanted in zip(x, d, strict=True):
            y1 = np.tanh(row @ W1 + b1)
            y2 = y1 @ W2 + b2
            total += ((y2 - wanted) ** 2).mean() / len(x)
            dz2 = 2 * (y2 - wanted) / 2
            dz1 = (W2 @ dz2) * (1 - y1**2)
            parts = np.outer(row, dz1), dz1, np.outer(y1, dz2), dz2
            gradients = [gradient + part / len(x) for gradient, part in zip(gradients, parts, strict=True)]
        losses.append(total)
        W1, b1, W2, b2 = (p - 0.2 * g for p, g in zip((W1, b1, W2, b2), gradients, strict=True))
    trainer = bl.Trainer(model, loss=bl.losses.squared_error, optimizer=bl.optim.SGD(0.2))
    history = trainer.fit((x, d), epochs=20, batch_size=6)
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-12)
    for parameter, expected in zip(model.parameters().values(), (W1, b1, W2, b2), strict=True):
        np.testing.assert_allclose(parameter.value, expected, rtol=1e-10, atol=1e-13)


def _phase(node, phases):
    box = node.scope.path.split(".")[0] if node.scope else ""
    return phases.index(box) if box in phases else 0


def test_a_step_is_forward_then_backward_then_all_updates_at_once():
    model = bl.nn.Sequential(bl.nn.Linear(2, 3, rng=0), bl.nn.Tanh(), bl.nn.Linear(3, 1, rng=1))
    x, y = np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)
    trainer = bl.Trainer(model, loss=bl.losses.squared_error, optimizer=bl.optim.SGD(0.5))
    graph = trainer.program(x, y).graph
    phases = ("forward", "backward", "update")
    phase = {node: _phase(node, phases) for node in graph.operations}
    assert set(phase.values()) == {0, 1, 2}
    for node, number in phase.items():
        assert all(phase.get(argument, 0) <= number for argument in node.arguments)  # each needs only what came before
    a, b = bl.input("a", shape=(4, 2)), bl.input("b", shape=(4, 1))
    loss = bl.losses.squared_error(model(a), b)
    gradients = bl.grad(loss, model.parameters())
    bindings = {a: x, b: y}
    expected = {n: p.value - np.float32(0.5) * gradients[n].evaluate(bindings) for n, p in model.parameters().items()}
    before = float(loss.evaluate(bindings))
    assert trainer.fit((x, y), batch_size=4, shuffle=False)["loss"] == pytest.approx([before], rel=1e-6)
    for name, parameter in model.parameters().items():
        # θ - α g may be rounded once or twice: a unit in the last place of the larger term, not of what is left.
        np.testing.assert_allclose(parameter.value, expected[name], rtol=1e-6, atol=np.finfo("float32").eps)


@pytest.mark.parametrize(
    ("rule", "losses", "reason"),
    [
        (LossChangeBelow(0.5), [30.0, 0.96, -0.2016, -0.2481], "the loss changed by 0.04646 in epoch 4, less than 0.5"),
        (LossBelow(0.0), [30.0, 0.96, -0.2016], "the loss is -0.2016 in epoch 3, below 0"),
    ],
)
def test_gradient_descent_until_it_has_converged(rule, losses, reason):
    with bl.precision("float64"):
        model = Parabola(3.0)
    trainer = bl.Trainer(model, loss=own_loss, optimizer=bl.optim.SGD(0.1))
    history = trainer.fit(([[-2.0]], [[0.0]]), epochs=100, batch_size=1, stop=rule)
    assert [round(loss, 4) for loss in history["loss"]] == losses
    assert history.stopped == reason
    assert str(history).endswith(f"stopped: {reason}")


def test_the_number_of_epochs_ends_it_too():
    trainer = bl.Trainer(Parabola(3.0), loss=own_loss, optimizer=bl.optim.SGD(0.1))
    history = trainer.fit(([[-2.0]], [[0.0]]), epochs=5, batch_size=1, stop=[LossBelow(-1.0), TimeLimit(3600)])
    assert history.stopped == "all 5 epochs are done"
    assert len(history) == 5


def test_two_or_not_two():
    train, test = bl.data.digits()
    data = [(part.inputs, part.targets == 2) for part in (train, test)]
    model = bl.nn.Sequential(bl.nn.Linear(784, 16, rng=0), bl.nn.ReLU(), bl.nn.Linear(16, 1, rng=1))
    trainer = bl.Trainer(
        model, loss=bl.losses.binary_cross_entropy, optimizer=bl.optim.Adam(3e-3), metrics=bl.metrics.binary_accuracy
    )
    history = trainer.fit(data[0], validation=data[1], epochs=4)
    assert history["validation binary accuracy"][-1] >= 0.975  # saying "not 2" to all would reach 0.9
    chances = 1 / (1 + np.exp(-model.predict(data[1][0])[:, 0].astype(np.float64)))
    assert bl.train.calibration_curve(chances, data[1][1]).error < 0.03
    matrix = bl.train.confusion_matrix(data[1][1], chances > 0.5, ["not 2", "2"])
    assert matrix.sum() == 1000
    assert matrix[1, 1] > 80


def test_a_step_can_be_traced_and_leaves_the_model_as_it_is(build, task, bits):
    trainer = build()
    before = bits(trainer)
    x, y = task[0][:8], task[1][:8]
    run = trainer.trace(x, y)
    assert bits(trainer) == before
    changed = {run.name(parameter): run.whole(new) for parameter, new in run.updates.items()}
    program = trainer.program(x, y)
    loss, *_ = program(*(run.known[node] for node in program.graph.inputs))
    assert run.value(run.loss).item() == pytest.approx(loss, rel=1e-6)
    for name, parameter in trainer.model.parameters().items():
        np.testing.assert_allclose(parameter.value, changed[name], rtol=1e-5, atol=1e-7, err_msg=name)


def test_a_batch_can_be_traced_as_one_thing_and_a_data_set_cannot(build, task):
    trainer = build()
    batch = task[0][:8], task[1][:8]
    assert trainer.trace(batch).value("loss") == trainer.trace(*batch).value("loss")
    with pytest.raises(
        ArgumentError, match=r"a trace is of one batch; received Dataset .*\n  instead: trainer.trace\(next"
    ):
        trainer.trace(bl.data.Dataset(*batch))
