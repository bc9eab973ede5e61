"""SGD: the sequence of the lecture, both momentums against NumPy, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError
from backlit.optim import SGD, Schedule


def lecture(α, steps, x=-2.0, θ=3.0):
    """Descend L(θ, x) = θx + θ²x² and return θ at the start and after each step."""
    with bl.precision("float64"):
        parameter, node = bl.parameter(θ, name="θ"), bl.input("x")
        loss = parameter * node + parameter**2 * node**2
        program = bl.compile([node], loss, SGD(α).updates(loss, [parameter]))
    way = [θ]
    for _ in range(steps):
        program(x)
        way.append(float(parameter.value))
    return way


def test_the_sequence_of_the_lecture():
    assert lecture(0.1, 5) == pytest.approx([3, 0.8, 0.36, 0.272, 0.2544, 0.25088], abs=1e-12)


def test_loss_and_gradient_of_the_lecture():
    θ = bl.parameter(3.0, name="θ", dtype="float64")
    loss = θ * -2.0 + θ**2 * 4.0
    program = bl.compile(outputs=[loss, bl.grad(loss, θ)], updates=SGD(0.1).updates(loss, [θ]))
    assert [float(value) for value in program()] == [30.0, 22.0]
    assert float(program()[0]) == pytest.approx(0.96, abs=1e-12)


def test_a_learning_rate_of_an_eighth_lands_on_the_minimum_in_one_step():
    assert lecture(0.125, 1)[1] == 0.25


def test_a_learning_rate_of_a_quarter_oscillates_for_ever():
    assert lecture(0.25, 100) == [3.0, -2.5] * 50 + [3.0]


def test_a_learning_rate_beyond_a_quarter_diverges():
    away = np.abs(np.array(lecture(0.26, 100)) - 0.25)
    assert np.all(np.diff(away) > 0)
    assert away[-1] > 1000


@pytest.mark.parametrize(("α", "needed"), [(0.001, 986), (0.1, 5)])
def test_the_steps_needed_to_come_within_a_thousandth(α, needed):
    away = np.abs(np.array(lecture(α, needed)) - 0.25)
    assert away[-1] <= 1e-3 < away[-2]


@given(x=st.floats(0.5, 2.0) | st.floats(-2.0, -0.5), start=st.floats(-5, 5))
def test_the_minimum_lies_at_minus_one_over_2x_whatever_x_is(x, start):
    # The slope of the slope is 2x², so that 1/(2x²) lands on the minimum at once.
    end = lecture(1 / (2 * x * x), 1, x=x, θ=start)[-1]
    assert end == pytest.approx(-1 / (2 * x), rel=1e-12, abs=1e-12 * abs(start) + 1e-12)
    assert end * x + end**2 * x**2 == pytest.approx(-0.25, abs=1e-12)


def test_where_the_descent_ends_depends_on_the_valley_it_starts_in():
    # (θ² - 1)² + θ/4 has a lower valley on the left and a higher one on the right.
    ends = []
    for start in (-2.0, 2.0):
        θ = bl.parameter(start, dtype="float64")
        loss = (θ * θ - 1.0) ** 2 + 0.25 * θ
        program = bl.compile(outputs=loss, updates=SGD(0.02).updates(loss, [θ]))
        for _ in range(500):
            last = float(program())
        ends.append((round(float(θ.value), 3), round(last, 3)))
    assert ends == [(-1.03, -0.254), (0.967, 0.246)]


def test_plain_descent_is_one_product_and_one_difference():
    θ, gradient = bl.parameter([1.0, 2.0]), bl.input("g", (2,))
    (update,) = SGD(0.1).updates({θ: gradient}, [θ]).values()
    assert update.kind == "subtract"
    assert update.arguments[0] is θ
    assert update.arguments[1].kind == "multiply"
    assert update.arguments[1].arguments[1] is gradient
    assert len(bl.Graph(outputs=[update]).operations) == 2


def test_plain_descent_remembers_nothing():
    assert SGD(0.1).state([bl.parameter(1.0)]) == {}


def test_descent_against_numpy(valley, agree):
    agree(SGD(1e-3), lambda θ, g, memory, t: θ - 1e-3 * g, valley)


def test_momentum_against_numpy(valley, agree):
    def rule(θ, g, memory, t):
        memory["v"] = 0.9 * memory.get("v", 0.0) + g
        return θ - 1e-3 * memory["v"]

    agree(SGD(1e-3, momentum=0.9), rule, valley)


def test_momentum_is_the_heavy_ball_of_polyak(valley, agree):
    def rule(θ, g, memory, t):
        before = memory.get("before", θ)
        memory["before"] = θ
        return θ - 1e-3 * g + 0.8 * (θ - before)

    agree(SGD(1e-3, momentum=0.8), rule, valley)


def test_nesterov_follows_the_point_ahead_of_the_published_form(valley, agree):
    """Sutskever et al.: v ← μv - α∇f(θ + μv), θ ← θ + v; our parameters are θ + μv."""

    def rule(ahead, g, memory, t):
        θ = memory.get("θ", ahead)
        memory["v"] = 0.9 * memory.get("v", 0.0) - 1e-3 * g
        memory["θ"] = θ + memory["v"]
        return memory["θ"] + 0.9 * memory["v"]

    agree(SGD(1e-3, momentum=0.9, nesterov=True), rule, valley)


def test_a_schedule_scales_the_whole_step(valley, agree):
    def rule(θ, g, memory, t):
        memory["v"] = 0.5 * memory.get("v", 0.0) + g
        return θ - 1e-3 / t * memory["v"]

    agree(SGD(lambda step: 1e-3 / (step + 1.0), momentum=0.5), rule, valley)


@given(α=st.floats(0, 1e-3), μ=st.floats(0, 0.99), λ=st.floats(0, 0.5), nesterov=st.booleans())
def test_any_settings_against_numpy(α, μ, λ, nesterov):
    with bl.precision("float64"):
        θ = bl.parameter([1.0, -3.0])
        loss = bl.sum(θ**3)
    program = bl.compile(
        updates=SGD(α, momentum=μ, nesterov=nesterov and μ > 0, weight_decay=λ).updates(loss, [θ]),
        engine="reference",
    )
    expected, v = np.array([1.0, -3.0]), np.zeros(2)
    for _ in range(5):
        g = 3 * expected**2 + λ * expected
        v = μ * v + g
        expected = expected - α * (g + μ * v if nesterov and μ > 0 else v)
        program()
    np.testing.assert_allclose(θ.value, expected, rtol=1e-12, atol=1e-12)


def test_descent_reaches_the_minimum_of_rosenbrock(rosenbrock, descend):
    end = descend(SGD(1e-3, momentum=0.9), rosenbrock, 3000)[-1]
    assert end["x"] == pytest.approx(1, abs=1e-3)
    assert end["y"] == pytest.approx(1, abs=1e-3)


def test_nesterov_reaches_the_minimum_of_rosenbrock(rosenbrock, descend):
    end = descend(SGD(1e-3, momentum=0.9, nesterov=True), rosenbrock, 3000)[-1]
    assert end["x"] == pytest.approx(1, abs=1e-3)


def test_component_by_component_is_the_vector_form():
    """Each component has an update of its own in one form, all together one update in the other."""
    data = np.array([[1.0, 2.0, -1.0], [0.5, -0.5, 3.0]])
    start = np.array([0.3, -0.2, 0.1])
    with bl.precision("float64"):
        whole = bl.parameter(start)
        vector = bl.sum(bl.square(bl.constant(data) @ whole - 1.0))
        parts = [bl.parameter(value) for value in start]
        rows = [sum(row[i] * parts[i] for i in range(3)) - 1.0 for row in data.tolist()]
        scalar = rows[0] * rows[0] + rows[1] * rows[1]
    optimizer = SGD(0.01, momentum=0.9)
    together = bl.compile(outputs=vector, updates=optimizer.updates(vector, [whole]))
    single = bl.compile(outputs=scalar, updates=optimizer.updates(scalar, parts))
    for _ in range(20):
        assert float(single()) == pytest.approx(float(together()), rel=1e-12)
    assert [float(part.value) for part in parts] == pytest.approx(whole.value.tolist(), rel=1e-12)


def test_layer_by_layer_is_all_at_once():
    """The updates of each layer, built from gradients of its own, are those of one call for the whole net."""

    def net():
        first, second = bl.parameter([[0.5, -1.0]], name="first"), bl.parameter([[1.0], [2.0]], name="second")
        return bl.mean(bl.square(bl.tanh(bl.constant([[1.0], [3.0]]) @ first) @ second)), first, second

    loss, *layers = net()
    bl.compile(updates=SGD(0.1).updates(loss, layers))()
    other, *others = net()
    gradients = dict(zip(others, bl.grad(other, others), strict=True))
    updates = {}
    for layer in reversed(others):
        updates |= SGD(0.1).updates(gradients, [layer])
    bl.compile(updates=updates)()
    for layer, twin in zip(layers, others, strict=True):
        assert layer.value.tolist() == twin.value.tolist()


def test_the_full_batch_scaled_by_its_size_is_the_mean_of_the_gradients_of_the_pairs():
    inputs, targets = np.array([1.0, 2.0, 4.0]), np.array([3.0, 1.0, -1.0])
    with bl.precision("float64"):
        w = bl.parameter(0.5)
        loss = bl.mean(bl.square(w * bl.constant(inputs) - bl.constant(targets)))
    bl.compile(updates=SGD(0.1).updates(loss, [w]))()
    summed = 0.0
    for x, y in zip(inputs, targets, strict=True):
        summed += 2 * (0.5 * x - y) * x
    assert float(w.value) == pytest.approx(0.5 - 0.1 * summed / 3, rel=1e-12)


@pytest.mark.parametrize("momentum", [-0.1, 1.0, 1.5, float("nan"), True, "0.9", None])
def test_a_momentum_outside_its_range_is_refused(momentum):
    with pytest.raises(ArgumentError, match="momentum cannot be") as error:
        SGD(0.1, momentum=momentum)
    assert "share of the velocity" in error.value.why


def test_nesterov_without_momentum_is_refused():
    with pytest.raises(ArgumentError, match="nesterov=True was given without momentum"):
        SGD(0.1, nesterov=True)


def test_nesterov_is_true_or_false():
    with pytest.raises(ArgumentError, match="received 1"):
        SGD(0.1, momentum=0.9, nesterov=1)


def test_it_prints_its_settings_and_reads_them_back():
    optimizer = SGD(np.float32(0.5), 0.25, True, weight_decay=1, clip_norm=2)
    text = "SGD(learning_rate=0.5, momentum=0.25, nesterov=True, weight_decay=1.0, clip_norm=2.0, clip_value=None)"
    assert repr(optimizer) == text
    assert eval(text) == optimizer
    assert hash(optimizer) == hash(eval(text))


def test_a_function_prints_by_its_name():
    def halving(step):
        return 1.0 / (step + 1.0)

    class Mine(Schedule):
        def __call__(self, step):
            return step

        def __repr__(self):
            return "Mine!"

    assert "learning_rate=test_a_function_prints_by_its_name.<locals>.halving," in repr(SGD(halving))
    assert repr(SGD(Mine())).startswith("SGD(learning_rate=Mine!, momentum=0.0,")
