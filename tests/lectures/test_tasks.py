"""Section 5 of the lectures' rows: tasks to train on (T5, T6, T19 to T21), on the data sets that ship."""

import numpy as np
import pytest

import backlit as bl


def test_T5_a_map_is_learned_with_the_absolute_difference_as_its_loss() -> None:
    heights = bl.data.elevation()
    middle = float(np.median(heights.targets))
    part = bl.data.Dataset(heights.inputs[::4], (heights.targets[::4] - middle) / 100)
    with bl.seed(0):
        model = bl.nn.Sequential(
            bl.nn.Linear(2, 32), bl.nn.Tanh(), bl.nn.Linear(32, 32), bl.nn.Tanh(), bl.nn.Linear(32, 1)
        )
    trainer = bl.Trainer(model, loss=bl.losses.absolute_error, optimizer=bl.optim.Adam(1e-2))
    trainer.fit(part, epochs=10, batch_size=64)
    everywhere = 100 * trainer.evaluate((heights.inputs, (heights.targets - middle) / 100))["loss"]
    always_the_median = float(np.abs(heights.targets - middle).mean())
    assert always_the_median == pytest.approx(169.1, abs=0.1)
    assert everywhere < 60, "metres, on places it has mostly not seen"


def yes_or_no(data: bl.data.Dataset, yes: int, *among: int) -> bl.data.Dataset:
    chosen = data[np.isin(data.targets, among)] if among else data
    return bl.data.Dataset(chosen.inputs, (chosen.targets == yes).astype(np.int64), image_shape=(28, 28))


def trained_on_digits(model: bl.nn.Module, data: bl.data.Dataset, loss: object, epochs: int = 5) -> bl.Trainer:
    trainer = bl.Trainer(model, loss=loss, optimizer=bl.optim.Adam(5e-3), metrics=bl.metrics.accuracy)
    trainer.fit(data, epochs=epochs)
    return trainer


def test_T6_images_of_two_classes_are_told_apart() -> None:
    train, test = bl.data.digits()
    model = bl.nn.Linear(784, 1, rng=0)
    trainer = trained_on_digits(model, yes_or_no(train, 8, 3, 8), bl.losses.binary_cross_entropy)
    unseen = yes_or_no(test, 8, 3, 8)
    assert len(unseen) == 200
    assert trainer.evaluate(unseen)["accuracy"] >= 0.95


def test_T19_2_or_not_2() -> None:
    train, test = bl.data.digits()
    with bl.seed(0):
        model = bl.nn.Sequential(bl.nn.Linear(784, 16), bl.nn.ReLU(), bl.nn.Linear(16, 1))
    trainer = trained_on_digits(model, yes_or_no(train, 2), bl.losses.binary_kl_divergence)
    accuracy = trainer.evaluate(yes_or_no(test, 2))["accuracy"]
    assert accuracy >= 0.97, "saying no to everything is right in 0.9 of the cases"


def test_T20_ten_digits_and_none_of_the_above() -> None:
    train, test = bl.data.digits()
    nothing = bl.data.none_of_the_above(300, seed=1)
    eleven = bl.data.Dataset(
        np.concatenate([train.inputs, nothing]),
        np.concatenate([train.targets, np.full(300, 10)]),
        classes=(*train.classes, "none of the above"),
    )
    with bl.seed(0):
        model = bl.nn.Sequential(bl.nn.Linear(784, 32), bl.nn.ReLU(), bl.nn.Linear(32, 11))
    trained_on_digits(model, eleven, bl.losses.kl_divergence, epochs=4)
    answers = model.predict(test.inputs).argmax(axis=1)
    assert np.mean(answers == test.targets) >= 0.88
    assert np.mean(answers == 10) <= 0.01, "digits are not rejected"
    unseen = bl.data.none_of_the_above(150, seed=2)
    assert np.mean(model.predict(unseen).argmax(axis=1) == 10) >= 0.9, "and what is none is"
    wanted = [5, 2, 0, 2, 4, 2]
    pictures = [np.flatnonzero((test.targets == label) & (answers == label))[nth] for nth, label in enumerate(wanted)]
    assert model.predict(test.inputs[pictures]).argmax(axis=1).tolist() == wanted


def test_T21_training_and_validation_part_ways_and_confidence_is_compared_with_success() -> None:
    train, test = bl.data.digits()
    with bl.seed(0):
        model = bl.nn.Sequential(bl.nn.Linear(784, 32), bl.nn.ReLU(), bl.nn.Linear(32, 10))
    trainer = bl.Trainer(model, loss=bl.losses.cross_entropy, optimizer=bl.optim.Adam(1e-2))
    history = trainer.fit(train[::10], validation=test, epochs=15, batch_size=50)
    assert history["loss"][-1] < 0.05, "it converges on what it has seen"
    best = history.best("validation loss")
    assert best["epoch"] < 12
    assert history["validation loss"][-1] > best["validation loss"] > 10 * history["loss"][-1], (
        "and does not generalise"
    )

    probabilities = bl.softmax(model.predict(test.inputs)).evaluate()
    curve = bl.metrics.calibration_curve(probabilities, test.targets, bins=5)
    assert curve.counts.sum() == len(test)
    assert curve.counts[-1] > 500, "it is nearly always nearly certain"
    assert curve.observed[-1] < curve.predicted[-1] - 0.03, "and too sure of itself"
    assert 0.02 < curve.error < 0.2
