"""The net that is trained, and what it is trained with."""

import numpy as np
import pytest

from backlit.cli.recipes import RECIPES, Settings, build_model, build_trainer, changed_pictures
from backlit.data import digits


@pytest.fixture(scope="module")
def pictures():
    return digits()[0]


def test_the_net_is_the_one_of_the_lecture(pictures):
    model = build_model(pictures, 0)
    assert model.parameter_count == 266_610
    assert [each.shape for each in model.parameters().values()] == [
        (784, 300), (300,), (300, 100), (100,), (100, 10), (10,)
    ]  # fmt: skip


def test_a_seed_decides_on_the_initial_weights(pictures):
    first, again, other = (build_model(pictures, seed).parameters()["0.weight"].value for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_pictures_are_changed_anew_each_time_and_stay_pictures(pictures):
    changed = changed_pictures(pictures[:64])
    first, second = (next(iter(changed.batches(64, epoch=epoch)))[0] for epoch in (0, 1))
    assert first.shape == (64, 784)
    assert not np.array_equal(first, second)
    assert first.min() >= 0
    assert first.max() <= 1
    assert abs(first.mean() - pictures.inputs[:64].mean()) < 0.02


@pytest.mark.parametrize("name", RECIPES)
def test_the_rate_falls_to_zero_at_the_last_step(name, pictures):
    recipe = RECIPES[name]
    settings = Settings(name, recipe.epochs, recipe.batch_size, recipe.learning_rate, 0)
    trainer = build_trainer(build_model(pictures, 0), 1000, settings)
    steps = recipe.epochs * -(-1000 // recipe.batch_size)
    rates = trainer._programs.optimizer.learning_rate.table(steps + 1)
    assert rates[0] == pytest.approx(recipe.learning_rate)
    assert rates[steps // 2] == pytest.approx(recipe.learning_rate / 2, rel=0.05)
    assert rates[steps] == pytest.approx(0, abs=1e-9)
    assert rates[steps - 1] > 0
