"""The rules on the cards are the derivatives of the values, found in four ways, on every sample, at float64.

The adjoint identity ⟨w, Jv⟩ = ⟨Jᵀw, v⟩ ties reverse mode to forward mode without any step size; a complex step gives
the slope to rounding where the function is analytic; central differences elsewhere; and all again to second order.
"""

import numpy as np
import pytest

import backlit as bl
from backlit.autodiff import backpropagate, push_forward
from harness.differences import central_difference, complex_step, dot, size, values_at
from harness.samples import cases

ALL = [case for case in cases(("float64",)) if case.drawn]
SMOOTH = [pytest.param(case, id=str(case)) for case in ALL if case.op.differentiable]
ANALYTIC = [pytest.param(case, id=str(case)) for case in ALL if case.op.differentiable and case.op.analytic]
FLAT = [pytest.param(case, id=str(case)) for case in ALL if case.op.flat]

DIFFERENCE = 1e-9
"""Central differences with h = 6e-6 are off by h²f'''/6 + eps·f/h, about 6e-12·f''' + 4e-11·f: 1e-9 leaves room for
third derivatives of 100, as on most domains, relative to the largest slope."""

STEEP = {
    "pow": 1e-7,  # x^y has the third derivative 75,000 at x = 0.2, y = -2, and the fourth is larger by 25
    "divide": 1e-8,  # 6x/y⁴ is 2,200 at y = 0.3
    "tan": 1e-8,  # third derivative 300, fourth 3,400 at x = 1.2
    "asin": 1e-8,  # third derivative 170, fourth 2,300 at x = 0.9
    "acos": 1e-8,  # the same
    "log": 1e-8,  # fourth derivative 3,750 at x = 0.2
    "log1p": 1e-8,  # the same at x = -0.8
    "sqrt": 1e-8,  # fourth derivative 260 at x = 0.2, against a slope of 1
}


class Setting:
    """An op on inputs, a point, and random directions in the domain and in the range."""

    def __init__(self, case):
        rng = np.random.default_rng(case.seed)
        nodes, arrays = case.nodes(), case.arrays()
        self.value = case.op(*nodes, **case.sample.attributes)
        self.sources = [nodes[i] for i in case.drawn]
        self.point = {nodes[i]: arrays[i] for i in case.drawn}
        self.v, self.t = ({s: rng.normal(size=s.shape) for s in self.sources} for _ in "vt")
        self.w = rng.normal(size=self.value.shape)
        self.tolerance = STEEP.get(case.op.name, DIFFERENCE)

    def constants(self, arrays):
        return {s: bl.constant(a, dtype="float64") for s, a in arrays.items()}

    def pull(self, outputs, upstream):
        """The gradients of the sources; zeros where no path leads."""
        seeds = [bl.constant(u, dtype="float64") for u in upstream]
        walk = backpropagate(outputs, seeds, self.sources)
        return [walk.gradients.get(s, bl.constant(np.zeros(s.shape), dtype="float64")) for s in self.sources]

    def push(self, outputs, direction):
        """The tangents of outputs; zeros where nothing moves."""
        moving = push_forward(outputs, self.constants(direction))
        return [moving.get(o, bl.constant(np.zeros(o.shape), dtype="float64")) for o in outputs]

    def at(self, nodes):
        return values_at(nodes, self.point)


def assert_close(got, want, tolerance):
    for a, b in zip(got, want, strict=True):
        assert np.shape(a) == np.shape(b)
        scale = 1.0 + np.max(np.abs(b), initial=0.0)
        error = np.max(np.abs(np.asarray(a) - b), initial=0.0) / scale
        assert error <= tolerance, f"off by {error:.2e}"


@pytest.mark.parametrize("case", SMOOTH)
def test_reverse_mode_is_the_adjoint_of_forward_mode(case):
    s = Setting(case)
    forward, back = s.at(s.push([s.value], s.v)), s.at(s.pull([s.value], [s.w]))
    left, right = dot([s.w], forward), dot(back, s.v.values())
    assert abs(left - right) <= 1e-12 * max(size([s.w], forward), size(back, s.v.values()))


@pytest.mark.parametrize("name", sorted({case.op.name for case in ALL if case.op.differentiable} - {"stop_gradient"}))
def test_some_sample_of_every_op_has_a_slope(name):
    """Derivatives that are zero everywhere would agree with one another."""
    settings = [Setting(case) for case in ALL if case.op.name == name]
    assert any(np.any(s.at(s.push([s.value], s.v))[0]) for s in settings)


@pytest.mark.parametrize("case", SMOOTH)
def test_derivatives_have_the_shape_and_data_type_of_their_nodes(case):
    s = Setting(case)
    (forward,) = s.push([s.value], s.v)
    assert forward.spec == s.value.spec
    for source, gradient in zip(s.sources, s.pull([s.value], [s.w]), strict=True):
        assert gradient.spec == source.spec


@pytest.mark.parametrize("case", ANALYTIC)
def test_forward_mode_agrees_with_a_complex_step(case):
    s = Setting(case)
    assert_close(s.at(s.push([s.value], s.v)), complex_step([s.value], s.point, s.v), 1e-12)


@pytest.mark.parametrize("case", SMOOTH)
def test_forward_mode_agrees_with_central_differences(case):
    s = Setting(case)
    if case.op.name == "stop_gradient":
        return  # it has a slope, which it hides
    assert_close(s.at(s.push([s.value], s.v)), central_difference([s.value], s.point, s.v), s.tolerance)


@pytest.mark.parametrize("case", FLAT)
def test_a_flat_op_has_slope_zero_and_lets_nothing_pass(case):
    s = Setting(case)
    walk = backpropagate([s.value], [bl.constant(s.w, dtype="float64")], s.sources)
    assert not set(walk.gradients) & set(s.sources)
    assert {edge.consumer for edge in walk.blocked} == {s.value}
    assert s.value not in push_forward([s.value], s.constants(s.v))
    (slope,) = central_difference([bl.cast(s.value, "float64")], s.point, s.v)
    assert not slope.any()


@pytest.mark.parametrize("case", SMOOTH)
def test_second_order_forward_over_reverse(case):
    s = Setting(case)
    back = s.pull([s.value], [s.w])
    second = s.at(s.push(back, s.t))
    assert_close(second, central_difference(back, s.point, s.t), s.tolerance)
    if case.op.analytic:
        assert_close(second, complex_step(back, s.point, s.t), 1e-12)


@pytest.mark.parametrize("case", SMOOTH)
def test_second_order_reverse_over_reverse(case):
    """H = ∂(Jᵀw)/∂x is symmetric, and walking back through it is its adjoint: ⟨v, Ht⟩ = ⟨Hv, t⟩, by either mode."""
    s = Setting(case)
    back = s.pull([s.value], [s.w])
    ahead, across = s.at(s.push(back, s.t)), s.at(s.pull(back, s.v.values()))
    left, right = dot(s.v.values(), ahead), dot(across, s.t.values())
    assert abs(left - right) <= 1e-12 * max(size(s.v.values(), ahead), size(across, s.t.values()))
    assert_close(s.at(s.pull(back, s.t.values())), ahead, 1e-12)


@pytest.mark.parametrize("case", SMOOTH)
def test_second_order_reverse_over_forward_and_forward_over_forward(case):
    s = Setting(case)
    forward = s.push([s.value], s.t)
    assert_close(s.at(s.pull(forward, [s.w])), s.at(s.push(s.pull([s.value], [s.w]), s.t)), 1e-12)
    assert_close(s.at(s.push(forward, s.v)), central_difference(forward, s.point, s.v), s.tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", SMOOTH)
def test_a_gradient_has_the_data_type_of_its_node_also_when_precisions_meet(case, dtype):
    """One argument in another precision than the rest: its gradient comes back in its own."""
    other = "float64" if dtype == "float32" else "float32"
    nodes = [
        bl.input(f"x{i}", shape=a, dtype=dtype if i == case.drawn[0] else other) if isinstance(a, tuple) else a
        for i, a in enumerate(case.sample.arguments)
    ]
    value = case.op(*nodes, **case.sample.attributes)
    sources = [nodes[i] for i in case.drawn]
    walk = backpropagate([value], [bl.cast(bl.constant(np.ones(value.shape)), value.dtype)], sources)
    for source in sources:
        if source in walk.gradients:
            assert walk.gradients[source].spec == source.spec
    for source in sources:
        tangent = push_forward([value], {source: bl.cast(np.ones(source.shape), source.dtype)}).get(value)
        assert tangent is None or tangent.spec == value.spec
