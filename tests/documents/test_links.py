"""Every relative link of every page leads to something, and every page of docs/ stands in the table of contents."""

import re
from pathlib import Path

import pytest
import yaml

# [text](target), [text](target "title"), ![picture](target); targets that name a scheme (https:) are not ours to check.
LINK = re.compile(r"!?\[[^\]]*\]\(<?(?P<target>[^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]^]+\]:\s+<?(?P<target>[^\s>]+)", flags=re.MULTILINE)
SCHEME = re.compile(r"^[a-z][a-z+.-]*:|^//", flags=re.IGNORECASE)


def prose(text: str, blocks) -> str:
    """A page without its fenced blocks and its inline code, in which brackets are not links."""
    lines = text.splitlines()
    for block in blocks:
        for number in range(block.line - 1, block.line + 1 + block.text.count("\n")):
            lines[number] = ""
    return re.sub(r"`[^`\n]*`", "", "\n".join(lines))


def headings(text: str) -> set[str]:
    """The anchors of the headings of a page, as both GitHub and MkDocs make them for plain titles."""
    titles = re.findall(r"^#+ +(.*?)(?: +#+)?$", text, flags=re.MULTILINE)
    given = set(re.findall(r"\{ *#([\w-]+)|<a id=\"([\w-]+)\"", text))
    plain = {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower()) for title in titles}
    return plain | {name for pair in given for name in pair if name}


def broken_links(page: Path, blocks_of) -> list[str]:
    """The relative links of a page that lead nowhere."""
    text = page.read_text(encoding="utf-8")
    body = prose(text, blocks_of(text))
    broken = []
    for target in [match["target"] for pattern in (LINK, REFERENCE) for match in pattern.finditer(body)]:
        if SCHEME.match(target):
            continue
        file, _, anchor = target.partition("#")
        place = (page.parent / file) if file else page
        if not place.exists():
            broken.append(f"{target}: there is no such file")
        elif anchor and place.suffix == ".md" and anchor not in headings(place.read_text(encoding="utf-8")):
            broken.append(f"{target}: there is no such heading")
    return broken


def pages_in(contents: object) -> list[str]:
    """The pages named anywhere in the `nav` of mkdocs.yml."""
    if isinstance(contents, str):
        return [contents]
    parts = contents.values() if isinstance(contents, dict) else contents
    return [page for part in parts for page in pages_in(part)]


def test_the_links_of_a_page_lead_somewhere(page, blocks_of):
    assert broken_links(page, blocks_of) == []


def test_a_link_that_leads_nowhere_is_noticed(blocks_of, tmp_path):
    (tmp_path / "other.md").write_text("# A title, here\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        '[a](other.md) ![b](no.svg "title") [c](other.md#a-title-here) [d](other.md#no) [e](https://example.org)\n'
        "[f](#no-such) `[g](no.md)`\n\n```text\n[h](no.md)\n```\n\n[i]: gone.md\n",
        encoding="utf-8",
    )
    assert [text.partition(":")[0] for text in broken_links(page, blocks_of)] == [
        "no.svg",
        "other.md#no",
        "#no-such",
        "gone.md",
    ]


def test_the_table_of_contents_lists_every_page_once(root):
    settings = yaml.safe_load((root / "mkdocs.yml").read_text(encoding="utf-8"))
    pages = [path.relative_to(root / "docs").as_posix() for path in (root / "docs").rglob("*.md")]
    listed = [page for page in pages_in(settings["nav"]) if not SCHEME.match(page)]
    assert "index.md" in listed
    assert sorted(listed) == sorted(pages)


@pytest.mark.parametrize(
    ("contents", "pages"),
    [(["a.md", {"B": "b.md"}], ["a.md", "b.md"]), ([{"S": [{"C": "c.md"}, "d/e.md"]}], ["c.md", "d/e.md"])],
)
def test_the_table_of_contents_is_read_at_every_depth(contents, pages):
    assert pages_in(contents) == pages
