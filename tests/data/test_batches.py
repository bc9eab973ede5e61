"""Batches: every row once an epoch, in an order that can be found again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit.data import Dataset
from backlit.data.batches import shuffled_order
from backlit.errors import ArgumentError


@st.composite
def settings_of_an_epoch(draw):
    rows = draw(st.integers(1, 60))
    settings = {
        "batch_size": draw(st.integers(1, rows)),
        "shuffle": draw(st.booleans()),
        "seed": draw(st.integers(0, 2**63 - 1)),
        "epoch": draw(st.integers(0, 1000)),
        "drop_last": draw(st.booleans()),
    }
    return rows, settings


def noisy(inputs, rng):
    return inputs + 1000 * rng.random(inputs.shape)


@given(settings_of_an_epoch())
def test_every_row_comes_exactly_once_with_its_target(drawn):
    rows, settings = drawn
    data = Dataset(np.arange(rows), np.arange(rows) * 3, weights=np.arange(rows) + 1.0)
    batches = list(data.batches(**settings))
    sizes = [len(inputs) for inputs, _, _ in batches]
    full, rest = divmod(rows, settings["batch_size"])
    assert sizes == [settings["batch_size"]] * full + ([rest] if rest and not settings["drop_last"] else [])
    seen = np.concatenate([inputs for inputs, _, _ in batches])
    assert len(set(seen.tolist())) == len(seen)
    if not settings["drop_last"]:
        assert sorted(seen.tolist()) == list(range(rows))
    if not settings["shuffle"]:
        assert seen.tolist() == list(range(len(seen)))
    for inputs, targets, weights in batches:
        assert np.array_equal(targets, inputs * 3)
        assert np.array_equal(weights, inputs + 1)


@given(settings_of_an_epoch(), st.data())
def test_a_resumed_epoch_equals_its_continuation(drawn, data):
    rows, settings = drawn
    dataset = Dataset(np.arange(float(rows))[:, None], np.arange(rows)).map(noisy)
    whole = list(dataset.batches(**settings))
    start = data.draw(st.integers(0, len(whole)))
    resumed = list(dataset.batches(**settings, start=start))
    assert len(resumed) == len(dataset.batches(**settings, start=start)) == len(whole) - start
    for (inputs, targets), (again, targets_again) in zip(whole[start:], resumed, strict=True):
        assert np.array_equal(inputs, again)
        assert np.array_equal(targets, targets_again)


@given(settings_of_an_epoch())
def test_batches_can_be_gone_through_again(drawn):
    rows, settings = drawn
    batches = Dataset(np.arange(float(rows))[:, None]).map(noisy).batches(**settings)
    first, second = [batch.tolist() for (batch,) in batches], [batch.tolist() for (batch,) in batches]
    assert first == second
    assert len(batches) == len(first)


@given(st.integers(2, 60), st.integers(0, 100), st.data())
def test_a_choice_of_rows_gives_the_batches_of_those_rows(rows, seed, data):
    chosen = data.draw(st.lists(st.integers(0, rows - 1), min_size=1))
    inputs = np.arange(rows) * 7
    part = Dataset(inputs)[chosen]
    batches = part.batches(data.draw(st.integers(1, len(chosen))), shuffle=data.draw(st.booleans()), seed=seed)
    assert sorted(value for (batch,) in batches for value in batch.tolist()) == sorted(inputs[chosen].tolist())


@given(st.integers(0, 200), st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_an_order_holds_each_number_once_and_follows_from_seed_and_epoch(count, seed, epoch):
    order = shuffled_order(count, seed, epoch)
    assert sorted(order.tolist()) == list(range(count))
    assert np.array_equal(order, shuffled_order(count, seed, epoch))


def test_each_seed_and_each_epoch_has_an_order_of_its_own():
    orders = {tuple(shuffled_order(20, seed, epoch)) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25


def test_every_order_is_as_likely_as_any_other():
    counts = dict.fromkeys([(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)], 0)
    for epoch in range(6000):
        counts[tuple(shuffled_order(3, 0, epoch).tolist())] += 1
    # The standard deviation of each count is 29.
    assert all(abs(count - 1000) < 150 for count in counts.values()), counts


def test_the_orders_stay_what_they_are():
    # A run must be resumable with a later version of NumPy.
    assert shuffled_order(8, seed=1, epoch=2).tolist() == [4, 2, 0, 6, 1, 5, 7, 3]


def test_transforms_of_the_batches_of_an_epoch_draw_different_numbers():
    data = Dataset(np.zeros((6, 1))).map(noisy)
    first, second = (inputs for (inputs,) in data.batches(3))
    assert not np.array_equal(first, second)
    (other_epoch, _) = (inputs for (inputs,) in data.batches(3, epoch=1))
    assert not np.array_equal(first, other_epoch)


def test_the_data_is_not_copied():
    array = np.zeros((10, 3))
    for (batch,) in Dataset(array).batches(4):
        assert np.shares_memory(batch, array)


@pytest.mark.parametrize("setting", ["seed", "epoch", "start"])
@pytest.mark.parametrize("value", [-1, 0.5, None])
def test_a_setting_that_counts_is_a_whole_number(setting, value):
    with pytest.raises(ArgumentError, match=f"{setting} is {value}"):
        Dataset(np.zeros(5)).batches(2, **{setting: value})


@pytest.mark.parametrize("setting", ["shuffle", "drop_last"])
def test_a_switch_is_on_or_off(setting):
    with pytest.raises(ArgumentError, match=f"{setting} is 3"):
        Dataset(np.zeros(5)).batches(2, **{setting: 3})


def test_an_epoch_is_not_resumed_after_its_end():
    batches = Dataset(np.zeros(5)).batches(2, start=3)
    assert len(batches) == 0
    assert list(batches) == []
    assert batches.in_epoch == 3
    with pytest.raises(ArgumentError, match="the first batch asked for is 4, and the epoch has 3 batches"):
        Dataset(np.zeros(5)).batches(2, start=4)


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(ArgumentError, match="the batch size is 8, and pets has 5 rows"):
        Dataset(np.zeros(5), name="pets").batches(8)


def test_the_order_of_an_epoch_can_be_asked_for():
    data = Dataset(np.arange(6.0)[:, None], np.arange(6))
    batches = data.batches(4, shuffle=True, seed=1, epoch=2)
    assert batches.order.tolist() == [int(label) for _, labels in batches for label in labels]
    assert data[[5, 1, 3]].batches(2).order.tolist() == [5, 1, 3]
    assert repr(batches) == "<2 batches of 4 of 6 rows of 'data', shuffled>"
