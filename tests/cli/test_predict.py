"""`backlit predict`: digits are read from pictures of any kind, and what cannot be read is named."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backlit import nn
from backlit.cli.classifiers import read_classifier
from backlit.interop import save


@pytest.fixture
def picture(pages) -> Path:
    Image.fromarray(pages[0]).save("page.png")
    return Path("page.png")


def test_a_picture_is_shown_with_its_class_and_every_probability(trained, picture, run):
    output = run("predict", trained, picture).stdout
    judge = read_classifier(trained)
    assert "page.png is read as" in output
    assert "dark on light: inverted;" in output
    assert all(f" {name} " in output for name in judge.classes)
    assert output.count("%") == 11
    assert "█" in output
    assert max(map(len, output.splitlines())) <= 80


def test_pages_are_read_as_the_digits_on_them(trained, pages, held_out, run):
    names = []
    for number, page in enumerate(pages):
        names.append(f"{number}.png")
        Image.fromarray(page).save(names[-1])
    answers = json.loads(run("predict", trained, *names, "--json").stdout)
    assert [answer["file"] for answer in answers] == names
    actual = held_out.targets[::25]
    assert np.mean([answer["class"] == str(truth) for answer, truth in zip(answers, actual, strict=True)]) > 0.8
    for answer in answers:
        shares = answer["probabilities"]
        assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
        assert max(shares, key=shares.get) == answer["class"]
        assert answer["preparation"][-1] == "centred by mass"


def test_the_same_picture_gives_the_same_answer(trained, picture, run):
    first, again = (run("predict", trained, picture, "--json").stdout for _ in range(2))
    assert first == again


def test_a_picture_that_cannot_be_read_does_not_keep_the_others_from_being_read(trained, picture, run):
    Path("broken.png").write_bytes(picture.read_bytes()[:200])
    result = run("predict", trained, "broken.png", picture, "missing.png")
    assert result.exit_code == 1
    assert "page.png is read as" in result.stdout
    assert "broken.png cannot be read" in result.stderr
    assert "there is no file missing.png" in result.stderr
    answers = json.loads(run("predict", trained, "broken.png", picture, "--json").stdout)
    assert [answer["file"] for answer in answers] == ["page.png"]


def test_without_a_picture_held_out_digits_are_drawn_with_the_seed(trained, run):
    first, again, other = (run("predict", trained, "--seed", seed, "--count", 4).stdout for seed in (1, 1, 2))
    assert first == again != other
    assert "4 digits of 1,000 held out from training, drawn with seed 1" in first
    answers = json.loads(run("predict", trained, "--seed", 1, "--count", 4, "--json").stdout)
    assert len({answer["number"] for answer in answers}) == 4
    right = sum(answer["class"] == answer["truth"] for answer in answers)
    assert f"; {right} read rightly" in first


def test_what_steers_a_terminal_in_a_name_is_written_out(trained, pages, run):
    name = "a\x1b[31m.npy"
    np.save(name, pages[0])
    output = run("predict", trained, name).stdout
    assert "\x1b" not in output
    assert r"a\x1b[31m.npy" in output


def test_without_pillow_images_say_what_is_missing_and_arrays_are_read(trained, picture, pages, run, monkeypatch):
    np.save("page.npy", pages[0])
    monkeypatch.setitem(sys.modules, "PIL", None)
    result = run("predict", trained, picture)
    assert result.exit_code == 1
    assert 'pip install "backlit[images]"' in result.stderr
    assert run("predict", trained, "page.npy").exit_code == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.safetensors", "there is no file missing.safetensors"),
        ("empty.safetensors", "it is empty"),
        ("half.safetensors", "it was cut off"),
        ("flipped.safetensors", "does not match its checksum"),
        ("page.png", "it looks like a PNG picture"),
        ("plain.safetensors", "no classifier of pictures"),
        ("pickle.pt", "it looks like a Python pickle"),
        (".", "is a folder"),
    ],
)
def test_a_model_that_cannot_be_used_is_refused_in_words(name, message, trained, picture, run):
    content = trained.read_bytes()
    flipped = bytearray(content)
    flipped[-100] ^= 64
    Path("empty.safetensors").write_bytes(b"")
    Path("half.safetensors").write_bytes(content[: len(content) // 2])
    Path("flipped.safetensors").write_bytes(flipped)
    Path("pickle.pt").write_bytes(b"\x80\x05\x95" + bytes(100))
    save(nn.Linear(3, 2), "plain.safetensors")
    for arguments in (["predict", name, picture], ["predict", name], ["info", name]):
        result = run(*arguments)
        if name == "plain.safetensors" and arguments[0] == "info":
            assert result.exit_code == 0
            continue
        assert result.exit_code == 1
        assert message in " ".join(result.stderr.split())
        assert result.stdout == ""


def test_a_classifier_of_unknown_data_needs_a_picture(picture, run):
    extra = {
        "classes": ["a", "b"],
        "image_shape": [28, 28],
        "input_shape": [784],
        "preparation": "ink",
        "outputs": "logits",
    }
    save(nn.Linear(784, 2, rng=0), "mine.safetensors", extra=extra)
    assert run("predict", "mine.safetensors", picture).exit_code == 0
    result = run("predict", "mine.safetensors")
    assert result.exit_code == 1
    assert "no picture was given" in result.stderr


def test_many_classes_are_listed_from_the_most_probable(picture, run):
    extra = {
        "classes": [f"kind {number}" for number in range(30)],
        "image_shape": [28, 28],
        "input_shape": [784],
        "preparation": "ink",
        "outputs": "logits",
    }
    save(nn.Linear(784, 30, rng=0), "many.safetensors", extra=extra)
    output = run("predict", "many.safetensors", picture).stdout
    answer = json.loads(run("predict", "many.safetensors", picture, "--json").stdout)[0]
    best = sorted(answer["probabilities"], key=answer["probabilities"].get, reverse=True)[:10]
    listed = [line[line.index("kind") :].split()[1] for line in output.splitlines()[2:] if "kind" in line]
    assert [f"kind {number}" for number in listed] == best


@pytest.mark.parametrize(
    ("arguments", "message"),
    [([], "Missing argument"), (["m", "--count", 0], "0 is not from 1"), (["m", "--seed", "x"], "'--seed'")],
)
def test_bad_arguments_are_refused(arguments, message, run):
    result = run("predict", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
