"""What all optimisers share: a pure function from gradients to updates, with state that belongs to nobody else."""

from dataclasses import FrozenInstanceError, dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError, GraphError
from backlit.optim import SGD, Adagrad, Adam, AdamW, ExponentialDecay, Optimizer, RMSprop

KINDS = [
    SGD(0.01),
    SGD(ExponentialDecay(0.01, 0.9)),
    SGD(0.01, momentum=0.9),
    SGD(0.01, momentum=0.9, nesterov=True),
    Adagrad(0.01),
    RMSprop(0.01),
    Adam(0.01),
    AdamW(0.01),
]

every_kind = pytest.mark.parametrize("optimizer", KINDS, ids=repr)


def net(dtype="float32"):
    """Two layers and a loss."""
    rng = np.random.default_rng(3)
    parameters = {
        name: bl.parameter(rng.normal(size=shape), name=name, dtype=dtype)
        for name, shape in [("0.weight", (3, 4)), ("0.bias", (4,)), ("1.weight", (4, 1))]
    }
    x = bl.constant(rng.normal(size=(8, 3)), dtype=dtype)
    hidden = bl.tanh(x @ parameters["0.weight"] + parameters["0.bias"])
    return bl.mean(bl.square(hidden @ parameters["1.weight"] - 1.0)), parameters


def values(parameters):
    return [np.array(parameter.value) for parameter in parameters]


@every_kind
def test_every_parameter_and_every_piece_of_state_is_updated(optimizer):
    loss, parameters = net()
    state = optimizer.state(parameters)
    updates = optimizer.updates(loss, parameters, state)
    assert set(updates) == {*parameters.values(), *state.values()}
    assert list(updates)[:3] == list(parameters.values())
    for parameter, value in updates.items():
        assert value.spec == parameter.spec
    before = values(updates)
    bl.compile(updates=updates)()
    assert all(np.any(old != parameter.value) for old, parameter in zip(before, updates, strict=True))


@every_kind
def test_state_is_zero_not_trainable_and_shaped_like_its_parameter(optimizer):
    _, parameters = net("float64")
    state = optimizer.state(parameters)
    for name, piece in state.items():
        assert piece.name == name
        assert not piece.trainable
        assert not np.any(piece.value)
        if name != "step":
            assert piece.spec == parameters[name.rpartition(".")[0]].spec
    assert sorted(state) == sorted([f"{name}.{slot}" for name in parameters for slot in optimizer.slots]) + (
        ["step"] if "step" in state else []
    )


def test_the_names_of_the_state():
    _, parameters = net()
    assert list(SGD(0.1, momentum=0.9).state(parameters)) == [
        "0.weight.momentum",
        "0.bias.momentum",
        "1.weight.momentum",
    ]
    assert list(SGD(ExponentialDecay(0.1, 0.5)).state(parameters)) == ["step"]
    assert str(Adam().state(parameters)["step"].spec) == "float32[]"


@every_kind
def test_building_changes_nothing(optimizer):
    loss, parameters = net()
    before = values(parameters.values())
    state = optimizer.state(parameters)
    optimizer.updates(loss, parameters, state)
    for old, parameter in zip(before, parameters.values(), strict=True):
        np.testing.assert_array_equal(parameter.value, old)
    assert not any(np.any(piece.value) for piece in state.values())


@every_kind
def test_two_calls_share_no_state(optimizer):
    loss, parameters = net()
    one, two = optimizer.updates(loss, parameters), optimizer.updates(loss, parameters)
    assert {p for p in one if not p.trainable}.isdisjoint(p for p in two if not p.trainable)
    bl.compile(updates=one)()
    assert not any(np.any(piece.value) for piece in two if not piece.trainable)


@every_kind
def test_state_given_goes_on_where_it_stood(optimizer):
    """A run of six steps is one of three and another of three with the same state in a program of its own."""
    loss, parameters = net()
    whole = bl.compile(updates=optimizer.updates(loss, parameters))
    for _ in range(6):
        whole()
    other, others = net()
    state = optimizer.state(others)
    for _ in range(2):
        half = bl.compile(updates=optimizer.updates(other, others, state))
        for _ in range(3):
            half()
    for name, parameter in parameters.items():
        np.testing.assert_array_equal(parameter.value, others[name].value)
    if "step" in state:
        assert state["step"].value == 6.0


@every_kind
def test_the_loss_falls(optimizer):
    loss, parameters = net()
    program = bl.compile(outputs=loss, updates=optimizer.updates(loss, parameters))
    losses = [float(program()) for _ in range(100)]
    assert losses[-1] < 0.9 * losses[0]


@every_kind
def test_a_list_of_parameters_does_the_same_as_a_mapping(optimizer):
    loss, parameters = net()
    other, others = net()
    bl.compile(updates=optimizer.updates(loss, parameters))()
    bl.compile(updates=optimizer.updates(other, list(others.values())))()
    for name, parameter in parameters.items():
        np.testing.assert_array_equal(parameter.value, others[name].value)


@every_kind
def test_gradients_do_the_same_as_the_loss(optimizer):
    loss, parameters = net()
    other, others = net()
    listed = list(others.values())
    bl.compile(updates=optimizer.updates(loss, parameters))()
    bl.compile(updates=optimizer.updates(dict(zip(listed, bl.grad(other, listed), strict=True)), listed))()
    for name, parameter in parameters.items():
        np.testing.assert_array_equal(parameter.value, others[name].value)


def test_a_step_has_three_phases_forward_backward_and_update():
    loss, parameters = net()
    updates = Adam(clip_norm=1, clip_value=1, weight_decay=0.1).updates(loss, parameters)
    graph = bl.Graph(outputs=[loss], updates=updates)
    forward = set(bl.Graph(outputs=[loss]).operations)
    phases = [
        "forward" if node in forward else node.scope.lineage[0].name if node.scope else "nowhere"
        for node in graph.operations
    ]
    assert set(phases) == {"forward", "backward", "update"}
    assert all(value.scope.path == "update" for value in updates.values())


def test_the_update_stands_in_the_box_in_which_it_is_built():
    loss, parameters = net()
    with bl.scope("training"):
        updates = SGD(0.1).updates(loss, parameters)
    assert {value.scope.path for value in updates.values()} == {"training.update"}


@pytest.mark.parametrize("kind", [SGD, Adagrad, RMSprop, Adam])
@given(strength=st.floats(1e-3, 1.0))
def test_coupled_decay_is_the_gradient_of_an_l2_penalty(kind, strength):
    ends = []
    for in_the_loss in (False, True):
        loss, parameters = net("float64")
        if in_the_loss:
            for parameter in parameters.values():
                loss = loss + 0.5 * strength * bl.sum(bl.square(parameter))
        optimizer = kind(0.01, weight_decay=0.0 if in_the_loss else strength)
        program = bl.compile(updates=optimizer.updates(loss, parameters), engine="reference")
        for _ in range(3):
            program()
        ends.append(np.concatenate([np.ravel(parameter.value) for parameter in parameters.values()]))
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-9, atol=1e-12)


def test_decay_is_added_after_clipping():
    w = bl.parameter([10.0], dtype="float64")
    gradient = bl.constant([5.0], dtype="float64")
    bl.compile(updates=SGD(1.0, clip_norm=1.0, weight_decay=0.5).updates({w: gradient}, [w]))()
    assert w.value.tolist() == [10 - 1 - 5]


@every_kind
def test_clipping_reaches_every_optimiser(optimizer):
    ends = []
    for scale in (1.0, 1000.0):
        w = bl.parameter([1.0, 2.0], dtype="float64")
        loss = scale * bl.sum(w * bl.constant([30.0, 40.0], dtype="float64"))
        bl.compile(updates=replace(optimizer, clip_norm=5.0).updates(loss, [w]))()
        ends.append(w.value.tolist())
    assert ends[0] == pytest.approx(ends[1], rel=1e-12)
    w = bl.parameter([1.0, 2.0], dtype="float64")
    by_hand = bl.constant([3.0, 4.0], dtype="float64")
    bl.compile(updates=optimizer.updates({w: by_hand}, [w]))()
    assert ends[0] == pytest.approx(w.value.tolist(), rel=1e-12)


@every_kind
def test_parameters_of_both_float_types_train_together(optimizer):
    single, double = bl.parameter([3.0], dtype="float32"), bl.parameter([3.0], dtype="float64")
    loss = bl.sum(bl.square(bl.cast(single, "float64"))) + bl.sum(bl.square(double))
    program = bl.compile(updates=optimizer.updates(loss, [single, double]))
    for _ in range(5):
        program()
    assert single.value.dtype == np.float32
    assert double.value.dtype == np.float64
    assert float(single.value[0]) == pytest.approx(float(double.value[0]), rel=1e-6)
    assert float(double.value[0]) < 3.0


def test_a_parameter_used_twice_is_updated_once():
    w = bl.parameter(1.0, dtype="float64")
    updates = SGD(0.25).updates(w * w + w, {"encoder": w, "decoder": w})
    assert list(updates) == [w]
    bl.compile(updates=updates)()
    assert float(w.value) == 0.25


def test_a_weight_without_elements_and_a_single_number_train_beside_others():
    empty, number, matrix = bl.parameter(np.zeros((0, 3))), bl.parameter(2.0), bl.parameter(np.ones((2, 2)))
    loss = bl.sum(empty) + number * number + bl.sum(matrix)
    bl.compile(updates=Adam(0.5, clip_norm=10).updates(loss, [empty, number, matrix]))()
    assert float(number.value) == pytest.approx(1.5, rel=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("w.momentum"), "the state lacks 'w.momentum'"),
        (lambda state: state.update(extra=state["w.momentum"]), "the state holds 'extra', which SGD"),
        (lambda state: state.update({"w.momentum": bl.parameter([0.0], trainable=False)}), "the state 'w.momentum' is"),
        (lambda state: state.update({"w.momentum": bl.parameter([0.0, 0.0])}), "the state 'w.momentum' is"),
        (lambda state: state.update({"w.momentum": np.zeros(2)}), "the state 'w.momentum' is"),
    ],
)
def test_state_that_is_not_its_own_is_refused(change, message):
    w = bl.parameter([1.0, 2.0], name="w")
    optimizer = SGD(0.1, momentum=0.9)
    state = optimizer.state([w])
    change(state)
    with pytest.raises(ArgumentError, match=f"^{message}") as error:
        optimizer.updates(bl.sum(w * w), [w], state)
    assert "optimizer.state(parameters)" in error.value.instead


def test_pieces_of_state_whose_names_meet_are_refused():
    class TwoSlots(Optimizer):
        slots = ("a", "b.a")

        def rule(self, clock):
            raise NotImplementedError

    parameters = {"w": bl.parameter(1.0), "w.b": bl.parameter(1.0)}
    with pytest.raises(ArgumentError, match=r"two pieces of state are called 'w\.b\.a'"):
        TwoSlots(0.1).state(parameters)


@pytest.mark.parametrize("kind", [SGD, Adagrad, RMSprop, Adam, AdamW])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": -0.1}, r"the learning rate cannot be -0\.1"),
        ({"learning_rate": float("nan")}, "the learning rate cannot be nan"),
        ({"learning_rate": True}, "the learning rate cannot be True"),
        ({"learning_rate": None}, "the learning rate cannot be None"),
        ({"weight_decay": -1}, "the weight decay cannot be -1"),
        ({"weight_decay": None}, "the weight decay cannot be None"),
        ({"clip_norm": 0}, "the clip norm cannot be 0"),
        ({"clip_norm": float("inf")}, "the clip norm cannot be inf"),
        ({"clip_value": -1}, "the clip value cannot be -1"),
        ({"clip_value": True}, "the clip value cannot be True"),
    ],
)
def test_a_setting_outside_its_range_is_refused(kind, settings, message):
    with pytest.raises(ArgumentError, match=message):
        kind(**({"learning_rate": 0.1} | settings))


@every_kind
def test_an_optimiser_is_a_record_that_does_not_change(optimizer):
    with pytest.raises(FrozenInstanceError):
        optimizer.learning_rate = 1.0
    assert eval(repr(optimizer)) == optimizer
    assert replace(optimizer, weight_decay=0.25) != optimizer
    assert "weight_decay=0.25" in repr(replace(optimizer, weight_decay=0.25))


def test_the_base_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        Optimizer(0.1)


@dataclass(frozen=True, repr=False)
class Normalised(Optimizer):
    """An optimiser of a user's own: divide by the mean of absolute gradients, freed of its bias."""

    slots = ("size",)
    counts_steps = True

    def rule(self, clock):
        correction = clock.correction(0.5)

        def descend(θ, gradient, memory):
            size = 0.5 * memory["size"] + 0.5 * bl.abs(gradient)
            return θ - clock.rate * gradient / (size / correction), {"size": size}

        return descend


def test_an_optimiser_of_ones_own():
    w = bl.parameter([4.0, -2.0], name="w")
    updates = Normalised(1.0).updates(bl.sum(w * w), [w])
    assert [parameter.name for parameter in updates] == ["w", "w.size", "step"]
    program = bl.compile(updates=updates)
    program()
    assert w.value.tolist() == [3.0, -1.0]


def test_an_optimiser_of_ones_own_that_forgets_to_count_is_told():
    @dataclass(frozen=True, repr=False)
    class Forgetful(Normalised):
        counts_steps = False

    w = bl.parameter(4.0)
    with pytest.raises(GraphError, match="a bias correction needs the number of the step"):
        Forgetful(1.0).updates(w * w, [w])
