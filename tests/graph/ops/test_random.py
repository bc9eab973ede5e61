"""Randomness: what is drawn depends on the seed, the draw and the step alone."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, DTypeError, ShapeError


def test_equal_seeds_draw_equal_numbers_and_others_others():
    one, two, other = (bl.uniform((8,), rng=bl.Generator(s)).evaluate().tolist() for s in (3, 3, 4))
    assert one == two
    assert one != other


def test_seeds_use_all_their_bits():
    draws = {tuple(bl.uniform((4,), rng=bl.Generator(s)).evaluate().tolist()) for s in (0, 1, 2**32, 2**63, 2**64 - 1)}
    assert len(draws) == 5


def test_each_draw_of_a_step_has_a_stream_of_its_own():
    rng = bl.Generator(0)
    a, b = bl.uniform((8,), rng=rng), bl.uniform((8,), rng=rng)
    assert a.evaluate().tolist() != b.evaluate().tolist()


def test_a_graph_evaluated_twice_draws_the_same_until_its_counter_moves():
    rng = bl.Generator(0)
    x = bl.uniform((8,), rng=rng)
    assert x.evaluate().tolist() == x.evaluate().tolist()
    first = bl.compile(outputs=x, updates=rng.updates())()
    assert x.evaluate().tolist() != first.tolist()


def test_a_longer_draw_begins_like_a_shorter_one():
    short, long = (bl.uniform((n,), rng=bl.Generator(1)).evaluate() for n in (5, 50))
    assert long[:5].tolist() == short.tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_numbers_fill_their_range(dtype):
    x = bl.uniform((100_000,), low=-2.0, high=3.0, rng=bl.Generator(0), dtype=dtype).evaluate()
    assert x.dtype == dtype
    assert -2.0 <= x.min() < -1.99
    assert 2.99 < x.max() < 3.0
    # The standard error of the mean is 5 / √12 / √100000 = 0.0046, that of each share 0.001.
    assert x.mean() == pytest.approx(0.5, abs=0.02)
    shares = np.histogram(x, bins=10)[0] / x.size
    np.testing.assert_allclose(shares, 0.1, atol=0.005)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_numbers_have_their_moments(dtype):
    x = bl.normal((100_000,), mean=1.0, std=2.0, rng=bl.Generator(0), dtype=dtype).evaluate()
    assert x.dtype == dtype
    assert np.isfinite(x).all()
    z = (x - 1.0) / 2.0
    # Standard errors: 0.003, 0.0045, 0.008, 0.015.
    assert z.mean() == pytest.approx(0.0, abs=0.015)
    assert (z**2).mean() == pytest.approx(1.0, abs=0.02)
    assert (z**3).mean() == pytest.approx(0.0, abs=0.05)
    assert (z**4).mean() == pytest.approx(3.0, abs=0.15)


def test_bernoulli_draws_are_true_as_often_as_asked():
    x = bl.bernoulli(0.3, (100_000,), rng=bl.Generator(0)).evaluate()
    assert x.dtype == bool
    assert x.mean() == pytest.approx(0.3, abs=0.01)
    assert not bl.bernoulli(0.0, (1000,), rng=bl.Generator(0)).evaluate().any()
    assert bl.bernoulli(1.0, (1000,), rng=bl.Generator(0)).evaluate().all()


def test_random_numbers_have_no_slope():
    rng = bl.Generator(0)
    w = bl.parameter(2.0)
    loss = bl.sum(w * bl.normal((3,), rng=rng))
    draw = bl.normal((3,), rng=bl.Generator(0)).evaluate()
    assert float(bl.grad(loss, w).evaluate()) == pytest.approx(float(draw.sum()), rel=1e-6)


@pytest.mark.parametrize("wrong", [-1, 2**64, 1.5, "a", True])
def test_a_seed_is_a_64_bit_integer(wrong):
    with pytest.raises(ArgumentError, match="a seed is an integer"):
        bl.Generator(wrong)


@pytest.mark.parametrize("wrong", [None, 3, np.random.default_rng(0)])
def test_a_generator_of_ours_is_asked_for(wrong):
    with pytest.raises(ArgumentError, match=r"rng is a bl\.Generator") as caught:
        bl.uniform((2,), rng=wrong)
    assert "bl.Generator(seed)" in caught.value.instead


def test_wrong_settings_are_refused():
    rng = bl.Generator(0)
    with pytest.raises(DTypeError, match="are floats, not int64"):
        bl.uniform((2,), rng=rng, dtype="int64")
    with pytest.raises(ArgumentError, match="a probability is a number from 0 to 1"):
        bl.bernoulli(1.5, rng=rng)
    with pytest.raises(DTypeError, match="state of a generator"):
        bl.random_bits(bl.input("s", (2,)), (3,))
    with pytest.raises(ShapeError, match="1 to 32 bits"):
        bl.random_bits(rng.state, (3,), bits=33)


def test_a_generator_without_a_seed_is_fresh():
    assert bl.Generator().seed != bl.Generator().seed
    assert repr(bl.Generator(7)) == "Generator(7)"


def test_what_a_training_graph_draws_does_not_depend_on_what_was_built_before():
    rng = bl.Generator(3)
    with bl.training():
        first = [bl.uniform((4,), rng=rng), bl.uniform((4,), rng=rng)]
    with bl.training():
        again = [bl.uniform((4,), rng=rng), bl.uniform((4,), rng=rng)]
    values = [node.evaluate().tolist() for node in (*first, *again)]
    assert values[:2] == values[2:]
    assert values[0] != values[1], "two draws of one graph are independent"
