"""Where a model goes is checked before it is trained, and what is not ours is not replaced."""

import numpy as np
import pytest

from backlit import nn
from backlit.cli.classifiers import Classifier, read_classifier
from backlit.cli.outputs import check_output, write_classifier
from backlit.cli.recipes import Settings
from backlit.errors import FileError
from backlit.interop import read_model, save, write_tensors


def test_a_new_file_and_a_model_may_be_written(tmp_path):
    assert check_output(tmp_path / "new") == tmp_path / "new"
    save(nn.ReLU(), tmp_path / "old")
    before = (tmp_path / "old").read_bytes()
    check_output(tmp_path / "old")
    assert (tmp_path / "old").read_bytes() == before


def test_a_file_that_is_no_model_is_not_replaced_without_being_asked(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    write_tensors(tmp_path / "tensors", {"w": np.ones(2)})
    for name in ("thesis.txt", "tensors"):
        with pytest.raises(FileError, match="exists, and is no model of backlit") as raised:
            check_output(tmp_path / name)
        assert "--force" in raised.value.instead
        check_output(tmp_path / name, force=True)


@pytest.mark.parametrize("force", [True, False])
def test_a_path_that_cannot_be_written_is_refused(force, tmp_path):
    with pytest.raises(FileError, match="there is no folder"):
        check_output(tmp_path / "none" / "m", force=force)
    with pytest.raises(FileError, match="is a folder"):
        check_output(tmp_path, force=force)


def test_what_is_written_can_be_read_with_all_that_is_known(tmp_path):
    model = nn.Linear(4, 2, rng=0)
    judge = Classifier(model, ("no", "yes"), (2, 2), (4,), "ink", "logits", "digits")
    settings = Settings("digits", 3, 8, 0.25, 7, augment=False)
    write_classifier(judge, tmp_path / "m", settings, 0.9)
    again = read_classifier(tmp_path / "m")
    assert (again.classes, again.image_shape, again.input_shape) == (judge.classes, (2, 2), (4,))
    assert (again.preparation, again.outputs, again.data) == ("ink", "logits", "digits")
    assert read_model(tmp_path / "m").extra["training"] == {
        "epochs": 3,
        "batch_size": 8,
        "learning_rate": 0.25,
        "seed": 7,
        "augment": False,
        "engine": None,
        "accuracy_on_held_out": 0.9,
    }
