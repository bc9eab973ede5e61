"""Train the digit net on MNIST with backlit, until it names so many of the test digits; print the share of these.

Arguments: a seed, the share that is enough, how many rows to train on, and the engine.
"""

import sys
from collections.abc import Sequence

import backlit as bl

BATCH = 32
EPOCHS = 20


def main(arguments: Sequence[str]) -> int:
    """Train and test."""
    seed, goal, rows, engine = int(arguments[0]), float(arguments[1]), int(arguments[2]), arguments[3]
    train, test = bl.data.mnist()
    accuracy = 0.0
    with bl.seed(seed):
        model = bl.nn.Sequential(
            bl.nn.Linear(784, 300), bl.nn.ReLU(), bl.nn.Linear(300, 100), bl.nn.ReLU(), bl.nn.Linear(100, 10)
        )
    trainer = bl.Trainer(
        model,
        loss=bl.losses.cross_entropy,
        optimizer=bl.optim.Adam(1e-3),
        metrics=[bl.metrics.accuracy],
        engine=engine,
        seed=seed,
    )
    for epoch in range(1, EPOCHS + 1):
        trainer.fit((train.inputs[:rows], train.targets[:rows]), epochs=1, batch_size=BATCH, progress=False)
        accuracy = trainer.evaluate(test)["accuracy"]
        print(f"epoch {epoch}: {accuracy:.4f}")
        if accuracy >= goal:
            break
    print(accuracy)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
