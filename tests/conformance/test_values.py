"""Every op computes what its oracle computes: on every engine, for every sample and data type."""

import math

import numpy as np
import pytest

import backlit as bl
from backlit.graph import OPS
from harness.oracles import ORACLES, philox
from harness.samples import ENGINES, Case, cases, run

CASES = [pytest.param(case, id=str(case)) for case in cases()]
engine_of = pytest.mark.parametrize("engine", ENGINES)

UNITS = {"pow": 8, "tan": 8, "acos": 8}
"""How many units in the last place (of 1, or of the value where it is larger) an op may be off; 4 for the others.

Powers and tangents are steep in their domains; an arc cosine is computed from a difference.
"""

ELEMENTWISE = [
    pytest.param(op, id=name)
    for name, op in sorted(OPS.items())
    if not op.samples[0].attributes and Case(op, 0, "float64").drawn == tuple(range(len(op.samples[0].arguments)))
    if name != "matmul"
]


def assert_agrees(got, want, name, dtype):
    """Exactly for integers and booleans; to a few units in the last place for floats."""
    if np.dtype(dtype).kind != "f":
        np.testing.assert_array_equal(got, want)
        return
    bound = UNITS.get(name, 4) * np.finfo(dtype).eps * (1.0 + np.abs(want))
    error = np.abs(np.asarray(got, dtype="float64") - want)
    assert (error <= bound).all(), f"{name}: off by {np.max(error / bound):.1f} times what is allowed"


@engine_of
@pytest.mark.parametrize("case", CASES)
def test_an_op_has_its_inferred_spec_and_its_oracles_value(case, engine):
    arrays = case.arrays()
    before = [array.copy() for array in arrays]
    got = run(case, arrays, engine)

    spec = case.op.infer(*case.specs(), **case.sample.attributes)
    assert (got.shape, got.dtype.name) == (spec.shape, spec.dtype)
    assert_agrees(got, ORACLES[case.op.name](*arrays, **case.sample.attributes), case.op.name, spec.dtype)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)
        assert not np.shares_memory(got, array), "a result that is part of an input changes with it"


def strided(array):
    """The same numbers with gaps between them in memory, backward, and not to be written to."""
    if not array.ndim:
        array.flags.writeable = False
        return array
    wide = np.zeros([2 * n for n in array.shape], dtype=array.dtype)
    view = wide[tuple(slice(None, None, -2) for _ in array.shape)]
    view[...] = array
    view.flags.writeable = False
    return view


@engine_of
@pytest.mark.parametrize("case", CASES)
def test_an_op_reads_inputs_of_any_layout(case, engine):
    if case.dtype not in ("float64", "bool"):
        return
    arrays = case.arrays()
    got = run(case, [strided(array.copy()) for array in arrays], engine)
    want = ORACLES[case.op.name](*arrays, **case.sample.attributes)
    assert_agrees(got, want, case.op.name, got.dtype)


@engine_of
@pytest.mark.parametrize("shape", [(0,), (3, 0), (1,), (1, 1, 1)])
@pytest.mark.parametrize("op", ELEMENTWISE)
def test_an_elementwise_op_takes_empty_and_single_values(op, shape, engine):
    boolean = op.name.startswith("logical")
    low = [op.domain_of(i).low + 0.1 for i in range(len(op.samples[0].arguments))]
    arrays = [np.full(shape, boolean or x, dtype="bool" if boolean else "float64") for x in low]
    inputs = [bl.input(f"x{i}", shape=shape, dtype=a.dtype.name) for i, a in enumerate(arrays)]
    got = bl.compile(inputs, op(*inputs), engine=engine)(*arrays)
    assert got.shape == shape
    assert_agrees(got, ORACLES[op.name](*arrays), op.name, got.dtype)


@engine_of
@pytest.mark.parametrize("op", ELEMENTWISE)
def test_an_op_on_parameters_and_constants_gives_a_value_of_its_own(op, engine):
    boolean = op.name.startswith("logical")
    value = np.full((2,), boolean or 0.5, dtype="bool" if boolean else "float64")
    leaves = [bl.parameter(value, dtype=value.dtype, trainable=False) for _ in op.samples[0].arguments]
    program = bl.compile([], [op(*leaves), *leaves], engine=engine)
    results = program()
    for result in results:
        result[...] = False if result.dtype == bool else 7
    again = program()
    np.testing.assert_array_equal(again[1], value)
    for leaf in leaves:
        np.testing.assert_array_equal(leaf.value, value)


NAN, INF = math.nan, math.inf
SPECIAL = [
    ("add", (INF, -INF), NAN),
    ("subtract", (INF, INF), NAN),
    ("multiply", (0.0, INF), NAN),
    ("divide", (1.0, 0.0), INF),
    ("divide", (1.0, -0.0), -INF),
    ("divide", (0.0, 0.0), NAN),
    ("divide", (1.0, INF), 0.0),
    ("pow", (0.0, 0.0), 1.0),
    ("pow", (NAN, 0.0), 1.0),
    ("pow", (1.0, NAN), 1.0),
    ("pow", (-2.0, 3.0), -8.0),
    ("pow", (-2.0, 0.5), NAN),
    ("pow", (0.0, -1.0), INF),
    ("sqrt", (-1.0,), NAN),
    ("sqrt", (INF,), INF),
    ("exp", (1000.0,), INF),
    ("exp", (-1000.0,), 0.0),
    ("exp", (-INF,), 0.0),
    ("expm1", (-INF,), -1.0),
    ("log", (0.0,), -INF),
    ("log", (-1.0,), NAN),
    ("log", (INF,), INF),
    ("log1p", (-1.0,), -INF),
    ("log1p", (-2.0,), NAN),
    ("sigmoid", (-1000.0,), 0.0),
    ("sigmoid", (1000.0,), 1.0),
    ("sigmoid", (-INF,), 0.0),
    ("sigmoid", (INF,), 1.0),
    ("tanh", (1000.0,), 1.0),
    ("tanh", (-INF,), -1.0),
    ("erf", (INF,), 1.0),
    ("erf", (-1000.0,), -1.0),
    ("logaddexp", (-INF, -INF), -INF),
    ("logaddexp", (INF, 1.0), INF),
    ("logaddexp", (INF, INF), INF),
    ("logaddexp", (1e4, 0.0), 1e4),
    ("logaddexp", (-1e4, -1e4), -1e4 + math.log(2)),
    ("sin", (INF,), NAN),
    ("cos", (-INF,), NAN),
    ("asin", (1.5,), NAN),
    ("acos", (-1.5,), NAN),
    ("acos", (-1.0,), math.pi),
    ("atan", (INF,), math.pi / 2),
    ("sinh", (-1000.0,), -INF),
    ("cosh", (-1000.0,), INF),
    ("abs", (-INF,), INF),
    ("relu", (NAN,), NAN),
    ("relu", (-INF,), 0.0),
    ("relu", (INF,), INF),
    ("sign", (NAN,), NAN),
    ("sign", (-INF,), -1.0),
    ("sign", (-0.0,), 0.0),
    ("floor", (-INF,), -INF),
    ("round", (2.5,), 2.0),
    ("round", (-3.5,), -4.0),
    ("maximum", (NAN, 1.0), NAN),
    ("maximum", (1.0, NAN), NAN),
    ("maximum", (-INF, INF), INF),
    ("minimum", (NAN, 1.0), NAN),
    ("minimum", (1.0, NAN), NAN),
    ("clip", (NAN, 0.0, 1.0), NAN),
    ("clip", (INF, 0.0, 1.0), 1.0),
    ("clip", (0.5, 2.0, 1.0), 1.0),
    ("equal", (NAN, NAN), False),
    ("not_equal", (NAN, NAN), True),
    ("equal", (0.0, -0.0), True),
    ("less", (NAN, 1.0), False),
    ("greater_equal", (NAN, 1.0), False),
    ("less_equal", (-INF, INF), True),
    ("isnan", (INF,), False),
    ("isnan", (NAN,), True),
    ("isfinite", (NAN,), False),
    ("isfinite", (-INF,), False),
]


@engine_of
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(), (5,)], ids=["number", "vector"])
@pytest.mark.parametrize(("name", "arguments", "want"), SPECIAL)
def test_special_values(name, arguments, want, shape, dtype, engine):
    inputs = [bl.input(f"x{i}", shape=shape, dtype=dtype) for i in range(len(arguments))]
    program = bl.compile(inputs, OPS[name](*inputs), engine=engine)
    got = program(*(np.full(shape, x, dtype=dtype) for x in arguments))
    np.testing.assert_allclose(got, np.full(shape, want), rtol=4 * np.finfo(dtype).eps, atol=0.0)


ODD = ["negative", "sqrt", "expm1", "log1p", "erf", "sin", "tan", "asin", "atan", "sinh", "tanh", "ceil", "floor"]


@engine_of
@pytest.mark.parametrize("name", [*ODD, "round", "reshape", "flip", "cast"])
def test_the_sign_of_zero_is_kept(name, engine):
    x = bl.input("x", shape=(1,), dtype="float32")
    settings = {"reshape": {"shape": (1, 1)}, "flip": {"axes": (0,)}, "cast": {"dtype": "float64"}}.get(name, {})
    got = bl.compile([x], OPS[name](x, **settings), engine=engine)(np.array([-0.0], dtype="float32"))
    assert got.item() == 0.0
    assert math.copysign(1.0, got.item()) == (1.0 if name == "negative" else -1.0)


@engine_of
@pytest.mark.parametrize("op", [op for op in ELEMENTWISE if op.values[0].local])
def test_nan_spreads(op, engine):
    count = len(op.samples[0].arguments)
    for position in range(count):
        arrays = [np.full((3,), op.domain_of(i).high) for i in range(count)]
        arrays[position][1] = NAN
        inputs = [bl.input(f"x{i}", shape=(3,), dtype="float64") for i in range(count)]
        got = bl.compile(inputs, op(*inputs), engine=engine)(*arrays)
        assert np.isnan(got).tolist() == [False, True, False]


@engine_of
@pytest.mark.parametrize(
    ("name", "settings", "want"),
    [
        ("sum", {"axes": (1,)}, [NAN, INF, 3.0]),
        ("max", {"axes": (1,)}, [NAN, INF, 2.0]),
        ("min", {"axes": (1,)}, [NAN, 0.0, 1.0]),
        ("argmax", {"axis": 1}, [1, 1, 1]),
        ("argmin", {"axis": 1}, [1, 0, 0]),
    ],
)
def test_special_values_in_reductions(name, settings, want, engine):
    x = bl.input("x", shape=(3, 2), dtype="float64")
    got = bl.compile([x], OPS[name](x, **settings), engine=engine)(np.array([[0.0, NAN], [0.0, INF], [1.0, 2.0]]))
    np.testing.assert_array_equal(got, want)


@engine_of
def test_ties_go_to_the_first(engine):
    x = bl.input("x", shape=(4,), dtype="int64")
    program = bl.compile([x], [OPS["argmax"](x, axis=0), OPS["argmin"](x, axis=0)], engine=engine)
    assert [int(v) for v in program(np.array([1, 3, 3, 1]))] == [1, 0]


@engine_of
def test_nothing_adds_up_to_nothing(engine):
    x = bl.input("x", shape=(2, 0), dtype="float64")
    y = bl.input("y", shape=(0, 3), dtype="float64")
    total, product = bl.compile([x, y], [bl.sum(x, axis=1), x @ y], engine=engine)(np.ones((2, 0)), np.ones((0, 3)))
    assert total.tolist() == [0.0, 0.0]
    assert product.tolist() == [[0.0] * 3] * 2


@engine_of
def test_an_infinite_or_missing_value_that_is_not_chosen_leaves_no_trace(engine):
    c, x, y = bl.input("c", (2,), "bool"), bl.input("x", (2,), "float64"), bl.input("y", (2,), "float64")
    got = bl.compile([c, x, y], bl.where(c, x, y), engine=engine)([True, False], [1.0, NAN], [INF, 2.0])
    assert got.tolist() == [1.0, 2.0]


@engine_of
@pytest.mark.parametrize("axis", [0, 1])
def test_a_million_numbers_keep_six_digits(axis, engine):
    rng = np.random.default_rng(0)
    array = rng.uniform(0.0, 1.0, (10**6, 1) if axis == 0 else (1, 10**6)).astype("float32")
    x = bl.input("x", shape=array.shape)
    nodes = [bl.sum(x, axis=axis), bl.mean(x, axis=axis), bl.var(x, axis=axis), bl.cumulative_sum(x, axis=axis)]
    total, mean, var, running = bl.compile([x], nodes, engine=engine)(array)
    exact = math.fsum(array.reshape(-1).tolist())
    assert total.item() == pytest.approx(exact, rel=1e-6)
    assert mean.item() == pytest.approx(exact / 10**6, rel=1e-6)
    assert var.item() == pytest.approx(float(np.var(array.astype("float64"))), rel=1e-6)
    assert running.reshape(-1)[-1].item() == pytest.approx(exact, rel=1e-6)


@engine_of
def test_many_columns_of_many_numbers_keep_six_digits(engine):
    array = np.full((10**5, 10), 0.1, dtype="float32")
    x = bl.input("x", shape=array.shape)
    got = bl.compile([x], bl.sum(x, axis=0), engine=engine)(array)
    np.testing.assert_allclose(got, np.sum(array.astype("float64"), axis=0), rtol=1e-6)


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ([0] * 4, [0] * 2, ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, ["408f276d", "41c83b0e", "a20bc7c6", "6d5451fd"]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            ["d16cfe09", "94fdcceb", "5001e420", "24126ea1"],
        ),
    ],
)
def test_the_oracle_of_random_bits_gives_the_published_answers(counter, key, words):
    assert [f"{word:08x}" for word in philox(counter, key)] == words


@engine_of
@pytest.mark.parametrize("bits", [1, 8, 24, 32])
@pytest.mark.parametrize("state", [[0, 0, 0], [0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF], [0x12345678, 0, 9]])
def test_random_bits_are_those_of_philox(state, bits, engine):
    array = np.array(state, dtype="uint32")
    node = bl.input("state", (3,), "uint32")
    got = bl.compile([node], bl.random_bits(node, (3, 5), stream=3, bits=bits), engine=engine)(array)
    np.testing.assert_array_equal(got, ORACLES["random_bits"](array, shape=(3, 5), stream=3, bits=bits))


@engine_of
@pytest.mark.parametrize("index", [-1, 3])
@pytest.mark.parametrize("name", ["take", "scatter_add", "one_hot"])
def test_an_index_out_of_range_is_an_error_that_names_it(name, index, engine):
    i = bl.input("i", (2,), "int64")
    node = {
        "take": lambda: bl.take([1.0, 2.0, 3.0], i),
        "scatter_add": lambda: bl.scatter_add([1.0, 2.0], i, size=3),
        "one_hot": lambda: bl.one_hot(i, 3),
    }[name]().named("picked")
    with pytest.raises(
        bl.errors.IndexRangeError, match=rf"picked = {name}\(.*i\): .*{index} is out of range"
    ) as caught:
        bl.compile([i], node, engine=engine)([0, index])
    assert "numbered from 0 to 2" in caught.value.why
    assert caught.value.line[0] == __file__
