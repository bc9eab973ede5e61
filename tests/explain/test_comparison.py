"""The data of a comparison: who agrees, and the best step."""

import numpy as np
import pytest

from backlit.errors import ArgumentError
from backlit.explain.comparison import DerivativeComparison, DerivativeRow, StepErrors


def row(method, error, values=True, **settings):
    return DerivativeRow(method, {"x": np.array(1.0)} if values else {}, error, None, 0.0, "", **settings)


def test_a_method_may_err_as_much_as_it_must():
    assert row("numerical", 1e-7, tolerance=1e-6).agrees
    assert not row("numerical", 1e-5, tolerance=1e-6).agrees
    assert not row("forward mode", 1e-7).agrees
    assert not row("symbolic", 0.0, values=False).agrees


def test_the_best_step_is_that_of_the_least_error():
    errors = StepErrors((0.1, 0.01, 0.001), (0.3, 0.1, 0.2), (0.03, 0.02, 0.01))
    assert errors.best == (0.01, 0.001)


def test_a_method_is_found_by_name():
    compared = DerivativeComparison("f", 1.0, {}, (row("reverse mode", 0.0),), StepErrors((), (), ()), {}, {})
    assert compared["reverse mode"].error == 0.0
    with pytest.raises(ArgumentError, match="did you mean 'reverse mode'"):
        compared["reverse"]
