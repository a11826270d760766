"""`python -m schemas.generate`: the JSON Schema files (2020-12), made from the record types.

With --check it writes nothing, and fails when a file is not what the types say.
"""

import ast
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas.cleaned_article import CleanedArticle, Extent
from schemas.dead_letter import DeadLetter, DeadReason
from schemas.published_article import PublishedArticle, Relation
from schemas.raw_event import Envelope
from schemas.rejected_event import RejectedEvent, RejectReason
from schemas.tagged_article import Label, TaggedArticle

RECORD_TYPES: Final[dict[str, type[Any]]] = {
    "raw_event": Envelope,
    "cleaned_article": CleanedArticle,
    "tagged_article": TaggedArticle,
    "published_article": PublishedArticle,
    "rejected_event": RejectedEvent,
    "dead_letter": DeadLetter,
}
"""Schema name (as in workers.topics) to the type that is read and written as JSON."""

FOLDER: Final = Path(__file__).parent
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ENUMS: Final[tuple[type[Enum], ...]] = (DeadReason, Extent, Label, RejectReason, Relation)


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of the record type that RECORD_TYPES calls `name`."""
    record_type = RECORD_TYPES[name]
    definitions = msgspec.json.schema(record_type)["$defs"]
    for definition in definitions.values():
        if "description" in definition:
            definition["description"] = _paragraphs(definition["description"])
    for enum in _ENUMS:
        if enum.__name__ in definitions:
            definitions[enum.__name__]["description"] = _describe(enum)
    root = definitions.pop(record_type.__name__)
    schema = {"$schema": DIALECT, "$id": f"urn:khabar:v1:{name}", **root}
    return schema | {"$defs": definitions} if definitions else schema


def file_of(name: str) -> Path:
    """Where the schema called `name` is kept."""
    return FOLDER / f"{name}.schema.json"


def main(arguments: Sequence[str]) -> int:
    """Write the schema files, or check them with --check; the exit status."""
    if list(arguments) not in ([], ["--check"]):
        print("usage: python -m schemas.generate [--check]", file=sys.stderr)
        return 2
    wanted = {file_of(name): _text(json_schema(name)) for name in RECORD_TYPES}
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text]
    if arguments:
        for path in stale:
            print(f"schemas/{path.name} is not what the types say: run python -m schemas.generate")
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path], "utf-8")
        print(f"wrote schemas/{path.name}")
    return 0


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _paragraphs(docstring: str) -> str:
    """The docstring without its source's line breaks and indents, blank lines between paragraphs kept."""
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", docstring.strip()))


def _describe(enum: type[Enum]) -> str:
    """The docstring of `enum`, and those that stand below its members, which Python itself does not keep."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(enum))).body
    assert isinstance(definition, ast.ClassDef)
    lines = [_paragraphs(inspect.getdoc(enum) or "")]
    for member, about in zip(definition.body, definition.body[1:], strict=False):
        match member, about:
            case (
                ast.Assign(value=ast.Constant(value=str(value))),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                lines.append(f"`{value}`: {_paragraphs(text)}")
    return "\n\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
