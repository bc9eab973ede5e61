"""Costs are counted as one counts by hand, and the bound is the roofline."""

import json
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit.engines.native import NativeEngine
from backlit.engines.native.machine import bandwidth, peak_operations


def compiled(outputs: Any, inputs: Any = None, updates: Any = None) -> Any:
    return bl.compile(inputs, outputs, updates, engine=NativeEngine())


def test_a_product_counts_two_operations_for_each_of_its_m_n_k() -> None:
    x, w = bl.input("x", (64, 128)), bl.input("w", (128, 32))
    cost = compiled(x @ w).cost()
    assert cost.operations == 2 * 64 * 128 * 32
    assert cost.bytes == 4 * (64 * 128 + 128 * 32 + 64 * 32)
    assert cost.array_bytes == cost.bytes


def test_what_follows_a_product_in_registers_moves_no_bytes() -> None:
    x, w, b = bl.input("x", (64, 128)), bl.input("w", (128, 32)), bl.input("b", (32,))
    alone, fused = compiled(x @ w).cost(), compiled(bl.relu(x @ w + b)).cost()
    assert fused.bytes - alone.bytes == 4 * 32
    assert fused.operations - alone.operations == 2 * 64 * 32
    assert len(fused.kernels) == 1


def test_views_and_broadcasts_cost_nothing() -> None:
    x, b = bl.input("x", (16, 8)), bl.input("b", (8,))
    cost = compiled(x.T + bl.reshape(b, (8, 1))).cost()
    assert cost.operations == 16 * 8
    assert cost.bytes == 4 * (2 * 16 * 8 + 8)


def test_a_function_counts_with_its_instructions() -> None:
    x = bl.input("x", (1000,))
    assert compiled(bl.exp(x)).cost().operations > 5 * compiled(-x).cost().operations


def test_a_sum_counts_its_terms() -> None:
    x = bl.input("x", (50, 40))
    assert compiled(bl.sum(x, axis=1)).cost().operations == 50 * 40
    assert compiled(bl.sum(x, axis=0)).cost().operations == 50 * 40


def test_an_update_in_place_reads_and_writes_its_parameter() -> None:
    w = bl.parameter(np.ones(1000, "float32"), name="w")
    cost = compiled([], updates={w: w * 0.5}).cost()
    assert cost.bytes == 2 * 4000
    assert cost.operations == 1000


def test_of_a_table_no_more_counts_than_what_is_taken() -> None:
    table, rows = bl.parameter(np.ones((10_000, 8), "float32"), name="table"), bl.input("rows", (5,), "int64")
    assert compiled(bl.take(table, rows, axis=0)).cost().bytes < 1000


def test_the_bound_is_the_larger_of_arithmetic_and_memory() -> None:
    x, w = bl.input("x", (256, 256)), bl.input("w", (256, 256))
    (product,) = compiled(x @ w).cost().kernels
    assert product.limit == "arithmetic"
    assert product.bound == product.operations / peak_operations(product.threads)
    (copy,) = compiled(-x).cost().kernels
    assert copy.limit == "memory"
    assert copy.bound == copy.bytes / bandwidth(copy.threads, copy.bytes)


def test_doubles_take_twice_the_arithmetic() -> None:
    bounds = []
    for dtype in ("float32", "float64"):
        x = bl.input("x", (256, 256), dtype)
        (kernel,) = compiled(x @ x).cost().kernels
        bounds.append(kernel.operations / kernel.bound / peak_operations(kernel.threads))
    assert bounds == pytest.approx([1.0, 0.5])


def test_memory_is_what_the_program_keeps_beside_the_users_arrays() -> None:
    x = bl.input("x", (64, 64))
    program = compiled((x @ x) @ x)
    cost, plan = program.cost(), program.plan
    assert cost.memory_bytes == plan.arena_bytes + plan.threads * plan.private_bytes >= 4 * 64 * 64


def test_totals_add_up_and_the_report_is_data() -> None:
    x = bl.input("x", (64, 64))
    cost = compiled(bl.softmax(x @ x) @ x).cost()
    data = json.loads(json.dumps(cost.as_dict()))
    for total in ("operations", "bytes", "bound"):
        assert data[total] == pytest.approx(sum(kernel[total] for kernel in data["kernels"]))
    assert str(cost).count("\n") == len(cost.kernels) + 2, "a title, the kernels, the total, and a line on memory"
    assert max(map(len, str(cost).splitlines())) <= 100


@pytest.mark.parametrize("sample", ["concat", "cumulative_sum", "argmax", "scatter_add", "random_bits", "pad"])
def test_ops_with_a_loop_of_their_own_have_a_cost(sample: str) -> None:
    x, i = bl.input("x", (6, 4)), bl.constant(np.array([0, 1, 1, 2, 0, 2]))
    node: Any = {
        "concat": lambda: bl.concat([x, x], axis=0),
        "cumulative_sum": lambda: bl.cumulative_sum(x, axis=0),
        "argmax": lambda: bl.argmax(x, axis=1),
        "scatter_add": lambda: bl.graph.OPS["scatter_add"](x, i, axis=0, size=3),
        "random_bits": lambda: bl.uniform((6, 4), rng=bl.Generator(0)),
        "pad": lambda: bl.pad(x, ((1, 1), (0, 0))),
    }[sample]()
    cost = compiled(node).cost()
    assert cost.bytes >= 4 * 3
    assert cost.bound > 0
