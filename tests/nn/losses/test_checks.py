"""What losses refuse: shapes that would broadcast, kinds that do not fit, probabilities where scores belong."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ArgumentError, DTypeError, ShapeError

PAIRED = [bl.losses.squared_error, bl.losses.absolute_error, bl.losses.huber, bl.losses.binary_cross_entropy]
FROM_SCORES = [
    bl.losses.cross_entropy,
    bl.losses.kl_divergence,
    bl.losses.binary_cross_entropy,
    bl.losses.binary_kl_divergence,
]
CLASSES = [bl.losses.cross_entropy, bl.losses.kl_divergence, bl.losses.negative_log_likelihood]


def name_of(value):
    return getattr(value, "__name__", "")


def node(*shape, dtype="float32"):
    return bl.input("node", shape=shape, dtype=dtype)


@pytest.mark.parametrize("loss", [*PAIRED, bl.losses.hinge, bl.losses.binary_kl_divergence], ids=name_of)
@pytest.mark.parametrize(
    ("predictions", "targets", "says"),
    [
        ((32, 1), (32,), r"broadcast to \[32, 32\](.|\n)*targets\[:, None\]; or drop it: model\(x\)\[\.\.\., 0\]"),
        ((32,), (32, 1), r"broadcast to \[32, 32\](.|\n)*drop the last axis of the targets"),
        ((32, 3), (3,), r"other examples' targets(.|\n)*give the targets the shape \[32, 3\]"),
        ((32,), (), r"broadcast to \[32\]"),
        ((32,), (31,), r"compared with the target at its own place"),
    ],
)
def test_shapes_never_broadcast(loss, predictions, targets, says):
    with pytest.raises(ShapeError, match=f"{loss.__name__} received predictions of shape(.|\n)*{says}"):
        loss(node(*predictions), node(*targets))


@pytest.mark.parametrize("loss", PAIRED[:3], ids=name_of)
def test_numbers_are_compared_with_floats(loss):
    with pytest.raises(DTypeError, match=r"takes targets that are floats; received(.|\n)*bl\.cast\(targets"):
        loss(node(3), node(3, dtype="int64"))
    with pytest.raises(DTypeError, match=r"takes targets that are floats(.|\n)*take cross_entropy"):
        loss(node(3), np.array([0, 1, 2]))
    with pytest.raises(DTypeError, match="takes predictions that are floats"):
        loss(node(3, dtype="int64"), node(3))


SQUASHED = {
    "softmax": [
        bl.softmax,
        lambda x: bl.softmax(x).named("probabilities"),
        bl.nn.Softmax(),
        bl.nn.Sequential(bl.nn.Linear(3, 3), bl.nn.Softmax()),
        lambda x: bl.reshape(bl.softmax(bl.reshape(x, (3, 2))), (2, 3)),
        lambda x: bl.cast(bl.softmax(x), "float64"),
    ],
    "log_softmax": [bl.log_softmax, bl.nn.LogSoftmax()],
    "sigmoid": [bl.sigmoid, bl.nn.Sigmoid(), lambda x: bl.sigmoid(bl.concat([x, x]))[:2]],
}


@pytest.mark.parametrize("loss", FROM_SCORES, ids=name_of)
@pytest.mark.parametrize(("squash", "model"), [(name, model) for name, models in SQUASHED.items() for model in models])
def test_probabilities_are_not_taken_for_scores(loss, squash, model):
    probabilities = model(node(2, 3))
    with pytest.raises(ArgumentError, match=rf"received the answer of {squash}(.|\n)*why: {squash} before") as caught:
        loss(probabilities, np.full((2, 3), 1 / 3))
    assert "leave " + squash + " out of the model while training" in str(caught.value)


@pytest.mark.parametrize(
    "scores",
    [
        lambda x: x * bl.sigmoid(x),
        bl.nn.SiLU(),
        lambda x: bl.softmax(x) * 2.0,
        lambda x: bl.softmax(x) @ bl.constant(np.ones((3, 3))),
        bl.nn.Sequential(bl.nn.Linear(3, 3), bl.nn.Sigmoid(), bl.nn.Linear(3, 3)),
    ],
)
def test_scores_made_of_probabilities_are_scores(scores):
    assert bl.losses.cross_entropy(scores(node(2, 3)), [0, 1]).shape == ()


def test_a_layer_that_is_called_softmax_is_no_softmax():
    class Named(bl.nn.Module):
        def __init__(self):
            self.softmax = bl.nn.Linear(3, 3)

        def forward(self, x):
            return self.softmax(x)

    assert bl.losses.cross_entropy(Named()(node(2, 3)), [0, 1]).shape == ()


@pytest.mark.parametrize("loss", CLASSES, ids=name_of)
@pytest.mark.parametrize(
    ("targets", "error", "says"),
    [
        (lambda: node(32), DTypeError, r"the number of its class, an integer(.|\n)*dtype=\"int64\""),
        (lambda: node(32, dtype="bool"), DTypeError, "the number of its class"),
        (lambda: node(32, 3, dtype="int64"), DTypeError, "distributions over the classes, which are floats"),
        (lambda: node(32, 1, dtype="int64"), ShapeError, r"drop the last axis of the labels"),
        (lambda: node(31, dtype="int64"), ShapeError, r"labels are integers of shape \[32\]"),
        (lambda: node(32, 2), ShapeError, r"distributions floats of shape \[32, 3\]"),
    ],
)
def test_labels_and_distributions(loss, targets, error, says):
    with pytest.raises(error, match=f"{loss.__name__} received scores(.|\n)*{says}"):
        loss(node(32, 3), targets())


@pytest.mark.parametrize("loss", CLASSES, ids=name_of)
@pytest.mark.parametrize("shape", [(32, 1), ()])
def test_one_class_is_no_choice(loss, shape):
    with pytest.raises(ShapeError, match=r"at least two classes(.|\n)*binary_cross_entropy"):
        loss(node(*shape), node(*shape[:-1], dtype="int64"))


@pytest.mark.parametrize("loss", [*FROM_SCORES, bl.losses.negative_log_likelihood, bl.losses.hinge], ids=name_of)
def test_scores_are_floats(loss):
    with pytest.raises(DTypeError, match="that are floats; received"):
        loss(node(2, 3, dtype="int64"), node(2, dtype="int64"))


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0, 1.0], [0, 0, 0], [1.0, np.nan, 1.0], "abc", 1.0, [[1, 1, 1]]])
def test_class_weights_are_checked(weights):
    with pytest.raises(ArgumentError, match=r"received class_weights=(.|\n)*each of the 3 classes"):
        bl.losses.cross_entropy(node(2, 3), [0, 1], class_weights=weights)
