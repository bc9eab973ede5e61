"""A module of one's own: it is checked, trained, written and read like those that come with backlit.

The height of a place on a map changes quickly from place to place, and a small net on (east, north) draws it blurred.
Sines and cosines of several wavelengths as features let it see details (Tancik et al., 2020).
"""

import math
import tempfile
from pathlib import Path

import numpy as np

import backlit as bl


class Waves(bl.nn.Module):
    """Turn (x, y) into sin and cos of x and y at several wavelengths, each with a strength that is trained."""

    def __init__(self, octaves: int):
        self.octaves = octaves  # kept under its name, so that the module can say how it is built again
        self.strength = bl.parameter(np.ones(octaves), dtype="float32")

    def forward(self, place: bl.Node) -> bl.Node:
        frequency = bl.constant(0.5 * math.pi * 2.0 ** np.arange(self.octaves), dtype="float32")
        angle = bl.expand_dims(place, axis=-1) * frequency  # (rows, 2, octaves)
        waves = bl.concat([bl.sin(angle) * self.strength, bl.cos(angle) * self.strength], axis=-1)
        return bl.reshape(waves, (place.shape[0], 4 * self.octaves))


map_of_hills = bl.data.elevation()
middle, spread = map_of_hills.targets.mean(), map_of_hills.targets.std()
heights = (map_of_hills.targets - middle) / spread
known, hidden = bl.data.Dataset(map_of_hills.inputs, heights).split(0.8, seed=0)


def trained(model: bl.nn.Module) -> float:
    """Train a net, and return by how many metres it is wrong about places it has not seen."""
    trainer = bl.Trainer(model, loss=bl.losses.absolute_error, optimizer=bl.optim.Adam(5e-3))
    trainer.fit(known, epochs=8, batch_size=64)
    return float(trainer.evaluate(hidden)["loss"] * spread)


with bl.seed(0):
    plain = bl.nn.Sequential(bl.nn.Linear(2, 64), bl.nn.ReLU(), bl.nn.Linear(64, 1))
    wavy = bl.nn.Sequential(Waves(5), bl.nn.Linear(20, 64), bl.nn.ReLU(), bl.nn.Linear(64, 1))
print(wavy)

# Is its gradient right, by the places and by the strengths?
x = bl.input("x", shape=(3, 2))
print(bl.check_gradients(Waves(5)(x), {"x": [[0.1, -0.4], [0.7, 0.2], [-0.9, 0.5]]}))

plain_error, wavy_error = trained(plain), trained(wavy)
print(f"wrong by {plain_error:.0f} m on average with (east, north), by {wavy_error:.0f} m with waves")
print("the strengths that were learned:", ", ".join(f"{strength:.2f}" for strength in wavy[0].strength.value))

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "hills.safetensors"
    bl.save(wavy, path)
    again = bl.load(path, known=[Waves])  # a file never brings code along: who reads it says which classes it may name

assert np.array_equal(again.predict(hidden.inputs), wavy.predict(hidden.inputs))
assert wavy_error < 0.7 * plain_error
