"""Options that several commands have refuse what is impossible, in words."""

import pytest
import typer

from backlit.cli.options import LARGEST_SEED, check_rate, count_option, seed_option


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_learns_nothing_is_refused(rate):
    with pytest.raises(typer.BadParameter, match="no finite number above 0"):
        check_rate(rate)


@pytest.mark.parametrize("rate", [None, 1e-9, 5.0])
def test_any_other_rate_is_taken(rate):
    assert check_rate(rate) == rate


@pytest.mark.parametrize(("option", "good", "bad"), [(seed_option, 0, -1), (count_option, 1, 0)])
def test_numbers_have_a_least_value(option, good, bad):
    callback = option("help").callback
    assert callback(good) == good
    with pytest.raises(typer.BadParameter, match=f"^{bad} is not from {good} to"):
        callback(bad)


def test_numbers_have_a_largest_value():
    assert seed_option("help").callback(LARGEST_SEED) == LARGEST_SEED
    with pytest.raises(typer.BadParameter):
        seed_option("help").callback(LARGEST_SEED + 1)
    with pytest.raises(typer.BadParameter):
        count_option("help").callback(1_000_001)
    assert count_option("help").callback(None) is None
