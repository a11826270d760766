"""The text of a page as its nodes have it."""

from collections.abc import Iterator
from typing import Final

import turbohtml

_UNSEEN: Final = frozenset({"script", "style", "iframe", "noembed", "noframes"})
"""Elements whose content the parser hands on as one text, and nobody sees (HTML Standard, section 15.3.1)."""
_INLINE: Final = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark q ruby s samp small span strike "  # noqa: SIM905 - reads better as text
    "strong sub sup time tt u var wbr".split()
)


def text_nodes(root: turbohtml.Node) -> Iterator[turbohtml.Text]:
    """In the order of the page. Templates and what CSS hides count as seen."""
    for node in root.descendants:
        if isinstance(node, turbohtml.Text):
            parent = node.parent
            if not (isinstance(parent, turbohtml.Element) and parent.tag in _UNSEEN):
                yield node


def lines(html: str) -> str:
    """All the text of `html`, each block of it on a line of its own."""
    root = turbohtml.parse(html).root
    parts: list[str] = []
    last: turbohtml.Node | None = None
    for node in text_nodes(root) if root else ():
        block = _block(node)
        parts += (node.data,) if last == block and not _follows_break(node) else ("\n", node.data)
        last = block
    return "".join(parts)


def _block(node: turbohtml.Node) -> turbohtml.Node | None:
    return next(
        (
            each
            for each in node.ancestors
            if not (isinstance(each, turbohtml.Element) and each.tag in _INLINE)
        ),
        None,
    )


def _follows_break(node: turbohtml.Node) -> bool:
    """Whether a line break or a block stands right before the text."""
    before = node.previous_sibling
    return isinstance(before, turbohtml.Element) and before.tag not in _INLINE
