"""The interpreter that goes into a page holds what the page needs, and nothing else."""

import re

import pytest

from backlit.explain.page.assets import asset, interpreter_for, javascript_ops
from backlit.graph import OPS

FILES = ["interpreter.js", "model.js", "placing.js", "drawing.js", "panel.js", "page.js", "page.css", "page.html"]


def declared(script):
    return re.findall(r"^(?:const|function) (\w+)", script, re.MULTILINE)


def test_the_page_knows_every_op():
    assert set(javascript_ops()) == set(OPS)


def test_every_op_has_one_line():
    assert all("\n" not in rule for rule in javascript_ops().values())


@pytest.mark.parametrize("name", FILES)
def test_the_sources_can_be_read(name):
    text = asset(name)
    assert text.endswith("\n")
    longest = max(text.splitlines(), key=len)
    assert len(longest) <= 120, longest
    assert "\t" not in text
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert "innerHTML" not in text
    assert "eval(" not in text


def test_the_whole_table_keeps_the_whole_interpreter():
    everything = interpreter_for(OPS, " ".join(declared(asset("interpreter.js"))))
    assert everything == asset("interpreter.js")


@pytest.mark.parametrize("op", sorted(OPS))
def test_what_an_op_needs_comes_with_it(op):
    script = interpreter_for([op])
    assert f"\n  {op}: {javascript_ops()[op]},\n" in script
    left_out = set(declared(asset("interpreter.js"))) - set(declared(script))
    assert not left_out & set(re.findall(r"\w+", re.sub(r"/\*.*?\*/|//.*", "", script, flags=re.DOTALL)))


def test_what_no_op_needs_stays_away():
    assert "philox" not in declared(interpreter_for(["add", "exp"]))
    assert "philox" in declared(interpreter_for(["random_bits"]))
    assert "philox" in declared(interpreter_for(["add"], "philox(1)"))
    table = re.search(r"const OPS = \{\n(.*?)^\};", interpreter_for(["add", "exp"]), re.DOTALL | re.MULTILINE)
    assert len(table[1].splitlines()) == 2
