"""The order of the kernels: a new value overwrites the old one only when nobody needs the old one any more."""

import itertools

import pytest

import backlit as bl
from backlit.engines.native import ordering
from backlit.engines.native.ordering import order
from backlit.engines.native.schedule import Schedule


def copies(ordered):
    """The updates that are a copy of a value that was kept apart."""
    return [value for value in ordered.updated if value.op.name == "stop_gradient"]


def assert_ordered(ordered):
    """Every kernel follows those that make what it reads; an update follows those that read the old value."""
    assert [kernel.number for kernel in ordered.kernels] == list(range(len(ordered.kernels)))
    writers = {parameter: ordered.maker[value] for value, parameter in ordered.updated.items()}
    for kernel, access in ((one, access) for one in ordered.kernels for access in ordered.reads[one]):
        maker = ordered.maker.get(access.node)
        assert maker is None or maker is kernel or maker.number < kernel.number
        writer = writers.get(access.node)
        assert writer is None or writer is kernel or kernel.number < writer.number


def classifier():
    x, y = bl.input("x", (8, 6)), bl.input("y", (8,), dtype="int64")
    net = bl.nn.Sequential(bl.nn.Linear(6, 5, rng=0), bl.nn.ReLU(), bl.nn.Linear(5, 3, rng=0))
    loss = bl.losses.cross_entropy(net(x), y)
    return bl.Graph([x, y], [loss], bl.optim.SGD(0.1, momentum=0.9).updates(loss, net.parameters()))


def test_a_kernel_follows_those_that_make_what_it_reads():
    ordered = order(classifier())
    assert len(ordered.kernels) > 4
    assert_ordered(ordered)


@pytest.mark.parametrize("flip", [False, True])
def test_a_parameter_is_written_after_every_kernel_that_reads_its_old_value(flip):
    w = bl.parameter([[1.0, 2.0], [3.0, 4.0]], "w")
    x = bl.input("x", (5, 2))
    readers = [x @ w, bl.sum(w, axis=0)]
    outputs = readers[::-1] if flip else readers
    ordered = order(bl.Graph([x], outputs, {w: w * 0.5}))
    assert_ordered(ordered)
    (new,) = ordered.updated
    assert new.op.name != "stop_gradient"
    assert all(ordered.maker[one].number <= ordered.maker[new].number for one in readers)
    assert ordered.maker[readers[0]].number < ordered.maker[new].number


def test_an_elementwise_update_needs_no_copy():
    w = bl.parameter([1.0, 2.0], "w")
    ordered = order(bl.Graph([], [], {w: w - 0.1 * bl.exp(w)}))
    assert copies(ordered) == []
    assert len(ordered.kernels) == 1


def test_two_parameters_that_exchange_their_values_get_a_copy():
    a, b = bl.parameter([1.0, 2.0], "a"), bl.parameter([3.0, 4.0], "b")
    ordered = order(bl.Graph([], [], {a: b * 2.0, b: a * 3.0}))
    assert_ordered(ordered)
    assert len(ordered.updated) == 2
    assert len(copies(ordered)) == 1


def test_two_parameters_that_become_each_other_are_copied_in_an_order_that_loses_neither():
    a, b = bl.parameter([1.0, 2.0], "a"), bl.parameter([3.0, 4.0], "b")
    ordered = order(bl.Graph([], [], {a: b, b: a}))
    assert_ordered(ordered)
    assert len(copies(ordered)) == 2


def test_what_is_coupled_is_set_apart_in_one_round(monkeypatch):
    rounds = []

    def schedule(*arguments):
        rounds.append(arguments)
        return Schedule(*arguments)

    monkeypatch.setattr(ordering, "Schedule", schedule)
    parts = [bl.parameter(float(number), f"θ{number}") for number in range(12)]
    ordered = order(bl.Graph([], [], {θ: θ + sum(other for other in parts if other is not θ) for θ in parts}))
    assert_ordered(ordered)
    assert len(copies(ordered)) == 11  # the last may overwrite its old value, which nobody needs any more
    assert len(rounds) == 2


def test_a_fault_ends_in_an_error_and_not_in_a_loop(monkeypatch):
    monkeypatch.setattr(ordering, "_in_place", lambda *_: False)
    w = bl.parameter([1.0, 2.0], "w")
    with pytest.raises(AssertionError, match="set apart in two rounds"):
        order(bl.Graph([], [], {w: w * 2.0}))


@pytest.mark.parametrize("optimizer", [bl.optim.SGD(0.1), bl.optim.Adam()], ids=["SGD", "Adam"])
def test_a_digit_net_is_updated_in_place(optimizer):
    x, y = bl.input("x", (32, 784)), bl.input("y", (32,), dtype="int64")
    net = bl.nn.Sequential(bl.nn.Linear(784, 64, rng=0), bl.nn.ReLU(), bl.nn.Linear(64, 10, rng=0))
    loss = bl.losses.cross_entropy(net(x), y)
    ordered = order(bl.Graph([x, y], [loss], optimizer.updates(loss, net.parameters())))
    assert_ordered(ordered)
    assert len(ordered.updated) >= 4
    assert copies(ordered) == []


def test_an_update_that_reads_other_elements_of_the_old_value_gets_a_copy():
    w = bl.parameter([1.0, 2.0, 3.0], "w")
    ordered = order(bl.Graph([], [], {w: bl.flip(w) + w}))
    (new,) = ordered.updated
    assert copies(ordered) == [new]
    assert_ordered(ordered)


def test_a_new_value_that_is_an_output_too_is_copied():
    w = bl.parameter([1.0, 2.0], "w")
    new = w * 2.0
    ordered = order(bl.Graph([], [new], {w: new}))
    assert len(copies(ordered)) == 1
    assert ordered.graph.outputs == (new,)
    assert new not in ordered.updated


def test_checks_run_before_any_parameter_is_written():
    ordered = order(classifier())
    checks = [kernel.number for kernel in ordered.kernels if kernel.form == "check"]
    writers = [ordered.maker[value].number for value in ordered.updated]
    assert checks
    assert len(writers) == 8
    assert max(checks) < min(writers)


def test_a_check_comes_before_an_update_that_does_not_need_it():
    w, v = bl.parameter([1.0, 2.0], "w"), bl.parameter([3.0, 4.0, 5.0], "v")
    places = bl.input("places", (2,), dtype="int64")
    ordered = order(bl.Graph([places], [], {w: bl.exp(w), v: v + bl.sum(bl.take(v * 2.0, places, axis=0))}))
    (check,) = (kernel.number for kernel in ordered.kernels if kernel.form == "check")
    assert all(check < ordered.maker[value].number for value in ordered.updated)


def test_the_order_is_the_same_every_time():
    forms = [[(kernel.form, kernel.space) for kernel in order(classifier()).kernels] for _ in range(3)]
    assert all(first == second for first, second in itertools.pairwise(forms))


def test_updates_of_numbers_that_read_one_another_come_to_an_end():
    with bl.precision("float64"):
        parts = [bl.parameter(value, name=f"θ{number}") for number, value in enumerate([0.3, -0.2, 0.1])]
        rows = [sum(row[i] * parts[i] for i in range(3)) - 1.0 for row in ([1.0, 2.0, -1.0], [0.5, -0.5, 3.0])]
        loss = rows[0] * rows[0] + rows[1] * rows[1]
    updates = bl.optim.SGD(0.01, momentum=0.9).updates(loss, parts)
    wanted = {θ: float(value.evaluate()) for θ, value in updates.items()}
    bl.compile(outputs=loss, updates=updates, engine="native")()
    for parameter, value in wanted.items():
        assert float(parameter.value) == pytest.approx(value, rel=1e-12)
