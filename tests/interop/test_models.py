"""Models come back from files as they went; a file that does not fit changes nothing."""

import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit import nn
from backlit.errors import ArgumentError, FileError
from backlit.graph import parameter, precision
from backlit.interop import load, load_parameters, read_model, read_tensors, save, write_tensors
from backlit.interop.models import FORMAT, MODEL_KEY

INPUTS = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)


class Scale(nn.Module):
    """A class of the user's own, which keeps its setting."""

    def __init__(self, factor: float):
        self.factor = factor
        self.weight = parameter(float(factor))

    def forward(self, x):
        return x * self.weight


class Forgetful(nn.Module):
    """A class of the user's own, which does not keep its setting."""

    def __init__(self, factor: float):
        self.weight = parameter(float(factor))

    def forward(self, x):
        return x * self.weight


def digit_net() -> nn.Module:
    with nn.seed(0):
        return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm(3), nn.ReLU(), nn.Dropout(0.5), nn.Linear(3, 2))


def contents(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def values(model) -> dict[str, bytes]:
    return {name: each.value.tobytes() for name, each in (model.parameters() | model.state()).items()}


MODELS = {
    "digit net": digit_net,
    "one layer": lambda: nn.Linear(4, 2, bias=False, weight_initialiser=nn.initialisers.Orthogonal()),
    "activations": lambda: nn.Sequential(nn.Linear(4, 3), nn.PReLU(), nn.LeakyReLU(0.2), nn.Softmax()),
    "without parameters": lambda: nn.Sequential(nn.ReLU(), nn.Flatten()),
    "nested": lambda: nn.Sequential(nn.Residual(nn.Sequential(nn.Linear(4, 4), nn.Tanh())), nn.LayerNorm(4)),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_model_comes_back_to_the_last_bit(name, dtype, tmp_path):
    with precision(dtype):
        model = MODELS[name]()
    save(model, tmp_path / "m", extra={"note": "ä"})
    found = read_model(tmp_path / "m")
    assert repr(found.model) == repr(model)
    assert values(found.model) == values(model)
    assert found.extra == {"note": "ä"}
    np.testing.assert_array_equal(found.model.predict(INPUTS), model.predict(INPUTS))
    again = load(tmp_path / "m")
    assert values(again) == values(model)


def test_the_same_model_gives_the_same_file(tmp_path):
    for name in ("a", "b"):
        save(digit_net(), tmp_path / name, extra={"x": 1, "y": 2})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_loading_does_not_disturb_the_seed_of_whoever_asks(tmp_path):
    save(nn.Linear(4, 4), tmp_path / "m")
    with nn.seed(3):
        expected = nn.Linear(2, 2).weight.value.copy()
    with nn.seed(3):
        load(tmp_path / "m")
        assert np.array_equal(nn.Linear(2, 2).weight.value, expected)


def test_a_class_of_ones_own_is_loaded_where_it_is_made_known(tmp_path):
    model = nn.Sequential(nn.Linear(4, 4), Scale(3.0))
    save(model, tmp_path / "m")
    assert values(load(tmp_path / "m", known=[Scale])) == values(model)
    with pytest.raises(FileError, match="'Scale', which is no module of backlit") as raised:
        load(tmp_path / "m")
    assert "known=[" in raised.value.instead


def test_a_class_that_forgets_its_settings_is_loaded_into_a_model_that_exists(tmp_path):
    save(Forgetful(3.0), tmp_path / "m")
    with pytest.raises(FileError, match=r"cannot be built from its file alone: .*no attribute 'factor'") as raised:
        load(tmp_path / "m", known=[Forgetful])
    assert "load_parameters" in raised.value.instead
    model = Forgetful(0.0)
    load_parameters(model, tmp_path / "m")
    assert float(model.weight.value) == 3.0


def test_a_module_that_stands_at_two_places_is_loaded_into_a_model_that_exists(tmp_path):
    def tied() -> nn.Module:
        layer = nn.Linear(4, 4)
        return nn.Sequential(layer, nn.Tanh(), layer)

    model, other = tied(), tied()
    save(model, tmp_path / "m")
    with pytest.raises(FileError, match="stand at several places"):
        load(tmp_path / "m")
    load_parameters(other, tmp_path / "m")
    assert values(other) == values(model)


def test_a_model_of_two_float_types_is_loaded_into_a_model_that_exists(tmp_path):
    def mixed() -> nn.Module:
        with precision("float64"):
            second = nn.Linear(3, 2)
        return nn.Sequential(nn.Linear(4, 3), second)

    model, other = mixed(), mixed()
    save(model, tmp_path / "m")
    with pytest.raises(FileError, match="several float types"):
        load(tmp_path / "m")
    load_parameters(other, tmp_path / "m")
    assert values(other) == values(model)


@pytest.mark.parametrize(
    "extra", [{"x": np.ones(2)}, {"x": float("nan")}, {3: "x"}, {"x": {1, 2}}, {"x": object()}, {"x": b"y"}]
)
def test_what_json_does_not_know_is_not_written_down(extra, tmp_path):
    with pytest.raises(ArgumentError, match="extra"):
        save(nn.ReLU(), tmp_path / "m", extra=extra)
    assert contents(tmp_path) == []


def test_what_is_no_model_is_not_written(tmp_path):
    with pytest.raises(ArgumentError, match="a model is a Module"):
        save({"w": np.ones(2)}, tmp_path / "m")
    with pytest.raises(ArgumentError, match="a model is a Module"):
        load_parameters([1], tmp_path / "m")


# ---------------------------------------------------------------------------------------- files that do not fit


def rewritten(folder, change, model=None):
    """A file of a model whose description or arrays were changed, with a checksum that is right again."""
    path = folder / "changed"
    save(model or digit_net(), path)
    arrays, texts = read_tensors(path)
    document = json.loads(texts[MODEL_KEY])
    changed = change(document, arrays)
    text = json.dumps(document) if changed is None else changed
    write_tensors(path, arrays, {MODEL_KEY: text})
    return path


def drop(name):
    def change(document, arrays):
        del arrays[name]

    return change


def put(name, array):
    return lambda document, arrays: arrays.update({name: array})


UNFITTING = {
    "a tensor is missing": (drop("0.weight"), "'0.weight' is missing"),
    "a piece of state is missing": (drop("1.running_mean"), "'1.running_mean' is missing"),
    "a tensor too many": (put("5.weight", np.ones(2, "float32")), "nothing in the model is called '5.weight'"),
    "another shape": (
        put("0.weight", np.ones((3, 4), "float32")),
        r"'0.weight' is float32\[3,4\] in the file and float32\[4,3\] in the model",
    ),
    "another data type": (
        put("0.weight", np.ones((4, 3), "float64")),
        r"'0.weight' is float64\[4,3\] in the file and float32\[4,3\]",
    ),
}


@pytest.mark.parametrize("name", UNFITTING)
def test_a_file_that_does_not_fit_changes_nothing(name, tmp_path):
    change, message = UNFITTING[name]
    path = rewritten(tmp_path, change)
    with pytest.raises(FileError, match=message):
        load(path)
    model = digit_net()
    for each in model.parameters().values():
        each.value += 1
    before = values(model)
    with pytest.raises(FileError, match=message):
        load_parameters(model, path)
    assert values(model) == before


def test_many_differences_are_counted_and_not_all_listed(tmp_path):
    save(nn.Sequential(*(nn.Linear(2, 2) for _ in range(20))), tmp_path / "m")
    with pytest.raises(FileError, match="and 39 more") as raised:
        load_parameters(nn.Linear(2, 3), tmp_path / "m")
    assert len(str(raised.value)) < 600


def setting(**changes):
    return lambda document, arrays: document.update(changes)


def layer(**changes):
    return lambda document, arrays: document["configuration"]["layers"][0].update(changes)


DESCRIPTIONS = {
    "no JSON": (lambda document, arrays: "{", "no JSON object with a format"),
    "a list": (lambda document, arrays: "[1]", "no JSON object with a format"),
    "nested too deeply": (lambda document, arrays: "[" * 100_000, "no JSON object with a format"),
    "no format": (setting(format=None), "no JSON object with a format"),
    "a later format": (setting(format=FORMAT + 1), f"is of format {FORMAT + 1}, .* reads format {FORMAT}"),
    "no configuration": (setting(configuration=None), "no configuration"),
    "a configuration of text": (setting(configuration="Linear"), "no configuration"),
    "no precision": (setting(precision="int8"), "no float type"),
    "extra of text": (setting(extra="x"), "no extra entries"),
    "an unknown class": (setting(configuration={"type": "System"}), "'System', which is no module"),
    "a path as a class": (setting(configuration={"type": "os.system"}), "'os.system', which is no module"),
    "a dunder as a class": (setting(configuration={"type": "__import__"}), "'__import__', which is no module"),
    "an unknown setting": (layer(command="x"), "no setting 'command'"),
    "a setting of another kind": (layer(inputs="784"), "inputs"),
    "a negative size": (layer(outputs=-1), "outputs"),
    "more numbers than the file holds": (layer(inputs=10**6, outputs=10**6), "elements more than there may be"),
    "an absurd size": (layer(inputs=10**30), "cannot be built"),
}


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_description_that_is_wrong_or_hostile_is_refused(name, tmp_path):
    change, message = DESCRIPTIONS[name]
    path = rewritten(tmp_path, change)
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match=message):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_a_file_without_a_description_is_named(tmp_path):
    write_tensors(tmp_path / "m", {"w": np.ones(2)}, {"format": "pt"})
    with pytest.raises(FileError, match="does not say to what model they belong"):
        load(tmp_path / "m")


@pytest.fixture(scope="module")
def description(tmp_path_factory) -> tuple[dict, dict]:
    path = tmp_path_factory.mktemp("description") / "m"
    save(digit_net(), path)
    arrays, texts = read_tensors(path)
    return arrays, texts


@given(data=st.data())
def test_a_description_with_changed_characters_is_read_or_refused(data, description, tmp_path_factory):
    arrays, texts = description
    text = list(texts[MODEL_KEY])
    places = st.integers(0, len(text) - 1)
    for place, letter in data.draw(st.lists(st.tuples(places, st.sampled_from('019-{}[]",:eE.x ')), min_size=1)):
        text[place] = letter
    path = tmp_path_factory.getbasetemp() / "description.safetensors"
    write_tensors(path, arrays, {MODEL_KEY: "".join(text)})
    try:
        model = load(path)
    except FileError:
        return
    assert sum(each.size for each in (model.parameters() | model.state()).values()) == sum(
        array.size for array in arrays.values()
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "rate", "x"]), inner),
    max_leaves=8,
)


@given(kind=st.sampled_from(sorted(nn.registry.MODULES)), value=JSON, key=st.text(max_size=4), data=st.data())
def test_any_setting_of_any_module_is_read_or_refused(kind, value, key, data, tmp_path_factory):
    names = list(nn.configuration.constructor(nn.registry.MODULES[kind])) or [key]
    given_settings = {name: data.draw(JSON) for name in data.draw(st.lists(st.sampled_from(names), unique=True))}
    document = {"format": FORMAT, "precision": "float32", "extra": {}}
    document["configuration"] = {"type": kind, **given_settings, key: value}
    path = tmp_path_factory.getbasetemp() / "setting.safetensors"
    write_tensors(path, {}, {MODEL_KEY: json.dumps(document)})
    try:
        load(path)
    except FileError:
        return
