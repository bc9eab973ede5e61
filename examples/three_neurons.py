"""Three neurons draw a day of air traffic: a rise in the morning, a plateau, a slope in the evening.

    ŷ = b₂₁ + Σⱼ w₂ⱼ · ReLU(b₁ⱼ + w₁ⱼ x)

Each hidden neuron makes one kink. The weights of the lecture are the sketch; training moves the kinks.
"""

import numpy as np

import backlit as bl

day = bl.data.air_traffic()
hours, flights = day.inputs, day.targets  # the hour of the day, and thousands of flights
x = hours / 12 - 1  # from −1 to 1, so that steps of one size suit weights and biases alike

# The lecture gives weights for hours; w · hours + b is 12 w · x + (b + 12 w).
model = bl.nn.ThreeNeuron.with_weights(
    w11=12 * 0.4, b11=-5.9 + 12 * 0.4, w12=12 * -0.6, b12=5.2 + 12 * -0.6, w21=-1.0, w22=-1.0, b21=5.1
)
trainer = bl.Trainer(model, loss=bl.losses.squared_error, optimizer=bl.optim.Adam(0.05))
sketched = trainer.evaluate((x, flights))["loss"]
trainer.fit((x, flights), epochs=600, batch_size=48)
fitted = trainer.evaluate((x, flights))["loss"]

print("hour   o data, | three neurons")
for hour, truth, answer in zip(hours.ravel(), flights.ravel(), model.predict(x).ravel(), strict=True):
    line = [" "] * 60
    line[round(12 + 6 * float(answer))] = "|"
    line[round(12 + 6 * float(truth))] = "o"
    print(f"{hour:5.2f} {''.join(line).rstrip()}")

guess = float(np.var(flights))
weights = bl.nn.notation(model)  # the weights under the lecture's names
morning, evening = sorted(12 * (1 - weights.b[1, j] / weights.w[1, j, 1]) for j in (1, 2))
print(f"the mean squared error is {sketched:.2f} for the sketch, {fitted:.2f} after training, {guess:.2f} for the mean")
print(f"the plateau lasts from {morning:.1f} to {evening:.1f} o'clock")

assert fitted < 0.5 * sketched
assert fitted < 0.2 * guess
assert 7 < morning < 10
assert 18 < evening < 21
