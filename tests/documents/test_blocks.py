"""The reader of fenced blocks, on which the other tests of the documents rest."""

import pytest

PAGE = """\
Text.

<!-- not run: it needs a GPU -->
```python
x = 1

y = 2
```

<!-- a remark -->
A paragraph between.

```console
$ backlit --help
```

- a list

    ````python hl_lines="1"
    ```
    z = 3
    ````
"""


def test_blocks_are_read_with_their_comment_and_without_their_indent(blocks_of):
    found = [(block.language, block.text, block.line, block.comment) for block in blocks_of(PAGE)]
    assert found == [
        ("python", "x = 1\n\ny = 2\n", 4, "not run: it needs a GPU"),
        ("console", "$ backlit --help\n", 13, None),
        ("python", "```\nz = 3\n", 19, None),
    ]


def test_a_block_that_is_never_closed_is_noticed(blocks_of):
    with pytest.raises(AssertionError, match="line 2 is never closed"):
        blocks_of("text\n```python\nx = 1\n")
