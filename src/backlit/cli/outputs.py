"""The file that `backlit train` writes: checked before training, written after it.

This module imports `backlit.interop`, the errors and the modules beside it.
"""

from dataclasses import asdict
from pathlib import Path

from backlit.cli.classifiers import Classifier
from backlit.cli.recipes import Settings
from backlit.errors import FileError
from backlit.interop import check_writable, read_tensors, save
from backlit.interop.models import MODEL_KEY

__all__ = ["check_output", "write_classifier"]


def check_output(path: Path, *, force: bool = False) -> Path:
    """Return a path to which a model can be written, checked before hours of training are spent on it.

    Args:
        path: Where the model is to go.
        force: Whether a file may be replaced that is no model.

    Returns:
        The path.

    Raises:
        FileError: If it cannot be written, or there is a file that is no model of backlit.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     check_output(Path(folder) / "digits.safetensors").name
        'digits.safetensors'
    """
    check_writable(path)
    if not force and path.exists() and not _is_model(path):
        raise FileError(
            f"{path} exists, and is no model of backlit",
            why="it is not replaced without being asked, since it may be something else of yours",
            instead="choose another file: --output FILE, or replace this one: --force",
        )
    return path


def _is_model(path: Path) -> bool:
    try:
        return MODEL_KEY in read_tensors(path)[1]
    except FileError:
        return False


def write_classifier(judge: Classifier, path: Path, settings: Settings, accuracy: float) -> None:
    """Write a classifier to a file, with everything that reading pictures with it takes.

    Args:
        judge: The classifier.
        path: The file.
        settings: What it was trained with.
        accuracy: The share of the held-out pictures that it reads rightly.

    Raises:
        FileError: If it cannot be written.

    Example:
        >>> import tempfile
        >>> from backlit.cli.classifiers import read_classifier
        >>> from backlit.nn import Linear
        >>> judge = Classifier(Linear(4, 2), ("no", "yes"), (2, 2), (4,), "ink", "logits", "digits")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_classifier(judge, Path(folder) / "m", Settings("digits", 1, 1, 0.1, 0), 0.5)
        ...     read_classifier(Path(folder) / "m").classes
        ('no', 'yes')
    """
    training = {name: value for name, value in asdict(settings).items() if name != "data"}
    extra = {
        "classes": list(judge.classes),
        "image_shape": list(judge.image_shape),
        "input_shape": list(judge.input_shape),
        "preparation": judge.preparation,
        "outputs": judge.outputs,
        "data": judge.data,
        "training": training | {"accuracy_on_held_out": round(accuracy, 6)},
    }
    save(judge.model, path, extra=extra)
