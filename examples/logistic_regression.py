"""Logistic regression, twice: by gradient descent, and by Newton's method with the Hessian of the same graph.

The loss is convex: there is one minimum, and both ways must lead there. Newton's method takes a handful of steps.
"""

import numpy as np

import backlit as bl

# Two classes that overlap: nobody can be right about all of them.
rng = np.random.default_rng(0)
labels = np.repeat([0, 1], 100)
points = rng.normal(size=(200, 2)) + np.where(labels[:, None] == 1, [1.0, 0.5], [-1.0, -0.5])


def minimise_by_gradient_descent() -> tuple[np.ndarray, int]:
    """Walk downhill until the loss has settled."""
    with bl.precision("float64"):
        model = bl.nn.Linear(2, 1, rng=0)
    trainer = bl.Trainer(model, loss=bl.losses.binary_cross_entropy, optimizer=bl.optim.SGD(1.0))
    history = trainer.fit((points, labels[:, None]), epochs=1000, batch_size=200, stop=bl.train.LossChangeBelow(1e-12))
    print(f"gradient descent: {history.stopped}")
    return np.append(model.weight.value[:, 0], model.bias.value), len(history)


def minimise_by_newton() -> tuple[np.ndarray, int]:
    """Go to where the parabola that fits the loss here has its lowest point, θ ← θ − H⁻¹ ∇L, again and again."""
    with bl.precision("float64"):
        θ = bl.parameter([0.0, 0.0, 0.0], name="θ")
        extended = bl.constant(np.column_stack([points, np.ones(200)]))  # the bias weighs a column of ones
    loss = bl.losses.binary_cross_entropy(extended @ θ, labels)
    look = bl.compile(outputs=[loss, bl.grad(loss, θ), bl.hessian(loss, θ)])
    steps = 0
    value, gradient, hessian = look()
    while np.linalg.norm(gradient) > 1e-10:
        print(f"Newton: loss {float(value):.12f}, slope {float(np.linalg.norm(gradient)):.1e}")
        θ.value -= np.linalg.solve(hessian, gradient)
        steps += 1
        value, gradient, hessian = look()
    return θ.value.copy(), steps


by_descent, epochs = minimise_by_gradient_descent()
by_newton, steps = minimise_by_newton()
print(f"after {epochs} steps downhill   w = {by_descent.round(4).tolist()}")
print(f"after {steps} steps of Newton    w = {by_newton.round(4).tolist()}")

said = (np.column_stack([points, np.ones(200)]) @ by_newton > 0).astype(int)
print(f"{(said == labels).mean():.1%} of the points are on their side of the line")

assert np.allclose(by_descent, by_newton, atol=1e-4)
assert steps <= 10 < epochs
assert (said == labels).mean() > 0.8
