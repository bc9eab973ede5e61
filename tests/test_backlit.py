"""The public names: all there, loaded when first used, and missing ones pointed to."""

import subprocess
import sys

import pytest

import backlit as bl


def test_every_public_name_can_be_had_and_listed() -> None:
    for name in bl.__all__:
        assert getattr(bl, name) is getattr(bl, name)
    assert dir(bl) == sorted(bl.__all__)
    namespace: dict[str, object] = {}
    exec("from backlit import *", namespace)
    assert set(bl.__all__) <= set(namespace)


def test_what_is_not_needed_to_look_at_a_graph_is_loaded_when_it_is_first_used() -> None:
    program = (
        "import sys, backlit as bl\n"
        "packages = ['backlit.nn', 'backlit.optim', 'backlit.data', 'backlit.train', 'backlit.interop']\n"
        "print([name for name in packages if name in sys.modules])\n"
        "bl.losses.squared_error\n"
        "print([name for name in packages if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert shown.stdout.split("\n")[:2] == ["[]", "['backlit.nn']"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("arctan", "write bl.atan"), ("concatenate", "write bl.concat"), ("lossess", "did you mean 'losses'")],
)
def test_a_name_of_another_library_or_a_slip_is_pointed_to(name: str, hint: str) -> None:
    with pytest.raises(AttributeError, match=hint):
        getattr(bl, name)
