"""What a model says of itself: its four components, and its tree."""

import numpy as np

import backlit as bl

FIRST_SENTENCE = (
    "Square the distance to the target: (ŷ - y)², without a factor 1/2, so that its derivative is 2 (ŷ - y)."
)


class Block(bl.nn.Module):
    def __init__(self, width):
        self.width = width
        self.layers = [bl.nn.Linear(width, width), bl.nn.Linear(width, width)]
        self.gain = bl.parameter(np.ones(width))
        self.steps = bl.parameter(0, trainable=False)

    def forward(self, x):
        return self.layers[1](bl.tanh(self.layers[0](x))) * self.gain


def test_the_four_components_are_printed():
    model = bl.nn.Sequential(bl.nn.Linear(784, 300), bl.nn.ReLU(), bl.nn.Linear(300, 10))
    text = str(model.describe(bl.losses.squared_error, bl.optim.SGD(0.1, momentum=0.9)))
    assert text.splitlines() == [
        "input            784 features",
        "functional form  h1 = x · 0.weight + 0.bias",
        "                 h2 = ReLU(h1)",
        "                 ŷ  = h2 · 2.weight + 2.bias",
        f"loss             squared_error: {FIRST_SENTENCE}",
        "optimiser        SGD(learning_rate=0.1, momentum=0.9)",
        "parameters       238,510",
    ]


def test_affine_layers_in_a_row_are_remarked_upon():
    model = bl.nn.Sequential(bl.nn.Linear(2, 3), bl.nn.Identity(), bl.nn.Linear(3, 1), bl.nn.ReLU(), bl.nn.Linear(1, 1))
    (remark,) = model.describe().remarks
    assert remark.startswith("'0' and '2' are affine with no activation between them")


def test_any_module_can_be_described():
    description = Block(2).describe(loss=lambda p, t: p, optimizer="by hand")
    assert description.input == "values of any shape"
    assert description.functional_form == ("ŷ = Block(2)(x)",)
    assert description.optimizer == "'by hand'"
    assert description.parameter_count == 14


def test_steps_with_parameters_show_their_names():
    model = bl.nn.Sequential(
        bl.nn.Embedding(5, 3),
        bl.nn.Residual(bl.nn.Linear(3, 3)),
        bl.nn.Residual(bl.nn.Sequential(bl.nn.Linear(3, 3), bl.nn.Tanh())),
        bl.nn.Sequential(bl.nn.Neuron(3, bl.nn.Sigmoid())),
    )
    assert model.describe().functional_form == (
        "h1 = 0.weight[x]",
        "h2 = h1 + h1 · 1.inner.weight + 1.inner.bias",
        "h3 = h2 + Sequential(h2)",
        "ŷ  = Sigmoid(h3 · 3.0.weight + 3.0.bias)",
    )
    assert model.describe().input == "integers from 0 to 4"


def test_the_tree_shows_modules_counts_and_loose_parameters():
    shared = bl.nn.Linear(2, 2)
    model = bl.nn.Sequential(Block(2), bl.nn.Residual(shared), shared, bl.nn.Dropout(0.5))
    assert repr(model).splitlines() == [
        "Sequential: 20 parameters",
        "├── 0: Block(2): 14 parameters",
        "│   ├── layers.0: Linear(2, 2): 6 parameters",
        "│   ├── layers.1: Linear(2, 2): 6 parameters",
        "│   ├── gain: float32[2]",
        "│   └── steps: int64[] (not trainable)",
        "├── 1: Residual: 6 parameters",
        "│   └── inner: Linear(2, 2): 6 parameters",
        "└── 3: Dropout(0.5)",
    ]


def test_one_parameter_is_not_several():
    assert repr(bl.nn.PReLU()) == "PReLU: 1 parameter"
