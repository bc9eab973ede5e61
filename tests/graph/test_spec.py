"""Specs and data types: kinds, promotion, precision, and what is refused."""

import itertools

import numpy as np
import pytest

from backlit.errors import ArgumentError, DTypeError
from backlit.graph.spec import (
    DTYPES,
    Spec,
    check_dtype,
    default_float,
    is_floating,
    is_integer,
    kind_of,
    precision,
    promote,
)


def test_a_spec_prints_as_one_reads_it():
    assert str(Spec((3, 4), "float32")) == "float32[3,4]"
    assert str(Spec((), "bool")) == "bool[]"


def test_a_spec_knows_its_rank_and_size():
    assert (Spec((2, 3), "int64").rank, Spec((2, 3), "int64").size, Spec((), "int64").size) == (2, 6, 1)


def test_specs_are_compared_by_value():
    assert Spec((2,), "float32") == Spec((2,), "float32")
    assert len({Spec((2,), "float32"), Spec((2,), "float32"), Spec((2,), "float64")}) == 2


def test_promotion_stays_within_a_kind_and_is_numpys_there():
    for a, b in itertools.product(DTYPES, repeat=2):
        joined = np.promote_types(a, b).name
        if kind_of(a) == kind_of(b) == kind_of(joined):
            assert promote(a, b) == joined
        else:
            with pytest.raises(DTypeError, match="do not mix"):
                promote(a, b)


def test_int64_and_uint64_meet_in_no_integer():
    with pytest.raises(DTypeError, match="int64 and uint64 do not mix"):
        promote("int64", "uint64")


def test_a_mixture_of_kinds_says_what_to_write():
    with pytest.raises(DTypeError) as caught:
        promote("int32", "float64")
    assert 'bl.cast(value, "float64")' in caught.value.instead


@pytest.mark.parametrize("given_as", ["float32", np.float32, np.dtype("float32")])
def test_a_data_type_is_given_by_name_or_as_numpys(given_as):
    assert check_dtype(given_as) == "float32"


@pytest.mark.parametrize("wrong", ["float7", "float16", "complex128", "object", "datetime64", None.__class__, 3])
def test_an_unknown_data_type_is_refused(wrong):
    with pytest.raises(DTypeError, match="there is no data type") as caught:
        check_dtype(wrong)
    assert "float32" in caught.value.instead


def test_precision_changes_the_default_inside_only_and_nests():
    assert default_float() == "float32"
    with precision("float64"):
        assert default_float() == "float64"
        with precision(np.float32):
            assert default_float() == "float32"
        assert default_float() == "float64"
    assert default_float() == "float32"


def test_precision_is_restored_after_an_error():
    with pytest.raises(RuntimeError), precision("float64"):
        raise RuntimeError
    assert default_float() == "float32"


def test_only_floats_are_precisions():
    with pytest.raises(ArgumentError, match="float32 or float64; received int64"), precision("int64"):
        pass


def test_the_kinds_of_data_types():
    assert [d for d in DTYPES if is_floating(d)] == ["float32", "float64"]
    assert [d for d in DTYPES if not is_integer(d)] == ["bool", "float32", "float64"]
    assert {kind_of(d) for d in DTYPES} == {"bool", "integer", "float"}
