"""Every Python block of every page runs: the blocks of one page in order, in one namespace, as a reader types them.

A block with prompts (`>>>`) runs as a doctest, so that what it shows is what comes out. A block that must not run says
why in a comment before it, `<!-- not run: reason -->`.
"""

import doctest
import re
from pathlib import Path

import pytest

SHOWN = re.compile(r"!\[[^\]]*\]\((?P<path>[^)]*images/[^)]*\.svg)\)")
"""A picture on a page: a block of the page draws a file of the same name."""

NOT_RUN = re.compile(r"not run\b:?\s*(?P<reason>.*)")
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def reason_not_to_run(block) -> str | None:
    """The reason in the comment before a block that must not run; None where the block runs."""
    match = NOT_RUN.match(block.comment or "")
    if match is None:
        return None
    assert match["reason"], f"line {block.line}: a block that is not run must say why: <!-- not run: reason -->"
    return match["reason"]


def run_examples(block, name: str, namespace: dict[str, object]) -> None:
    """Run a block with prompts, and add the names it defines to the namespace."""
    test = doctest.DocTestParser().get_doctest(block.text, namespace, name, name, block.line)
    try:
        doctest.DebugRunner(optionflags=FLAGS).run(test, clear_globs=False)
    except doctest.UnexpectedException as unexpected:
        raise unexpected.exc_info[1] from None
    except doctest.DocTestFailure as failure:
        example = failure.example
        place = f"{name}:{block.line + 1 + example.lineno}"
        pytest.fail(f"{place}\n{example.source}shows\n{example.want}and gives\n{failure.got}", pytrace=False)
    namespace |= test.globs


def run_page(blocks, name: str) -> list[str]:
    """Run the Python blocks of a page; return a line for each that was not run."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    not_run = []
    for block in blocks:
        if block.language not in {"python", "py", "pycon"}:
            continue
        reason = reason_not_to_run(block)
        if reason is not None:
            not_run.append(f"{name}:{block.line} not run: {reason}")
        elif re.search(r"^>>> ", block.text, flags=re.MULTILINE):
            run_examples(block, name, namespace)
        else:
            # Empty lines put the code on its own line of the page, so that a traceback points there.
            exec(compile("\n" * block.line + block.text, name, "exec"), namespace)
    return not_run


def test_the_python_of_a_page_runs(page, blocks_of, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    for line in run_page(blocks_of(text), str(page)):
        print(line)
    for picture in SHOWN.findall(text):
        shown, drawn = page.parent / picture, tmp_path / Path(picture).name
        assert drawn.is_file(), f"{picture} is shown, and no block of the page draws {drawn.name}"
        assert shown.read_bytes() == drawn.read_bytes(), f"{picture} is not what the page draws: copy {drawn}"


def test_blocks_of_a_page_share_their_names(blocks_of):
    page = "```python\nx = 2\n```\n\n```python\n>>> x + 1\n3\n>>> y = 5\n```\n\n```python\nassert y == 5\n```\n"
    assert run_page(blocks_of(page), "page") == []


def test_a_block_that_fails_is_noticed_on_its_line(blocks_of):
    with pytest.raises(ZeroDivisionError) as raised:
        run_page(blocks_of("text\n\n```python\nx = 0\n1 / x\n```\n"), "page.md")
    assert (str(raised.traceback[-1].path), raised.traceback[-1].lineno + 1) == ("page.md", 5)


def test_an_output_that_is_not_what_is_shown_is_noticed(blocks_of):
    with pytest.raises(pytest.fail.Exception, match=r"page:3\n1 \+ 1\nshows\n3\nand gives\n2\n"):
        run_page(blocks_of("```python\n>>> x = 1\n>>> 1 + 1\n3\n```\n"), "page")
    with pytest.raises(ZeroDivisionError):
        run_page(blocks_of("```python\n>>> 1 / 0\n```\n"), "page")


def test_a_block_that_is_not_run_says_why(blocks_of):
    block = "```python\n1 / 0\n```\n"
    assert run_page(blocks_of(f"<!-- not run: no such number -->\n{block}"), "p") == ["p:2 not run: no such number"]
    with pytest.raises(AssertionError, match="must say why"):
        run_page(blocks_of(f"<!-- not run -->\n{block}"), "p")
