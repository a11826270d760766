"""A record's JSON for reading."""

import re
from typing import Final

import orjson

_UNSEEN: Final = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff]"
)
"""Characters that show nothing, or change how others are shown: among them all of Unicode's bidi controls."""


def laid_out(value: bytes) -> str:
    """The JSON with two spaces for each level; what cannot be seen is written as an escape. What is no JSON as text."""
    try:
        text = orjson.dumps(orjson.loads(value), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        text = value.decode("utf-8", "backslashreplace")
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
