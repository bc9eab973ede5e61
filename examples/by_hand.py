"""The graph of the first lecture: values forward, derivatives backward, and the update, as one program.

f = (x1 · θ1 + x2 · θ2) + θ3    at x = (3, −2), θ = (4, 5, 1)
"""

import backlit as bl

x1, x2 = bl.input("x1"), bl.input("x2")
θ1, θ2, θ3 = (bl.parameter(value, name=name) for name, value in [("θ1", 4.0), ("θ2", 5.0), ("θ3", 1.0)])

f1 = (x1 * θ1).named("f1")
f2 = (x2 * θ2).named("f2")
f3 = (f1 + f2).named("f3")
f = (f3 + θ3).named("f")

print(bl.Graph(inputs=[x1, x2], outputs=[f]))

# Forward, node by node.
forward = bl.compile([x1, x2], [f1, f2, f3, f])
values = [float(value) for value in forward(3.0, -2.0)]
print("forward    ", dict(zip(["f1", "f2", "f3", "f"], values, strict=True)))
assert values == [12.0, -10.0, 2.0, 3.0]

# Backward: the gradient is a graph too, so the same two words run it.
leaves = [θ1, θ2, θ3, x1, x2]
backward = bl.compile([x1, x2], bl.grad(f, leaves))
slopes = [float(slope) for slope in backward(3.0, -2.0)]
print("backward   ", dict(zip([leaf.name for leaf in leaves], slopes, strict=True)))
assert slopes == [3.0, -2.0, 1.0, 4.0, 5.0]

# Do the rules and the values agree?
print("checked    ", bl.check_gradients(f, {x1: 3.0, x2: -2.0}))

# One step downhill: θ ← θ − α ∂f/∂θ. Forward, backward and update are one program.
parameters = [θ1, θ2, θ3]
gradients = bl.grad(f, parameters)
step = bl.compile([x1, x2], f, {θ: θ - 0.1 * slope for θ, slope in zip(parameters, gradients, strict=True)})
before = float(step(3.0, -2.0))
after = float(f.evaluate({x1: 3.0, x2: -2.0}))
print(f"update      f was {before:.1f} and is {after:.1f}; θ = {[round(float(θ.value), 2) for θ in parameters]}")

# f falls by α · |∇f|² = 0.1 · (3² + 2² + 1²): f is linear in θ, so that is exact.
assert before == 3.0
assert abs(after - (3.0 - 0.1 * 14.0)) < 1e-5
