"""Training is cut short, goes on from its last checkpoint, and ends with the very bits it would have ended with."""

import tempfile

import numpy as np

import backlit as bl

train, _ = bl.data.digits()
train = train[::4]


class PowerCutError(Exception):
    """What happens in the middle of the night."""


class CutAt(bl.train.Callback):
    """Cut the power after so many steps."""

    def __init__(self, step: int):
        self.step = step

    def on_step_end(self, state: bl.train.TrainingState) -> None:
        if state.step == self.step:
            raise PowerCutError(f"in epoch {state.epoch}, after step {state.step}")


def new_trainer(callbacks=()) -> bl.Trainer:
    """A net with momentum and dropout: both remember something from step to step, which has to come back too."""
    with bl.seed(0):
        model = bl.nn.Sequential(bl.nn.Linear(784, 64), bl.nn.ReLU(), bl.nn.Dropout(0.2), bl.nn.Linear(64, 10))
    return bl.Trainer(
        model, loss=bl.losses.cross_entropy, optimizer=bl.optim.SGD(0.05, momentum=0.9), callbacks=callbacks
    )


whole = new_trainer()
whole.fit(train, epochs=4, batch_size=50)

with tempfile.TemporaryDirectory() as folder:
    try:
        new_trainer(CutAt(step=47)).fit(train, epochs=4, batch_size=50, checkpoint=folder, checkpoint_every=10)
    except PowerCutError as cut:
        print(f"the power was cut {cut}; the last checkpoint was written after step 40")

    resumed = new_trainer()  # a new process would start like this
    history = resumed.fit(train, epochs=4, batch_size=50, checkpoint=folder, checkpoint_every=10, resume=True)

print(history)

assert len(history) == 4
assert history["loss"] == whole.history["loss"]
for name, parameter in whole.model.parameters().items():
    assert np.array_equal(parameter.value, resumed.model.parameters()[name].value), name
print("every bit of every parameter is what it is without the power cut")
