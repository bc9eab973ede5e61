"""Products of few rows, or with one column, as dot products: edges along both dimensions."""

import numpy as np
import pytest

from harness.products import check, multiply, random_matrix, targets


@pytest.mark.parametrize("target", targets(), ids=lambda target: target.cpu)
@pytest.mark.parametrize("inner", [1, 15, 16, 100])
def test_edges(inner, target):
    for rows, columns in [(1, 1), (1, 40), (4, 16), (3, 5), (21, 1)]:
        left = random_matrix(rows, inner)
        right = random_matrix(inner, columns, transposed=True, seed=1)
        check(left, right, target=target)
        part = {"columns": (0, columns - 1), "inner": (0, inner - 1)} if columns > 1 else {"rows": (1, rows)}
        check(left, right, **part, dynamic=(True, True, True), target=target)


def test_columns_far_apart_and_backwards():
    left, right = random_matrix(2, 30), random_matrix(30, 80, transposed=True)
    check(left, right[:, ::-3])
    check(left, np.broadcast_to(right[:, 5:6], (30, 20)))


def test_a_matrix_with_a_vector():
    left, right = random_matrix(50, 70), random_matrix(70, 3, seed=1)
    check(left, np.ascontiguousarray(right[:, :1]))
    check(left, right[:, 1:2])  # a column of a matrix, which is not contiguous


def test_lanes_that_do_not_exist_are_not_summed():
    left, right = random_matrix(1, 17), random_matrix(17, 33, transposed=True)
    right[:, 20] = np.inf
    left[0, 0] = 1
    assert np.isfinite(np.delete(multiply(left, right)[0], 20)).all()
