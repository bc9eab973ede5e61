"""Copies of panels and strips: every way of copying gives what is read in place."""

import numpy as np
import pytest

from harness.products import check, multiply, random_matrix, targets

COPIES = [{"copy_left": left, "copy_right": right} for left in (False, True) for right in (False, True)]


@pytest.mark.parametrize("target", targets(), ids=lambda target: target.cpu)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_a_copied_panel_is_the_panel(dtype, target):
    left = random_matrix(9, 21, dtype)
    for columns in (5, 40):
        rows_together = random_matrix(21, columns, dtype, seed=1)
        columns_together = random_matrix(21, columns, dtype, transposed=True, seed=1)
        spread = random_matrix(42, 2 * columns, dtype)[::2, ::2]
        for right in (rows_together, columns_together, spread):
            check(left, right, copy_right=True, target=target)


@pytest.mark.parametrize("inner", [1, 5, 16, 33])
def test_columns_shorter_and_longer_than_a_vector(inner):
    left, right = random_matrix(9, inner), random_matrix(inner, 50, transposed=True, seed=1)
    check(left, right, copy_right=True)
    check(left, right, copy_right=True, inner=(0, inner), dynamic=(False, False, True))


@pytest.mark.parametrize("updating", [False, True])
@pytest.mark.parametrize("transposed", [False, True])
def test_copies_do_not_change_a_bit(transposed, updating):
    left, right = random_matrix(37, 50, transposed=transposed), random_matrix(50, 70, seed=1)
    results = [multiply(left, right, **copies, updating=updating) for copies in COPIES]
    assert all(np.array_equal(result, results[0]) for result in results)


@pytest.mark.parametrize("rows", [(0, 37), (3, 5), (8, 37)])
@pytest.mark.parametrize("block_rows", [0, 2])
def test_strips_of_rows_that_are_known_only_later(rows, block_rows):
    for matrix in (random_matrix(37, 50), random_matrix(37, 50, transposed=True), random_matrix(74, 100)[::2, ::2]):
        right = random_matrix(50, 70, seed=1)
        check(matrix, right, rows=rows, dynamic=(True, False, False), copy_left=True, block_rows=block_rows)
