"""What the reference pages need to know of our docstrings: "Example:" heads a section that runs, with prompts.

MkDocs reads the docstrings through griffe, which knows such a section by the name "Examples:" alone. mkdocs.yml names
this extension.
"""

import re

from griffe import Extension, Object


class ExampleSections(Extension):
    """Read "Example:" as "Examples:"."""

    def on_object(self, *, obj: Object, **others) -> None:
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"^(\s*)Example:$", r"\1Examples:", obj.docstring.value, flags=re.MULTILINE)
