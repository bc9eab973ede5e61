"""Kernels: rows in as many passes as needed, and the element that a turn of the loops has at hand."""

import pytest

import backlit as bl
from backlit.engines.native.kernels import Kernel, reduction_axes
from backlit.engines.native.schedule import Schedule
from backlit.engines.native.walking import Access


def only_kernel(output):
    schedule = Schedule(bl.Graph(outputs=[output]))
    (kernel,) = schedule.kernels
    return kernel, schedule.stored


def passes(output):
    kernel, stored = only_kernel(output)
    return [(phase.shape, [node.op.name for node in phase.nodes]) for phase in kernel.phases(stored)]


X = bl.input("x", shape=(5, 7))


def test_a_softmax_takes_three_passes():
    assert passes(bl.softmax(X)) == [((7,), ["max"]), ((7,), ["exp", "sum"]), ((7,), ["divide"])]


def test_a_layer_normalisation_takes_three_passes():
    found = passes(bl.nn.LayerNorm(7)(X))
    assert [shape for shape, _ in found] == [(7,)] * 3
    assert [names for _, names in found][:2] == [["sum"], ["sum"]]


def test_reductions_that_need_nothing_of_each_other_share_a_pass():
    kernel, stored = only_kernel(bl.sum(X, axis=1) + bl.max(X, axis=1))
    first, second = kernel.phases(stored)
    assert [node.op.name for node in first.nodes] == ["sum", "max"]
    assert second.shape == ()


@pytest.mark.parametrize("form", ["columns", "product"])
def test_other_forms_have_one_pass(form):
    node = bl.sum(X, axis=0) if form == "columns" else X @ bl.input("w", shape=(7, 3))
    kernel, stored = only_kernel(node)
    assert kernel.form == form
    assert [phase.nodes for phase in kernel.phases(stored)] == [[node]]


def test_a_reduction_takes_in_its_argument_along_the_reduced_axes():
    x = bl.input("x", shape=(2, 3, 4))
    node = bl.sum(x, axis=(0, 2))
    kernel = Kernel("columns", (3,), [node], [node])
    assert reduction_axes(node) == (0, 2)
    outer, own, last = kernel.operand_index(node)
    assert own.terms == ((kernel.variables[0], 1),)
    assert [one.terms[0][0].extent for one in (outer, last)] == [2, 4]
    assert set(kernel.inner((2, 4))) == {outer.terms[0][0], last.terms[0][0]}


def test_a_product_reads_its_matrices_by_row_column_and_the_summed_variable():
    left, right = bl.input("a", shape=(5, 7)), bl.input("b", shape=(3, 7))
    kernel, stored = only_kernel(left @ right.T)
    first, second = kernel.operands(stored)
    row, column = kernel.variables
    (along,) = kernel.inner((7,))
    assert [first.linear().factor(v) for v in (row, column, along)] == [7, 0, 1]
    assert [second.linear().factor(v) for v in (row, column, along)] == [0, 7, 1]


def test_rows_over_fewer_axes_leave_the_others_to_inner_loops():
    x = bl.input("x", shape=(2, 3, 4))
    node = bl.exp(x)
    kernel = Kernel("rows", (2, 3), [], [node])
    assert kernel.extent_of(node) == (4,)
    kernel.rebase((2,))
    assert kernel.extent_of(node) == (3, 4)
    assert [v.extent for v in (*kernel.variables, *kernel.inner((3, 4)))] == [2, 3, 4]
    (read,) = kernel.reads({node})
    assert read == Access(x, kernel.index(node), x.shape)
