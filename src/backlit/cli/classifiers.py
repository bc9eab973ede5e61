"""A model file that tells pictures apart: what it needs to be more than a list of numbers.

This module imports NumPy, `backlit.interop`, `backlit.nn` and the errors.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.errors import FileError
from backlit.interop import read_model
from backlit.nn import Module

__all__ = ["Classifier", "read_classifier"]

_PREPARATIONS = ("ink", "resize")
_OUTPUTS = ("logits", "probabilities")
_MOST_PIXELS = 100_000_000


@dataclass(frozen=True)
class Classifier:
    """A model whose outputs are classes of pictures.

    Args:
        model: The model.
        classes: The names of its outputs.
        image_shape: (height, width) or (height, width, channels) of a picture.
        input_shape: The shape of one row of what the model takes.
        preparation: How a picture is brought into its form.
        outputs: Whether its outputs are ``"logits"`` or ``"probabilities"``.
        data: What it was trained on; empty where the file does not say.

    Example:
        >>> import backlit as bl
        >>> net = bl.nn.Linear(4, 2, weight_initialiser=bl.nn.initialisers.Zeros())
        >>> judge = Classifier(net, ("no", "yes"), (2, 2), (4,), "ink", "logits", "")
        >>> judge.probabilities(np.zeros((1, 2, 2), np.float32)).tolist()
        [[0.5, 0.5]]
    """

    model: Module
    classes: tuple[str, ...]
    image_shape: tuple[int, ...]
    input_shape: tuple[int, ...]
    preparation: str
    outputs: str
    data: str

    def probabilities(self, pictures: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return how probable the model finds each class.

        Args:
            pictures: Pictures, of shape (pictures, *image_shape).

        Returns:
            An array of shape (pictures, classes), whose rows add up to 1.

        Raises:
            FileError: If the model does not give one finite number for each class.
        """
        outputs = self.model.predict(pictures.reshape(len(pictures), *self.input_shape)).astype(np.float64)
        if outputs.shape != (len(pictures), len(self.classes)) or not np.isfinite(outputs).all():
            raise FileError(
                f"the model answers with an array of shape {outputs.shape}, or with values that are not finite",
                why=f"{len(pictures)} pictures and {len(self.classes)} classes need {len(self.classes)} numbers each",
                instead="train it again",
            )
        if self.outputs == "probabilities":
            return outputs
        powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return shares


def read_classifier(path: Path) -> Classifier:
    """Read a model from a file, and check that it tells pictures apart.

    Args:
        path: The file.

    Returns:
        The classifier.

    Raises:
        FileError: If the file is missing or damaged, or its model is of another kind.

    Example:
        >>> read_classifier(Path("no such file"))
        Traceback (most recent call last):
        backlit.errors.FileError: there is no file no such file
          instead: check the path
    """
    found = read_model(path)
    extra = found.extra
    classes, data = extra.get("classes"), extra.get("data", "")
    image_shape, input_shape = _shape(extra.get("image_shape")), _shape(extra.get("input_shape"))
    preparation, outputs = extra.get("preparation"), extra.get("outputs")
    has_classes = isinstance(classes, list) and len(classes) > 1 and all(isinstance(name, str) for name in classes)
    lacking = {
        "names of classes": not has_classes,
        "the shape of a picture": image_shape is None or len(image_shape) not in (2, 3),
        "the shape of an input": input_shape is None or math.prod(input_shape) != math.prod(image_shape or ()),
        "how a picture is prepared": preparation not in _PREPARATIONS,
        "what its outputs are": outputs not in _OUTPUTS,
    }
    if any(lacking.values()):
        raise FileError(
            f"{path} holds a model, and no classifier of pictures: it lacks "
            + ", ".join(name for name, is_lacking in lacking.items() if is_lacking),
            why="a picture can be read only where these stand in the file beside the model",
            instead="train one: backlit train digits, or save yours with bl.save(model, path, extra=...) as "
            "docs/file-format.md describes",
        )
    return Classifier(
        found.model,
        tuple(map(str, classes or ())),
        image_shape or (),
        input_shape or (),
        str(preparation),
        str(outputs),
        str(data),
    )


def _shape(value: Any) -> tuple[int, ...] | None:
    """Return a list of lengths as a shape, or None where it is none."""
    if not isinstance(value, list) or not value:
        return None
    if not all(type(side) is int and side > 0 for side in value) or math.prod(value) > _MOST_PIXELS:
        return None
    return tuple(value)
