"""Naming: nodes, names, elements, and the notation of the lectures; every way to point wrongly."""

import numpy as np
import pytest

import backlit as bl
from backlit.errors import ShapeError, UnknownNameError
from backlit.explain.naming import Place, affine_layers, element_name, find_place


@pytest.fixture
def model():
    return bl.nn.Sequential(
        *(bl.nn.Linear(4, 3, rng=0), bl.nn.Sigmoid(), bl.nn.Linear(3, 2, bias=False, rng=1), bl.nn.Sigmoid()),
        bl.nn.Linear(2, 1, rng=2),
    )


@pytest.fixture
def graph(model):
    with bl.scope("net"):
        z = (bl.sum(model(bl.input("x", shape=(5, 4)))) * 1.0).named("end")
    return bl.Graph(outputs=[z])


def test_an_element_is_written_behind_the_name():
    assert [element_name("W", e) for e in ((3, 5), (0,), (), None)] == ["W[3,5]", "W[0]", "W", "W"]


@pytest.mark.parametrize(
    ("which", "element", "node", "place"),
    [
        ("0.weight", None, "0.weight", None),
        ("net.end", None, "net.end", None),
        ("end", None, "net.end", None),
        ("end", (), "net.end", ()),
        ("0.weight", (3, 2), "0.weight", (3, 2)),
        ("0.weight", [-1, -3], "0.weight", (3, 0)),
        ("0.weight", np.array([1, 2]), "0.weight", (1, 2)),
        ("0.bias", np.int64(2), "0.bias", (2,)),
        ("0.bias", 1, "0.bias", (1,)),
        ("0.weight[3, 2]", None, "0.weight", (3, 2)),
        ("0.weight[-1,-1]", None, "0.weight", (3, 2)),
        ("0.weight [ 1 , 0 ]", None, "0.weight", (1, 0)),
        ("x[4,3]", None, "x", (4, 3)),
    ],
)
def test_a_place_is_found(graph, which, element, node, place):
    assert find_place(graph, which, element) == Place(graph[node], place)


def test_a_node_points_at_itself(graph, model):
    assert find_place(graph, model.layers[0].weight, (0, 1)) == Place(model.layers[0].weight, (0, 1))


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_the_notation_of_the_lectures_agrees_with_nn(graph, model, layer):
    """Every weight and bias that the model's own notation knows, and no other."""
    shown = bl.nn.notation(model)
    for letter, lookup in (("w", shown.w), ("b", shown.b)):
        for index in (key for key in lookup if key[0] == layer):
            place = find_place(graph, f"{letter}[{','.join(map(str, index))}]")
            assert float(place.node.value[place.element]) == lookup[index]


def test_layers_are_listed_with_their_biases_and_each_once(graph, model):
    one, two, three = model.layers[0], model.layers[2], model.layers[4]
    assert affine_layers(graph) == [(one.weight, one.bias), (two.weight, None), (three.weight, three.bias)]
    x, W = bl.input("x", shape=(2, 3)), bl.parameter(np.ones((3, 3)), name="W")
    b = bl.parameter([1.0, 2.0, 3.0], name="b")
    assert affine_layers(bl.Graph(outputs=[(x @ W + 1.0) @ W + b])) == [(W, b)]


def test_a_matrix_that_stands_first_has_its_outputs_in_rows():
    """As the lectures write it: z = W x + b."""
    W, b = bl.parameter([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], name="W"), bl.parameter([[7.0], [8.0]], name="bias")
    graph = bl.Graph(outputs=[W @ bl.input("x", shape=(3, 1)) + b])
    assert find_place(graph, "w[1,2,3]") == Place(W, (1, 2))
    assert find_place(graph, "b[1,2]") == Place(b, (1, 0))
    with pytest.raises(UnknownNameError, match="the outputs are 1 to 2, the inputs are 1 to 3"):
        find_place(graph, "w[1,3,1]")


@pytest.mark.parametrize("first", [True, False])
def test_the_product_with_a_vector_has_its_bias_too(first):
    W = bl.parameter([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], name="W")
    b = bl.parameter([7.0, 8.0] if first else [7.0, 8.0, 9.0], name="bias")
    x = bl.input("x", shape=(3 if first else 2,))
    graph = bl.Graph(outputs=[b + (W @ x if first else x @ W)])
    assert affine_layers(graph) == [(W, b)]
    assert find_place(graph, "w[1,2,1]") == Place(W, (1, 0) if first else (0, 1))


def test_what_does_not_fit_is_no_bias():
    x, W = bl.input("x", shape=(5, 3)), bl.parameter(np.ones((3, 2)), name="W")
    per_example, shared = bl.parameter(np.ones((5, 2)), name="p"), bl.parameter(1.0, name="s")
    assert affine_layers(bl.Graph(outputs=[x @ W + per_example])) == [(W, None)]
    graph = bl.Graph(outputs=[x @ W + shared])
    assert affine_layers(graph) == [(W, shared)]
    assert find_place(graph, "b[1,2]") == Place(shared, ())


def test_names_win_over_the_notation_of_the_lectures():
    w = bl.parameter(np.ones((2, 2)), name="w")
    graph = bl.Graph(outputs=[bl.input("x", shape=(1, 2)) @ w])
    assert find_place(graph, "w[1,0]") == Place(w, (1, 0))
    with pytest.raises(ShapeError, match=r"w\[1,1,1\] does not exist"):
        find_place(graph, "w[1,1,1]")


def test_where_several_names_end_in_w_the_notation_is_that_of_the_lectures():
    one, two = bl.parameter(np.ones((2, 3)), name="one.w"), bl.parameter(np.ones((3, 1)), name="two.w")
    graph = bl.Graph(outputs=[bl.input("x", shape=(1, 2)) @ one @ two])
    assert find_place(graph, "w[2,1,3]") == Place(two, (2, 0))


def test_a_name_may_hold_brackets_itself():
    a = bl.input("a[0]", shape=(2,))
    graph = bl.Graph(outputs=[bl.sum(a)])
    assert find_place(graph, "a[0]") == Place(a)
    assert find_place(graph, "a[0][1]") == Place(a, (1,))


SINGLE = "\n  why: it is a single number"
ONE_EACH = "\n  why: an element has one index for each axis, counted from 0"
FIRST = "\n  instead: write 0.weight[0,0] for the first"
WHOLE = "\n  instead: give one whole number for each axis: element=(3, 5)"
COUNTED = "\n  why: the lectures count from 1, and write layer, output, input in this order"
NUMBERS = "\n  instead: write whole numbers separated by commas: W[3, 5]"


@pytest.mark.parametrize(
    ("which", "element", "error", "message"),
    [
        ("0.wieght", None, UnknownNameError, "no node is called '0.wieght' (did you mean '0.weight'?)"),
        ("0.wieght[0,0]", None, UnknownNameError, "no node is called '0.wieght' (did you mean '0.weight'?)"),
        ("weight", None, UnknownNameError, None),
        (3, None, UnknownNameError, "a node is found by itself or by its name; received 3"),
        (None, None, UnknownNameError, "a node is found by itself or by its name; received None"),
        (
            "0.weight[4,0]",
            None,
            ShapeError,
            f"0.weight[4,0] does not exist: 0.weight has the shape [4, 3]{ONE_EACH}{FIRST}",
        ),
        (
            "0.weight[1]",
            None,
            ShapeError,
            f"0.weight[1] does not exist: 0.weight has the shape [4, 3]{ONE_EACH}{FIRST}",
        ),
        ("0.weight", 1, ShapeError, f"0.weight[1] does not exist: 0.weight has the shape [4, 3]{ONE_EACH}{FIRST}"),
        (
            "end",
            (0,),
            ShapeError,
            f"net.end[0] does not exist: net.end has the shape []{SINGLE}\n  instead: write net.end",
        ),
        ("0.weight[]", None, ShapeError, f"'0.weight[]' is no name of an element{NUMBERS}"),
        ("0.weight[1.5, 0]", None, ShapeError, f"'0.weight[1.5, 0]' is no name of an element{NUMBERS}"),
        ("0.weight[1-2, 0]", None, ShapeError, f"'0.weight[1-2, 0]' is no name of an element{NUMBERS}"),
        ("0.weight[:, 0]", None, ShapeError, f"'0.weight[:, 0]' is no name of an element{NUMBERS}"),
        ("w[a]", None, ShapeError, f"'w[a]' is no name of an element{NUMBERS}"),
        *(
            (
                "0.weight",
                element,
                ShapeError,
                f"{element!r} is no element of 0.weight{WHOLE}",
            )
            for element in ((0.0, 1), "01", 0.5, (None, 1))
        ),
        (
            "0.weight[0,0]",
            (0, 0),
            ShapeError,
            "'0.weight[0,0]' names an element already; received element=(0, 0) besides",
        ),
        ("w[1,1]", None, UnknownNameError, "w[1,1] is not of the form w[layer, output, input]"),
        ("b[1]", None, UnknownNameError, "b[1] is not of the form b[layer, output]"),
        ("w[4,1,1]", None, UnknownNameError, "there is no w[4,1,1]: the layers are 1 to 3"),
        ("w[0,1,1]", None, UnknownNameError, "there is no w[0,1,1]: the layers are 1 to 3"),
        ("b[2,1]", None, UnknownNameError, "there is no b[2,1]: layer 2 has no bias"),
        *(
            (
                f"w{index}",
                None,
                UnknownNameError,
                f"there is no w{index}: in layer 1 the outputs are 1 to 3, the inputs are 1 to 4{COUNTED}",
            )
            for index in ("[1,0,1]", "[1,4,1]", "[1,3,5]", "[1,-1,1]")
        ),
        (
            "b[3,2]",
            None,
            UnknownNameError,
            f"there is no b[3,2]: in layer 3 the outputs are 1 to 1{COUNTED}",
        ),
    ],
)
def test_who_points_wrongly_is_told_how_to_point(graph, which, element, error, message):
    with pytest.raises(error) as caught:
        find_place(graph, which, element)
    if message is None:
        assert "choose among 0.weight, 2.weight, 4.weight" in str(caught.value)
    else:
        assert str(caught.value) == message


def test_a_node_of_another_graph_is_refused(graph):
    stranger = bl.parameter(1.0, name="stranger")
    with pytest.raises(UnknownNameError) as caught:
        find_place(graph, stranger)
    assert str(caught.value) == (
        "<parameter 'stranger': float32[]> is no part of this graph\n  why: nothing that was traced depends on it"
    )


def test_an_element_of_an_empty_array_has_no_first():
    graph = bl.Graph(outputs=[bl.sum(bl.input("e", shape=(0, 3)))])
    with pytest.raises(ShapeError) as caught:
        find_place(graph, "e[0,0]")
    assert str(caught.value) == f"e[0,0] does not exist: e has the shape [0, 3]{ONE_EACH}"


def test_a_graph_without_layers_has_no_weights_of_the_lectures():
    with pytest.raises(UnknownNameError) as caught:
        find_place(bl.Graph(outputs=[bl.exp(bl.input("x"))]), "w[1,1,1]")
    assert str(caught.value) == "there is no w[1,1,1]: no product with a matrix of parameters is here"


def test_the_name_of_a_box_points_at_what_leaves_it():
    model = bl.nn.Sequential(bl.nn.Linear(4, 3), bl.nn.Tanh(), bl.nn.Linear(3, 2))
    x = bl.input("x", shape=(2, 4))
    loss = bl.mean(bl.softmax(model(x)) * bl.softmax(x[:, :2]))
    graph = bl.Graph(outputs=[loss], updates=bl.optim.SGD(0.1).updates(loss, model.parameters()))
    hidden = find_place(graph, "0")
    assert (hidden.node.kind, hidden.node.shape) == ("add", (2, 3))
    assert find_place(graph, "1").node.arguments == (hidden.node,)
    assert find_place(graph, "1[1,-1]") == Place(find_place(graph, "1").node, (1, 2))
    assert find_place(graph, "mean").node is loss
    assert find_place(graph, "softmax#2").node.shape == (2, 2)
    with pytest.raises(
        UnknownNameError, match=r"there are 2 scopes 'softmax'\n  instead: choose among softmax#1, softmax#2"
    ):
        find_place(graph, "softmax")
    with pytest.raises(UnknownNameError, match=r"no node is called 'meen' \(did you mean 'mean'\?\)"):
        find_place(graph, "meen")


def test_a_node_comes_before_a_box_of_its_name_and_several_outputs_are_named():
    x = bl.input("x")
    with bl.scope("cell"):
        c, h = bl.sin(x).named("c"), bl.cos(x).named("h")
    graph = bl.Graph(outputs=[c * h])
    with pytest.raises(
        UnknownNameError, match=r"2 values leave the box 'cell'\n  instead: choose among cell.c, cell.h"
    ):
        find_place(graph, "cell")
    with bl.scope("y"):
        y = bl.sin(x)
    named = (y + 1.0).named("y")
    assert find_place(bl.Graph(outputs=[named]), "y").node is named
