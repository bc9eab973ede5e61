"""Prediction: any number of rows, batch by batch, gives what the formula gives; programs are kept, and not too long."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlit as bl
from backlit.errors import ArgumentError, DataError, ShapeError


def affine(layer, x):
    return x @ layer.weight.value + layer.bias.value


@given(st.integers(0, 40), st.integers(1, 45))
def test_any_number_of_rows_in_batches_of_any_size(rows, batch_size):
    layer = bl.nn.Linear(3, 2, rng=0)
    x = np.random.default_rng(rows).normal(size=(rows, 3)).astype(np.float32)
    answer = layer.predict(x, batch_size=batch_size)
    assert answer.shape == (rows, 2)
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer, affine(layer, x), rtol=1e-5, atol=1e-6)


def test_programs_are_kept_one_a_shape_and_see_new_values():
    layer = bl.nn.Linear(3, 2, rng=0)
    x = np.ones((10, 3), np.float32)
    layer.predict(x, batch_size=4)
    programs = list(layer._predictor._programs.values())
    assert len(programs) == 2  # four rows, and the last two
    layer.weight.value += 1.0
    np.testing.assert_allclose(layer.predict(x, batch_size=4), affine(layer, x), rtol=1e-6)
    assert list(layer._predictor._programs.values()) == programs


def test_only_so_many_programs_are_kept():
    layer = bl.nn.Linear(1, 1)
    for rows in range(1, 30):
        layer.predict(np.zeros((rows, 1)))
    assert len(layer._predictor) == 8
    kept = list(layer._predictor._programs.values())
    layer.predict(np.zeros((22, 1)))  # the oldest that is kept becomes the most recent
    layer.predict(np.zeros((99, 1)))
    assert kept[0] in layer._predictor._programs.values()
    assert kept[1] not in layer._predictor._programs.values()


def test_a_changed_model_is_built_anew():
    model = bl.nn.Sequential(bl.nn.Linear(1, 1, weight_initialiser=bl.nn.Ones()), bl.nn.LeakyReLU(0.5))
    assert model.predict([[-2.0]]).tolist() == [[-1.0]]
    model.layers[1].slope = 0.25
    assert model.predict([[-2.0]]).tolist() == [[-0.5]]
    model.layers[0].weight = bl.parameter([[3.0]])
    assert model.predict([[-2.0]]).tolist() == [[-1.5]]
    model.layers = (model.layers[0], bl.nn.ReLU())
    assert model.predict([[-2.0]]).tolist() == [[0.0]]


def test_the_float_type_is_that_of_the_model():
    with bl.precision("float64"):
        double = bl.nn.Linear(2, 2, rng=0)
    assert double.predict(np.ones((1, 2), np.float32)).dtype == np.float64
    assert bl.nn.Linear(2, 2).predict(np.ones((1, 2))).dtype == np.float32
    assert bl.nn.ReLU().predict([1.0]).dtype == np.float32
    with bl.precision("float64"):
        assert bl.nn.ReLU().predict([1.0]).dtype == np.float64


def test_integers_stay_integers():
    table = bl.nn.Embedding(4, 2, rng=0)
    assert np.array_equal(table.predict([3, 0]), table.weight.value[[3, 0]])


def test_no_scope_of_whoever_asks_reaches_the_model():
    model = bl.nn.Sequential(bl.nn.Dropout(0.5, rng=0), bl.nn.BatchNorm(2))
    with bl.training() as mode, bl.scope("outer"):
        answer = model.predict(np.ones((50, 2)))
    assert mode.updates == {}
    assert len(np.unique(answer)) == 1
    (program,) = model._predictor._programs.values()
    assert not [box.path for box in program.graph.scopes() if "outer" in box.path]


def test_a_model_of_several_inputs_takes_a_tuple():
    class Distance(bl.nn.Module):
        def forward(self, a, b):
            return bl.sum(bl.abs(a - b), axis=-1)

    a, b = np.arange(6.0).reshape(3, 2), np.ones((3, 2))
    assert Distance().predict((a, b), batch_size=2).tolist() == [1.0, 3.0, 7.0]
    with pytest.raises(DataError, match=r"have \[3, 2\] rows"):
        Distance().predict((a, b[:2]))


def test_no_rows_give_no_rows_of_the_right_kind():
    assert bl.nn.Sequential(bl.nn.Flatten(), bl.nn.Linear(4, 3)).predict(np.zeros((0, 2, 2))).shape == (0, 3)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([[1.0], [1.0, 2.0]], "rows of unequal length"),
        (["a"], "values of data type <U1"),
        (np.array([None]), "values of data type object"),
        (3.0, "the single number"),
        ((), r"have \[\] rows"),
    ],
)
def test_what_are_no_rows_of_numbers(inputs, message):
    with pytest.raises(DataError, match=message):
        bl.nn.ReLU().predict(inputs)


def test_a_node_is_no_array():
    with pytest.raises(ArgumentError, match="predict takes arrays; received the node"):
        bl.nn.ReLU().predict(bl.input("x"))


@pytest.mark.parametrize("size", [0, -1, 2.0, True])
def test_batch_sizes_are_checked(size):
    with pytest.raises(ArgumentError, match="batch_size is a whole number of at least 1"):
        bl.nn.ReLU().predict([1.0], batch_size=size)


def test_an_answer_that_mixes_the_rows_is_refused():
    class Total(bl.nn.Module):
        def forward(self, x):
            return bl.sum(x)

    with pytest.raises(ShapeError, match=r"answered 2 rows with <sum: float32\[\]>"):
        Total().predict([[1.0], [2.0]])


def test_rows_that_are_too_wide_name_the_layer():
    model = bl.nn.Sequential(bl.nn.Linear(3, 4), bl.nn.ReLU(), bl.nn.Linear(5, 2))
    with pytest.raises(ShapeError, match=r"the layer Linear\(3, 4\) at '0' takes 3 features; received .*\[2,7\]"):
        model.predict(np.zeros((2, 7)))
    with pytest.raises(ShapeError, match=r"the layer Linear\(5, 2\) at '2' takes 5 features; received .*\[2,4\]"):
        model.predict(np.zeros((2, 3)))


def test_an_engine_is_asked_for_by_name():
    assert bl.nn.ReLU().predict([1.0], engine="reference").tolist() == [1.0]
    with pytest.raises(ArgumentError, match="there is no engine 'quantum'"):
        bl.nn.ReLU().predict([1.0], engine="quantum")
