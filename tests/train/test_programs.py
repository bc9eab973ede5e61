"""Programs: one for each layout of a batch, and clear words where model, loss and data do not fit."""

import copy

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, DTypeError, GraphError, NotScalarError, ShapeError, TrainingError
from backlit.train.programs import Programs

X, Y = np.ones((4, 2), np.float32), np.array([0, 1, 0, 1])


@pytest.fixture
def model():
    return bl.nn.Sequential(bl.nn.Linear(2, 3, rng=0), bl.nn.ReLU(), bl.nn.Linear(3, 2, rng=1))


def programs(model, loss=bl.losses.cross_entropy, optimizer=None, **settings):
    return Programs(model, loss, optimizer or bl.optim.SGD(0.1), **settings)


def test_one_program_for_each_layout(model):
    kept = programs(model)
    full, part = kept.training((X, Y)), kept.training((X[:2], Y[:2]))
    assert full is not part
    assert kept.training((X + 1, Y)) is full
    assert kept.training((X[:2], Y[:2])) is part
    assert kept.evaluation((X, Y)) is kept.evaluation((X, Y)) is not full
    assert not kept.evaluation((X, Y)).graph.updates


def test_a_step_is_one_program(model):
    step = programs(model, optimizer=bl.optim.Adam(0.1), metrics=bl.metrics.accuracy).training((X, Y))
    assert [node.name for node in step.graph.inputs] == ["inputs", "targets"]
    assert step.graph.outputs[0].name == "loss"
    assert set(model.parameters().values()) < set(step.graph.updates)
    assert "update" in {scope.path for scope in step.graph.scopes()}
    before = model[0].weight.value.copy()
    loss, accuracy = step(X, Y)
    assert loss.shape == accuracy.shape == ()
    assert (model[0].weight.value != before).any()


def test_all_programs_share_the_state(model):
    kept = programs(model, optimizer=bl.optim.SGD(0.1, momentum=0.9))
    kept.training((X, Y))(X, Y)
    velocity = kept.optimizer_state["0.weight.momentum"].value.copy()
    kept.training((X[:2], Y[:2]))(X[:2], Y[:2])
    assert (kept.optimizer_state["0.weight.momentum"].value != velocity).any()
    assert set(kept.carried()) == {
        *(f"parameters.{name}" for name in model.parameters()),
        *(f"optimizer.{name}.momentum" for name in model.parameters()),
    }


def test_not_too_many_programs_are_kept(model):
    kept = programs(model, engine="reference")  # which compiles quickly
    first = kept.evaluation((X, Y))
    for rows in range(5, 80):
        kept.evaluation((np.ones((rows, 2), np.float32), np.zeros(rows, np.int64)))
    assert len(kept._evaluation) == 64
    assert kept.evaluation((X, Y)) is not first


def test_the_float_type_is_that_of_the_model():
    with bl.precision("float64"):
        model = bl.nn.Linear(2, 2, rng=0)
    kept = programs(model)
    assert kept.dtype == np.float64
    assert kept.training((X.astype(np.float64), Y))(X, Y)[0].dtype == np.float64


def test_the_penalty_is_added_and_shown(model):
    plain, penalised = programs(model), programs(model, penalty=bl.losses.L2(0.5))
    assert penalised.columns == ("loss", "penalty")
    (loss,), (total, penalty) = plain.evaluation((X, Y))(X, Y), penalised.evaluation((X, Y))(X, Y)
    weights = sum(float((p.value.astype(np.float64) ** 2).sum()) for p in model.parameters().values() if p.rank == 2)
    assert float(penalty) == pytest.approx(0.5 * weights, rel=1e-5)
    assert float(total) == pytest.approx(float(loss) + float(penalty), rel=1e-6)


def test_one_output_takes_targets_in_a_line():
    model = bl.nn.Linear(2, 1, rng=0)
    answers = np.array([1.0, 0.0, 2.0, 3.0], np.float32)
    loss = programs(model, bl.losses.squared_error).evaluation((X, answers))(X, answers)[0]
    assert float(loss) == pytest.approx(float(((model.predict(X)[:, 0] - answers) ** 2).mean()), rel=1e-6)


def test_state_of_a_loss_is_carried_too(model):
    rng = bl.Generator(3)

    def noisy(output, target):
        return bl.losses.cross_entropy(output + bl.normal(output.shape, rng=rng), target)

    kept = programs(model, noisy)
    assert "others.0" not in kept.carried()
    kept.training((X, Y))(X, Y)
    assert kept.carried()["others.0"] is rng.state
    assert rng.state.value.tolist() == [3, 0, 1]


@pytest.mark.parametrize("first", [(), (4, 2), (2, 4)])
def test_the_order_of_building_changes_no_bit(first):
    with bl.seed(0):
        model = bl.nn.Sequential(bl.nn.Linear(2, 8), bl.nn.Dropout(0.5), bl.nn.Linear(8, 2))
    kept = programs(model)
    kept.rebuild([(((rows, 2), np.dtype("float32")), ((rows,), np.dtype("int64"))) for rows in first])
    assert len(kept.layouts) == len(first)
    reference = programs(copy.deepcopy(model))
    for each in (kept, reference):
        each.training((X, Y))(X, Y)
        each.training((X[:2], Y[:2]))(X[:2], Y[:2])
    assert model[0].weight.value.tobytes() == reference.model[0].weight.value.tobytes()
    assert len(kept.layouts) == 2


def test_a_model_without_parameters_is_refused():
    with pytest.raises(TrainingError, match="ReLU has no trainable parameters"):
        programs(bl.nn.ReLU())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "cross_entropy"}, "the loss is 'cross_entropy'"),
        ({"loss": 0.5}, "the loss is 0.5"),
        ({"optimizer": "adam"}, "the optimizer is 'adam'"),
        ({"optimizer": bl.optim.SGD}, "the optimizer is <class"),
        ({"penalty": 0.1}, "the penalty is 0.1"),
        ({"metrics": ["accuracy"]}, "a metric is 'accuracy'"),
        ({"metrics": [bl.metrics.accuracy, bl.metrics.accuracy]}, "columns of the history"),
        ({"metrics": [bl.metrics.Metric("loss", bl.metrics.accuracy)]}, "columns of the history"),
    ],
)
def test_settings_of_another_kind_are_refused(model, settings, message):
    with pytest.raises(ArgumentError, match=message):
        programs(model, **settings)


def test_a_model_of_another_kind_is_refused():
    for wrong in (3, bl.nn.Linear, lambda x: x):
        with pytest.raises(ArgumentError, match="the model is"):
            programs(wrong)


@pytest.mark.parametrize(
    ("loss", "error", "message"),
    [
        (lambda output, target: output, NotScalarError, r"returned .*float32\[4,2\]"),
        (lambda output, target: 0.5, ArgumentError, "returned 0.5, of type float"),
        (bl.losses.squared_error, DTypeError, "loss squared_error cannot compare the output .* with the targets"),
    ],
)
def test_a_loss_that_is_none(model, loss, error, message):
    with pytest.raises(error, match=message):
        programs(model, loss).training((X, Y))


def test_targets_that_do_not_fit_the_output(model):
    with pytest.raises(ShapeError, match=r"loss squared_error cannot compare .*float32\[4,2\].*float32\[4,3\]"):
        programs(model, bl.losses.squared_error).training((X, np.ones((4, 3), np.float32)))


def test_a_metric_that_is_none(model):
    metric = bl.metrics.Metric("wrong", lambda output, target: output)
    with pytest.raises(NotScalarError, match="the metric wrong returned"):
        programs(model, metrics=metric).training((X, Y))


def test_whole_numbers_where_floats_belong(model):
    with pytest.raises(DTypeError, match="could not be built on the inputs") as raised:
        programs(model).training((np.ones((4, 2), np.int64), Y))
    assert 'astype("float32")' in str(raised.value)


def test_weights_need_a_loss_that_takes_them(model):
    def plain(output, target):
        return bl.losses.cross_entropy(output, target)

    weights = np.ones(4, np.float32)
    with pytest.raises(ArgumentError, match="the loss plain takes none"):
        programs(model, plain).training((X, Y, weights))
    programs(model).training((X, Y, weights))

    def handing_on(*nodes, **more):
        return bl.losses.cross_entropy(*nodes, **more)

    programs(model, handing_on).training((X, Y, weights))


def test_a_model_that_returns_no_node(model):
    class Pair:
        parameters, state = model.parameters, model.state

        def __call__(self, x):
            return x, x

    with pytest.raises(GraphError, match="of type tuple"):
        programs(Pair()).training((X, Y))


def test_probabilities_where_logits_belong():
    model = bl.nn.Sequential(bl.nn.Linear(2, 2, rng=0), bl.nn.Softmax())
    with pytest.raises(ArgumentError, match="softmax"):
        programs(model).training((X, Y))
