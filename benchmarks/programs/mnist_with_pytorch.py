"""Train the digit net on MNIST with PyTorch, until it names so many of the test digits; print the share of these.

A plain script: the pictures are one tensor in memory, and the batches are picked from it, which takes far less time
than a ``DataLoader``. Arguments: a seed, the share that is enough, how many rows to train on, and one for others.
"""

import gzip
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

BATCH = 32
EPOCHS = 20


def read(part: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Read the pictures and the labels of a part of MNIST."""
    folder = Path(os.environ["BACKLIT_DATA"]) / "mnist"
    with gzip.open(folder / f"{part}-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(), dtype=np.uint8, offset=16).reshape(-1, 784)
    with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), dtype=np.uint8, offset=8)
    return torch.from_numpy(pixels.astype(np.float32) / 255), torch.from_numpy(labels.astype(np.int64))


def main(arguments: Sequence[str]) -> int:
    """Train and test."""
    seed, goal, rows = int(arguments[0]), float(arguments[1]), int(arguments[2])
    torch.manual_seed(seed)
    (x, y), (test_x, test_y) = read("train"), read("t10k")
    x, y = x[:rows], y[:rows]
    model = torch.nn.Sequential(
        torch.nn.Linear(784, 300), torch.nn.ReLU(), torch.nn.Linear(300, 100), torch.nn.ReLU(), torch.nn.Linear(100, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    accuracy = 0.0
    for epoch in range(1, EPOCHS + 1):
        for rows_of_batch in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x[rows_of_batch]), y[rows_of_batch])
            loss.backward()
            optimizer.step()
        with torch.inference_mode():
            accuracy = float((model(test_x).argmax(dim=1) == test_y).float().mean())
        print(f"epoch {epoch}: {accuracy:.4f}")
        if accuracy >= goal:
            break
    print(accuracy)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
