"""Section 5 of the lectures' rows: losses and training (T1 to T18; the tasks have a file of their own)."""

import itertools
import math

import numpy as np
import pytest

import backlit as bl
from backlit.errors import NotScalarError
from backlit.graph import find_box
from backlit.train import LossBelow, LossChangeBelow


@pytest.fixture(autouse=True)
def _float64() -> object:
    with bl.precision("float64"):
        yield


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))


def softmax(z: np.ndarray) -> np.ndarray:
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def descend(loss_of: object, start: float, rate: float, steps: int) -> tuple[list[float], list[float]]:
    """Run gradient descent on a function of one number: the places, and the loss at each."""
    θ = bl.parameter(start, name="θ")
    loss = loss_of(θ)
    step = bl.compile(outputs=loss, updates=bl.optim.SGD(rate).updates(loss, [θ]))
    places, losses = [start], []
    for _ in range(steps):
        losses.append(float(step()))
        places.append(float(θ.value))
    return places, losses


def lecture_loss(x: float) -> object:
    return lambda θ: θ * x + θ**2 * x**2


def test_T1_a_loss_is_a_distance_and_a_single_real_number() -> None:
    output, target = bl.constant([[1.0, 5.0]]), bl.constant([[4.0, 1.0]])
    assert float(bl.losses.squared_error(output, target, reduction="sum").evaluate()) == 25.0, "3² + 4²"
    w = bl.parameter([1.0, 2.0], name="w")
    with pytest.raises(NotScalarError) as raised:
        bl.grad(w * w, w)
    assert "bl.sum(...) or bl.mean(...)" in raised.value.instead
    model = bl.nn.Linear(1, 2, rng=0)
    trainer = bl.Trainer(model, loss=lambda output, target: (output - target) ** 2.0, optimizer=bl.optim.SGD(0.1))
    with pytest.raises(NotScalarError, match="must be a single number"):
        trainer.fit((np.ones((4, 1)), np.ones((4, 2))), batch_size=4)


def test_T2_the_worked_example() -> None:
    θ = bl.parameter(3.0, name="θ")
    loss = lecture_loss(-2.0)(θ)
    assert float(loss.evaluate()) == pytest.approx(30.0, rel=1e-12)
    assert float(bl.grad(loss, θ).evaluate()) == pytest.approx(22.0, rel=1e-12)
    places, losses = descend(lecture_loss(-2.0), 3.0, 0.1, 5)
    np.testing.assert_allclose(places, [3, 0.8, 0.36, 0.272, 0.2544, 0.25088], rtol=1e-12)
    np.testing.assert_allclose(losses[:2], [30.0, 0.96], rtol=1e-12)
    ratios = [(b - 0.25) / (a - 0.25) for a, b in itertools.pairwise(places)]
    np.testing.assert_allclose(ratios, 1 - 8 * 0.1, rtol=1e-9)


@pytest.mark.parametrize("x", [-2.0, 0.5, 3.0])
def test_T2_the_minimum_is_always_minus_a_quarter(x: float) -> None:
    θ = bl.parameter(-1 / (2 * x), name="θ")
    loss = lecture_loss(x)(θ)
    assert float(loss.evaluate()) == pytest.approx(-0.25, rel=1e-12)
    assert float(bl.grad(loss, θ).evaluate()) == pytest.approx(0.0, abs=1e-12)
    assert float(bl.hessian(loss, θ).evaluate()) == pytest.approx(2 * x**2, rel=1e-12)


def steps_until_close(rate: float) -> int:
    places, _ = descend(lecture_loss(-2.0), 3.0, rate, 1000)
    return next(step for step, place in enumerate(places) if abs(place - 0.25) < 1e-3)


def test_T3_the_learning_rate_decides_between_landing_crawling_oscillating_and_diverging() -> None:
    assert descend(lecture_loss(-2.0), 3.0, 0.125, 1)[0][1] == pytest.approx(0.25, rel=1e-12), "in one step"
    forever, _ = descend(lecture_loss(-2.0), 3.0, 0.25, 40)
    np.testing.assert_allclose(forever[::2], 3.0, rtol=1e-9)
    np.testing.assert_allclose(forever[1::2], -2.5, rtol=1e-9)
    away, _ = descend(lecture_loss(-2.0), 3.0, 0.26, 40)
    distances = np.abs(np.array(away) - 0.25)
    np.testing.assert_allclose(distances[1:] / distances[:-1], 1.08, rtol=1e-9)
    assert steps_until_close(0.1) == 5
    assert steps_until_close(0.001) == 986


def test_T3_only_a_local_minimum_is_found() -> None:
    def two_valleys(θ: bl.Node) -> bl.Node:
        return θ**4 - 2.0 * θ**2 + 0.3 * θ

    left, right = (descend(two_valleys, start, 0.05, 200) for start in (-2.0, 2.0))
    assert left[0][-1] == pytest.approx(-1.0356, abs=1e-4)
    assert right[0][-1] == pytest.approx(0.9601, abs=1e-4)
    assert left[1][-1] < right[1][-1] - 0.5, "the right valley is not the deepest one"
    overshoot, _ = descend(two_valleys, 2.0, 0.12, 200)
    assert overshoot[-1] == pytest.approx(-1.0356, abs=1e-3), "a step too large jumps into the other valley"


def line_data(rows: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(rows, 2))
    return x, x @ np.array([[1.5], [-0.5]]) + 0.3 + 0.1 * rng.normal(size=(rows, 1))


def test_T4_one_example_at_a_time_in_an_order_that_is_shown() -> None:
    data = bl.data.Dataset(*line_data())
    model = bl.nn.Linear(2, 1, rng=0)
    w, b = model.weight.value.copy()[:, 0], float(model.bias.value[0])
    bl.Trainer(model, loss=bl.losses.squared_error, optimizer=bl.optim.SGD(0.05), seed=3).fit(data, batch_size=1)
    order = []
    for inputs, targets in data.batches(1, shuffle=True, seed=3, epoch=0):
        order.append(int(np.flatnonzero((data.inputs == inputs).all(axis=1))[0]))
        slope = 2 * (inputs[0] @ w + b - targets[0, 0])
        w, b = w - 0.05 * slope * inputs[0], b - 0.05 * slope
    assert sorted(order) == list(range(6))
    assert order != list(range(6))
    np.testing.assert_allclose(model.weight.value[:, 0], w, rtol=1e-9)
    np.testing.assert_allclose(model.bias.value[0], b, rtol=1e-9)


def test_T7_squared_error_and_cross_entropy() -> None:
    prediction, y = bl.input("prediction", shape=(3,)), np.array([1.0, 2.0, -1.0])
    at = {"prediction": [1.5, 0.0, -1.0]}
    loss = bl.losses.squared_error(prediction, y)
    assert float(loss.evaluate(at)) == pytest.approx((0.25 + 4.0 + 0.0) / 3, rel=1e-12), "J = 1/N Σ (y - ŷ)²"
    slope = bl.grad(loss, prediction).evaluate(at)
    np.testing.assert_allclose(slope, 2 * (np.array(at["prediction"]) - y) / 3, rtol=1e-12)

    ŷ, truth = np.array([[0.2, 0.7, 0.1]]), np.array([[0.0, 1.0, 0.0]])
    probabilities = bl.input("probabilities", shape=(1, 3))
    surprise = bl.losses.negative_log_likelihood(probabilities, truth)
    assert float(surprise.evaluate({"probabilities": ŷ})) == pytest.approx(-math.log(0.7), rel=1e-12)
    slopes = bl.grad(surprise, probabilities)
    np.testing.assert_allclose(slopes.evaluate({"probabilities": ŷ}), -truth / ŷ, rtol=1e-12)
    for certain in ([[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]):
        assert math.isfinite(float(surprise.evaluate({"probabilities": certain})))
        assert np.isfinite(slopes.evaluate({"probabilities": certain})).all()
    assert float(surprise.evaluate({"probabilities": [[0.0, 1.0, 0.0]]})) == 0.0, "0 · ln 0 counts as 0"


def test_T8_training_goes_on_while_not_converged_and_says_why_it_stopped() -> None:
    def run(**settings: object) -> bl.train.History:
        trainer = bl.Trainer(bl.nn.Linear(2, 1, rng=0), loss=bl.losses.squared_error, optimizer=bl.optim.SGD(0.1))
        return trainer.fit(line_data(), batch_size=6, **settings)

    settled = run(epochs=1000, stop=LossChangeBelow(1e-6))
    assert len(settled) < 1000
    before, last = settled["loss"][-2:]
    assert abs(last - before) < 1e-6 <= abs(before - settled["loss"][-3])
    assert "less than 1e-06" in settled.stopped
    assert "below 0.5" in run(epochs=1000, stop=LossBelow(0.5)).stopped
    assert run(epochs=3).stopped == "all 3 epochs are done"


def test_T9_the_softmax_example() -> None:
    scores = np.array([[3.2, 5.1, -1.7]])
    cat, car, frog = np.exp(scores[0])
    assert (round(cat, 1), round(car, 1), round(frog, 2)) == (24.5, 164.0, 0.18)
    z = bl.input("z", shape=(1, 3))
    at = {"z": scores}
    probabilities = bl.softmax(z).evaluate(at)[0]
    np.testing.assert_allclose(probabilities, [0.129983, 0.869050, 0.000968], atol=1e-6)
    assert probabilities.round(2).tolist() == [0.13, 0.87, 0.00]
    loss = bl.losses.cross_entropy(z, [0])
    value = float(loss.evaluate(at))
    assert value == pytest.approx(2.0404, abs=5e-5)
    assert value == pytest.approx(-math.log(probabilities[0]), rel=1e-12)
    assert value / math.log(10) == pytest.approx(0.886, abs=5e-4)
    np.testing.assert_allclose(bl.grad(loss, z).evaluate(at)[0], [-0.870017, 0.869050, 0.000968], atol=1e-6)


def test_T10_a_softmax_classifier_is_multinomial_logistic_regression() -> None:
    rng = np.random.default_rng(1)
    scores = bl.nn.Linear(4, 3, rng=0)
    x = rng.normal(scale=50.0, size=(200, 4))
    probabilities = bl.nn.Sequential(scores, bl.nn.Softmax()).predict(x)
    assert probabilities.min() >= 0.0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(probabilities, softmax(x @ scores.weight.value + scores.bias.value), rtol=1e-9)

    two = bl.nn.Linear(4, 2, rng=0)
    neuron = bl.nn.Neuron(4, bl.nn.Sigmoid())
    neuron.weight.value = two.weight.value[:, 1] - two.weight.value[:, 0]
    of_the_second = bl.nn.Sequential(two, bl.nn.Softmax()).predict(x / 50)[:, 1]
    np.testing.assert_allclose(of_the_second, neuron.predict(x / 50), rtol=1e-9, err_msg="with two classes: logistic")


def test_T11_regularisation_stands_beside_the_loss_in_nodes_of_its_own() -> None:
    x, y = line_data()
    model = bl.nn.Sequential(bl.nn.Linear(2, 3, rng=0), bl.nn.Tanh(), bl.nn.Linear(3, 1, rng=1))
    w0, w2 = (model.parameters()[f"{place}.weight"] for place in (0, 2))
    for penalty, cost, slope in (
        (bl.losses.L2(0.1), lambda w: 0.1 * (w**2).sum(), lambda w: 0.2 * w),
        (bl.losses.L1(0.1), lambda w: 0.1 * np.abs(w).sum(), lambda w: 0.1 * np.sign(w)),
    ):
        name = type(penalty).__name__
        trainer = bl.Trainer(model, loss=bl.losses.squared_error, optimizer=bl.optim.SGD(0.1), penalty=penalty)
        graph = trainer.program(x, y).graph
        assert find_box(graph, f"{name}#1").parameters == (w0, w2), "no bias"
        assert find_box(graph, f"backward.{name}").operations, "its gradient has a box too"
        total = graph[f"{name}.penalty"]
        assert float(total.evaluate()) == pytest.approx(cost(w0.value) + cost(w2.value), rel=1e-12)
        np.testing.assert_allclose(bl.grad(total, w0).evaluate(), slope(w0.value), rtol=1e-12)
        loss, penalised = (graph[each].evaluate({"inputs": x, "targets": y}) for each in ("loss", "penalised_loss"))
        assert float(penalised) == pytest.approx(float(loss) + float(total.evaluate()), rel=1e-12)


def test_T12_gradient_descent_in_five_steps() -> None:
    x, y = line_data()
    model = bl.nn.Linear(2, 1, rng=0)
    optimizer = bl.optim.SGD(0.1)
    text = str(model.describe(loss=bl.losses.squared_error, optimizer=optimizer))
    assert "functional form  ŷ = x · weight + bias" in text, "1: a model"
    assert "loss             squared_error: Square the distance" in text, "2: a loss"
    trainer = bl.Trainer(model, loss=bl.losses.squared_error, optimizer=optimizer)
    step = trainer.program(x, y)
    assert find_box(step.graph, "backward").operations, "3: partial derivatives"
    assert find_box(step.graph, "update").operations, "4: an update"
    history = trainer.fit((x, y), epochs=20, batch_size=6)
    assert len(history) == 20, "5: and again"
    assert all(later < earlier for earlier, later in itertools.pairwise(history["loss"]))


def test_T13_a_rate_that_decreases_settles_where_a_constant_one_does_not() -> None:
    rate = bl.optim.InverseTimeDecay(0.5, decay=0.5)
    np.testing.assert_allclose(rate.table(4), 0.5 / (1 + 0.5 * np.arange(4)), rtol=1e-6)
    x = np.ones((64, 1))
    y = np.random.default_rng(0).normal(size=(64, 1))
    distances = {}
    for name, learning_rate in (("constant", 0.5), ("decreasing", rate)):
        model = bl.nn.Linear(1, 1, bias=False, rng=0)
        trainer = bl.Trainer(model, loss=bl.losses.squared_error, optimizer=bl.optim.SGD(learning_rate), seed=1)
        trainer.fit((x, y), epochs=30, batch_size=1)
        distances[name] = abs(float(model.weight.value[0, 0]) - y.mean())
    assert distances["decreasing"] < 0.05 < distances["constant"]


def test_T14_a_step_has_exactly_three_phases() -> None:
    x, y = line_data()
    model = bl.nn.Sequential(bl.nn.Linear(2, 3, rng=0), bl.nn.Tanh(), bl.nn.Linear(3, 1, rng=1))
    trainer = bl.Trainer(model, loss=bl.losses.squared_error, optimizer=bl.optim.SGD(0.1))
    step = trainer.program(x[:4], y[:4])
    parts = step.graph.phases
    assert list(parts) == ["forward", "backward", "update"]
    reads = {phase: {a for node in nodes for a in node.arguments} for phase, nodes in parts.items()}
    assert not reads["forward"] & {*parts["backward"], *parts["update"]}
    assert not reads["backward"] & {*parts["update"]}
    assert reads["backward"] & {*parts["forward"]}, "the backward pass reads what the forward pass stored"
    assert all(node in parts["update"] for node in step.graph.updates.values())

    # One after the other they do what the step does at once.
    parameters = list(model.parameters().values())
    at = dict(zip(step.graph.inputs, (x[:4], y[:4]), strict=True))
    loss = step.graph["loss"]
    forward = float(loss.evaluate(at))
    gradients = [gradient.evaluate(at) for gradient in bl.grad(loss, parameters)]
    updated = [parameter.value - 0.1 * gradient for parameter, gradient in zip(parameters, gradients, strict=True)]
    (reported,) = step(x[:4], y[:4])
    assert float(reported) == forward
    for parameter, value in zip(parameters, updated, strict=True):
        np.testing.assert_allclose(parameter.value, value, rtol=1e-12)


def test_T15_the_empirical_risk_is_the_mean_of_the_divergences() -> None:
    rng = np.random.default_rng(2)
    scores, labels = rng.normal(size=(10, 4)), rng.integers(0, 4, size=10)
    stored = bl.losses.kl_divergence(scores, labels, reduction="none").evaluate()
    assert stored.shape == (10,), "one for each training pair"
    assert float(bl.losses.kl_divergence(scores, labels).evaluate()) == pytest.approx(stored.mean(), rel=1e-12)


def test_T16_gradient_descent_by_component_equals_the_vector_form() -> None:
    x, y = line_data()
    model = bl.nn.Linear(2, 1, rng=0)
    w, b = [float(v) for v in model.weight.value[:, 0]], float(model.bias.value[0])
    trainer = bl.Trainer(model, loss=bl.losses.squared_error, optimizer=bl.optim.SGD(0.1))
    history = trainer.fit((x, y), epochs=500, batch_size=6, stop=LossChangeBelow(1e-5))
    losses: list[float] = []
    while len(losses) < 2 or not abs(losses[-1] - losses[-2]) < 1e-5:
        δ = [sum(w[i] * x[t, i] for i in range(2)) + b - y[t, 0] for t in range(6)]
        losses.append(sum(d * d for d in δ) / 6)
        slopes = [sum(2 * δ[t] * x[t, i] for t in range(6)) / 6 for i in range(2)]
        for i in range(2):
            w[i] -= 0.1 * slopes[i]
        b -= 0.1 * sum(2 * d for d in δ) / 6
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-9)
    np.testing.assert_allclose(model.weight.value[:, 0], w, rtol=1e-9)
    np.testing.assert_allclose(model.bias.value[0], b, rtol=1e-9)


def test_T17_training_by_backpropagation_accumulates_over_the_whole_batch() -> None:
    """The pseudo-code of the slides: for each of T instances forward, backward, add; then one step with 1/T."""
    rng = np.random.default_rng(6)
    T, x, labels = 9, rng.normal(size=(9, 3)), rng.integers(0, 2, size=9)
    model = bl.nn.Sequential(bl.nn.Linear(3, 4, rng=0), bl.nn.Sigmoid(), bl.nn.Linear(4, 2, rng=1))
    W1, b1, W2, b2 = (parameter.value.copy() for parameter in model.parameters().values())
    sums = [np.zeros_like(value) for value in (W1, b1, W2, b2)]
    for t in range(T):
        y1 = sigmoid(x[t] @ W1 + b1)
        dz2 = softmax(y1 @ W2 + b2) - np.eye(2)[labels[t]]
        dz1 = (W2 @ dz2) * y1 * (1 - y1)
        parts = (np.outer(x[t], dz1), dz1, np.outer(y1, dz2), dz2)
        sums = [total + part for total, part in zip(sums, parts, strict=True)]
    trainer = bl.Trainer(model, loss=bl.losses.kl_divergence, optimizer=bl.optim.SGD(0.5))
    trainer.fit((x, labels), batch_size=T)
    for parameter, value, total in zip(model.parameters().values(), (W1, b1, W2, b2), sums, strict=True):
        np.testing.assert_allclose(parameter.value, value - 0.5 * total / T, rtol=1e-9, atol=1e-12)


def test_T18_the_divergence_for_a_softmax() -> None:
    z = bl.input("z", shape=(1, 3))
    at = {"z": [[0.2, -1.0, 0.7]]}
    y = softmax(np.array(at["z"]))
    for d in ([[0.0, 1.0, 0.0]], [[0.5, 0.2, 0.3]], [[0.5, 0.0, 0.5]]):
        divergence, entropy = bl.losses.kl_divergence(z, d), -sum(p * math.log(p) for p in d[0] if p)
        crossed = float(bl.losses.cross_entropy(z, d).evaluate(at))
        assert float(divergence.evaluate(at)) == pytest.approx(crossed - entropy, rel=1e-9)
        np.testing.assert_allclose(bl.grad(divergence, z).evaluate(at), y - d, rtol=1e-9)
    right = np.log([[0.5, 0.2, 0.3]])
    assert float(bl.losses.kl_divergence(right, [[0.5, 0.2, 0.3]]).evaluate()) == pytest.approx(0.0, abs=1e-12)


def test_T18_the_divergence_for_a_sigmoid() -> None:
    z = bl.input("z", shape=(1,))
    at = {"z": [0.8]}
    y = float(sigmoid(np.array(0.8)))
    for d in (0.0, 1.0, 0.3):
        divergence = bl.losses.binary_kl_divergence(z, [d])
        expected = sum(p * math.log(p / q) for p, q in ((d, y), (1 - d, 1 - y)) if p)
        assert float(divergence.evaluate(at)) == pytest.approx(expected, rel=1e-9)
        np.testing.assert_allclose(bl.grad(divergence, z).evaluate(at), [y - d], rtol=1e-9)
        crossed = float(bl.losses.binary_cross_entropy(z, [d]).evaluate(at))
        assert (crossed == pytest.approx(expected, rel=1e-9)) == (d in (0.0, 1.0)), "equal for targets 0 and 1 only"
