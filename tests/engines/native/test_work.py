"""Work: the numbers that decide how a step is divided, for kernels small enough to count by hand."""

import pytest

import backlit as bl
from backlit.engines.native.ordering import order
from backlit.engines.native.work import kernel_bytes, kernel_operations, kernel_work, node_bytes


def only_kernel(*outputs):
    ordered = order(bl.Graph(outputs=outputs))
    (kernel,) = ordered.kernels
    return ordered, kernel


def product(rows=8, inner=16, columns=4, dtype="float32"):
    return bl.input("x", (rows, inner), dtype=dtype) @ bl.input("w", (inner, columns), dtype=dtype)


@pytest.mark.parametrize(
    ("shape", "dtype", "expected"),
    [((), "float32", 4), ((3, 5), "float64", 120), ((7,), "bool", 7), ((0, 4), "float32", 0), ((2,), "int64", 16)],
)
def test_an_array_has_so_many_bytes(shape, dtype, expected):
    assert node_bytes(bl.input("x", shape, dtype=dtype)) == expected


def test_a_product_multiplies_and_adds_once_for_each_pair():
    ordered, kernel = only_kernel(product())
    assert kernel_operations(kernel, ordered.stored) == 2 * 8 * 16 * 4


def test_what_is_joined_to_a_product_is_counted_too():
    ordered, kernel = only_kernel(product() * 2.0)
    assert kernel.form == "product"
    assert kernel_operations(kernel, ordered.stored) == 2 * 8 * 16 * 4 + 8 * 4


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("float64", 8)])
def test_each_array_is_moved_once(dtype, size):
    y = product(dtype=dtype)
    ordered, kernel = only_kernel(y)
    assert kernel_bytes(kernel, ordered.reads[kernel], {y}) == size * (8 * 16 + 16 * 4 + 8 * 4)
    assert kernel_bytes(kernel, ordered.reads[kernel], set()) == size * (8 * 16 + 16 * 4)


def test_an_array_that_is_read_twice_counts_once():
    x = bl.input("x", (5,))
    y = x * bl.exp(x)
    ordered, kernel = only_kernel(y)
    assert kernel_bytes(kernel, ordered.reads[kernel], {y}) == 2 * 5 * 4


def test_an_exponential_is_more_work_than_a_sum():
    x = bl.input("x", (1000,))
    operations = []
    for node in (x + 1.0, bl.exp(x)):
        ordered, kernel = only_kernel(node)
        operations.append(kernel_operations(kernel, ordered.stored))
    assert operations[0] == 1000
    assert operations[1] > 5 * operations[0]


def test_time_grows_with_the_work():
    times = []
    for inner in (16, 160, 1600):
        ordered, kernel = only_kernel(product(64, inner, 64))
        times.append(kernel_work(kernel, ordered.reads[kernel], ordered.stored))
    assert times == sorted(times)
    assert times[2] > 5 * times[1]


def test_a_large_product_is_bound_by_arithmetic_and_a_long_sum_by_memory():
    ordered, kernel = only_kernel(product(256, 256, 256))
    assert kernel_work(kernel, ordered.reads[kernel], ordered.stored) == pytest.approx(2 * 256**3 / 150 + 5)
    x, y = bl.input("x", (10_000,)), bl.input("y", (10_000,))
    ordered, kernel = only_kernel(x + y)
    assert kernel_work(kernel, ordered.reads[kernel], ordered.stored) == pytest.approx(3 * 40_000 / 20 + 5)
