"""`backlit info`: what a model file holds, for people and for programs."""

import json

import numpy as np

from backlit import nn
from backlit.interop import save


def test_a_trained_net_is_shown_with_its_layers_and_its_history(trained, run):
    result = run("info", trained)
    assert result.exit_code == 0
    words = " ".join(result.stdout.split())  # a long path breaks the line after it
    for text in (
        "1.1 MB",
        "0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
        "784 × 300 235,200",
        "266,610",
        "epochs 2",
        "read rightly",
    ):
        assert text in words
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_the_values_that_are_shown_are_drawn_with_the_seed(trained, run):
    first, again, other = (run("info", trained, "--seed", seed).stdout for seed in (0, 0, 1))
    assert first == again != other


def test_json_is_for_programs(trained, run):
    found = json.loads(run("info", trained, "--json").stdout)
    assert found["parameter_count"] == 266_610
    assert found["parameters"]["0.weight"] == {"shape": [784, 300], "dtype": "float32"}
    assert found["state"] == {}
    assert found["configuration"]["type"] == "Sequential"
    assert found["extra"]["training"]["epochs"] == 2
    assert found["bytes"] == trained.stat().st_size


def test_any_model_is_shown_with_its_state(run):
    with nn.seed(0):
        model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm(3), nn.Dropout(0.5))
    save(model, "m", extra={"odd [bold]\x1b": [1, {"a": None}], "classes": "no list", "training": "long"})
    result = run("info", "m")
    assert result.exit_code == 0
    assert "1.running_mean: float32[3]" in result.stdout
    assert "odd [bold]\\x1b" in result.stdout
    assert "\x1b" not in result.stdout


def test_values_of_very_different_size_are_shown(run):
    model = nn.Linear(3, 3)
    model.weight.value[...] = np.float32([[1e-20, 1e20, 0], [1, -1, np.inf], [np.nan, 0, 0]])
    save(model, "m")
    assert run("info", "m").exit_code == 0
