"""A net learns to read handwritten digits, is written to a file, and reads them as well when it is loaded again."""

import tempfile
from pathlib import Path

import backlit as bl

train, test = bl.data.digits()

with bl.seed(0):
    model = bl.nn.Sequential(
        bl.nn.Linear(784, 300),
        bl.nn.ReLU(),
        bl.nn.Linear(300, 100),
        bl.nn.ReLU(),
        bl.nn.Linear(100, 10),
    )
print(model)

trainer = bl.Trainer(
    model,
    loss=bl.losses.cross_entropy,
    optimizer=bl.optim.Adam(1e-3),
    metrics=[bl.metrics.accuracy],
)
history = trainer.fit(train, validation=test, epochs=5, batch_size=32)
print(history)

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "digits.safetensors"
    bl.save(model, path, extra={"classes": list(train.classes)})
    again = bl.load(path)

answers = again.predict(test.inputs).argmax(axis=1)
print("a row for each digit that was written, a column for each that was read")
print(bl.metrics.confusion_matrix(test.targets, answers, classes=10))

accuracy = float((answers == test.targets).mean())
print(f"{accuracy:.1%} of {len(test):,} digits that it had never seen")
assert accuracy > 0.9
assert accuracy == history["validation accuracy"][-1]
