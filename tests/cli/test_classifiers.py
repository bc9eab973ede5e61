"""A model file is a classifier of pictures only where everything that this takes stands in it."""

import numpy as np
import pytest

from backlit import nn
from backlit.cli.classifiers import read_classifier
from backlit.errors import FileError
from backlit.interop import save

EXTRA = {
    "classes": ["no", "yes"],
    "image_shape": [2, 3],
    "input_shape": [6],
    "preparation": "ink",
    "outputs": "logits",
    "data": "",
}


def write(path, model=None, **changes):
    extra = {name: value for name, value in (EXTRA | changes).items() if value is not None}
    save(model or nn.Linear(6, 2, rng=0), path, extra=extra)
    return path


def test_a_classifier_gives_probabilities(tmp_path):
    judge = read_classifier(write(tmp_path / "m"))
    assert judge.classes == ("no", "yes")
    pictures = np.random.default_rng(0).random((5, 2, 3), np.float32)
    shares = judge.probabilities(pictures)
    logits = judge.model.predict(pictures.reshape(5, 6)).astype(np.float64)
    np.testing.assert_allclose(shares, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))


def test_huge_logits_do_not_overflow(tmp_path):
    model = nn.Linear(6, 2, weight_initialiser=nn.initialisers.Constant(1e30))
    assert read_classifier(write(tmp_path / "m", model)).probabilities(np.ones((1, 2, 3), np.float32)).sum() == 1


def test_outputs_that_are_probabilities_stay_as_they_are(tmp_path):
    model = nn.Sequential(nn.Linear(6, 2, rng=0), nn.Softmax())
    judge = read_classifier(write(tmp_path / "m", model, outputs="probabilities"))
    picture = np.ones((1, 2, 3), np.float32)
    assert np.array_equal(judge.probabilities(picture), model.predict(picture.reshape(1, 6)))


@pytest.mark.parametrize(
    ("changes", "lacking"),
    [
        ({"classes": None}, "names of classes"),
        ({"classes": ["one"]}, "names of classes"),
        ({"classes": [1, 2]}, "names of classes"),
        ({"classes": "ab"}, "names of classes"),
        ({"image_shape": None}, "the shape of a picture"),
        ({"image_shape": [6]}, "the shape of a picture"),
        ({"image_shape": [2.0, 3]}, "the shape of a picture"),
        ({"image_shape": [10**6, 10**6]}, "the shape of a picture"),
        ({"image_shape": [-2, -3]}, "the shape of a picture"),
        ({"input_shape": None}, "the shape of an input"),
        ({"input_shape": [7]}, "the shape of an input"),
        ({"preparation": "rm -rf"}, "how a picture is prepared"),
        ({"outputs": None}, "what its outputs are"),
    ],
)
def test_what_is_lacking_is_named(changes, lacking, tmp_path):
    with pytest.raises(FileError, match=f"no classifier of pictures: it lacks .*{lacking}") as raised:
        read_classifier(write(tmp_path / "m", **changes))
    assert "backlit train digits" in raised.value.instead


def test_a_model_with_another_number_of_outputs_is_refused(tmp_path):
    judge = read_classifier(write(tmp_path / "m", classes=["a", "b", "c"]))
    with pytest.raises(FileError, match=r"shape \(1, 2\)"):
        judge.probabilities(np.ones((1, 2, 3), np.float32))


def test_a_model_that_is_not_finite_is_refused(tmp_path):
    model = nn.Linear(6, 2, rng=0)
    model.weight.value[0, 0] = np.nan
    with pytest.raises(FileError, match="not finite"):
        read_classifier(write(tmp_path / "m", model)).probabilities(np.ones((1, 2, 3), np.float32))
