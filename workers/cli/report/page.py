"""An explanation as one HTML page: the article as it is published, its fields, and the page's blocks in order.

Nothing in the page is loaded from elsewhere and nothing runs; a Content-Security-Policy forbids both, should escaping
ever fail. Addresses are text, not links: a hostile page may name any.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from itertools import groupby
from string import Template
from typing import Final

from schemas.cleaned_article import CleanedArticle, Extent
from schemas.raw_event import RawEvent
from schemas.tagged_article import Entity
from workers.boilerplate.explain import Explanation
from workers.boilerplate.page import Judged
from workers.boilerplate.stage import VERSION
from workers.cli.report.findings import (
    KINDS,
    Field,
    Run,
    article_of,
    brief,
    counts,
    entity_fields,
    fields,
    runs,
    source_values,
    verdict,
)

# What no document may hold (HTML Standard, 13.2.3.5, control characters), unpaired surrogates, and what reorders the
# text around it: LEFT-TO-RIGHT EMBEDDING to RIGHT-TO-LEFT OVERRIDE, LEFT-TO-RIGHT ISOLATE to POP DIRECTIONAL ISOLATE.
_HARMFUL: Final = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
_RIGHT_TO_LEFT: Final = frozenset(
    {
        "ar",
        "arc",
        "azb",
        "ckb",
        "dv",
        "fa",
        "glk",
        "he",
        "lrc",
        "mzn",
        "pnb",
        "prs",
        "ps",
        "sd",
        "syr",
        "ug",
        "ur",
        "yi",
    }
)
"""Languages that the Unicode CLDR (characterOrder) gives as written from right to left by default."""
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


def report(explanation: Explanation, event: RawEvent, name: str, entities: Sequence[Entity] = ()) -> str:
    """The page; `name` is the file's, `entities` are those of the article. The same explanation gives the same page."""
    article = article_of(explanation)
    title = article.title if article else event.title
    language = _language(article.lang if article else "und", explanation.blocks)
    folder = files(__package__)
    return Template((folder / "page.html").read_text("utf-8")).substitute(
        title=_text(f"{title or name} \u2013 khabar explain"),  # EN DASH
        style=(folder / "page.css").read_text("utf-8").strip(),
        skip='<a class="skip" href="#blocks">Skip to the blocks</a>' if explanation.blocks else "",
        name=_text(name),
        verdict=_verdict(explanation),
        strip=_strip(explanation.blocks),
        shape="both" if article else "one",
        result=_result(article, [*fields(explanation, event), *entity_fields(entities)], language, entities),
        blocks=_blocks(explanation, language),
        version=VERSION,
    )


def _text(text: str) -> str:
    return escape(_HARMFUL.sub("", text))


def _language(lang: str, blocks: Iterable[Judged]) -> str:
    """The attributes of an element in this language; where that is not known, the direction of most of the blocks."""
    if lang == "und" or not _LANGUAGE.fullmatch(lang):
        letters = Counter(unicodedata.bidirectional(letter) for block in blocks for letter in block.text)
        return f' dir="{"rtl" if letters["R"] + letters["AL"] > letters["L"] else "ltr"}"'
    direction = "rtl" if lang.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"
    return f' lang="{lang}" dir="{direction}"'


def _verdict(explanation: Explanation) -> str:
    said = verdict(explanation)
    words = f"{said.name}: {said.reason}" if said.reason else said.name
    tag = "p" if article_of(explanation) else "h1"  # the article's title is the heading where there is one
    parts = [f'<{tag} class="word">{_text(words.capitalize())}</{tag}>']
    if said.detail:
        parts.append(f'<p class="detail">{_text(said.detail)}</p>')
    if explanation.blocks:
        parts.append(f"<p>{_text(counts(explanation))}</p>")
    return f'<div class="verdict {said.name}">{"".join(parts)}</div>'


def _strip(blocks: Iterable[Judged]) -> str:
    """The page from its first character to its last, as a bar: what is kept of it, and where it stands."""
    parts = [
        (is_kept, sum(len(block.text) for block in group))
        for is_kept, group in groupby(blocks, key=lambda block: block.kept)
    ]
    total = sum(chars for _, chars in parts)
    if not total:
        return ""
    share = sum(chars for is_kept, chars in parts if is_kept) / total
    bar = "".join(
        f'<i{" class=kept" if is_kept else ""} style="width:{chars / total:.3%}"></i>'
        for is_kept, chars in parts
    )
    return (
        f'<div class="strip" role="img" aria-label="{share:.0%} of the page\'s characters are kept">{bar}</div>\n'
        f'<p class="legend"><span>start of the page</span><span>{share:.0%} of its characters kept</span>'
        "<span>end</span></p>"
    )


def _result(
    article: CleanedArticle | None, found: list[Field], language: str, entities: Sequence[Entity]
) -> str:
    parts = [_article(article, language, entities)] if article else []
    if found:
        parts.append(_fields(found))
    return '<div class="result">\n' + "\n".join(parts) + "\n</div>" if parts else ""


def _article(article: CleanedArticle, language: str, entities: Sequence[Entity]) -> str:
    lines = [f'<article class="sheet"{language}>']
    if source := source_values(article.source):
        lines.append(f'<p class="source">{_beside(source)}</p>')
    missing = '<h1 class="missing"><bdi lang="en">No title was found</bdi></h1>'
    lines.append(f'<h1 dir="auto">{_text(article.title)}</h1>' if article.title else missing)
    day = (f"{article.published_at:%Y-%m-%d}",) if article.published_at else ()
    if byline := (*article.authors, *day):
        lines.append(f'<p class="byline">{_beside(byline)}</p>')
    if article.image:
        lines.append(
            f'<p class="image" lang="en" dir="ltr">Lead image: <bdi>{_text(article.image)}</bdi></p>'
        )
    lines.append('<div class="prose">')
    lines += [f'<p dir="auto">{paragraph}</p>' for paragraph in _marked(article.text, entities).split("\n\n")]
    lines.append("</div>")
    if article.extent is not Extent.FULL:
        lines.append(f'<p class="extent" lang="en" dir="ltr">{_EXTENT[article.extent]}</p>')
    return "\n".join([*lines, "</article>"])


def _marked(text: str, entities: Iterable[Entity]) -> str:
    """The text as HTML, with the mentions of the entities marked by their kind and what they are told apart by."""
    mentions = sorted(
        ((each.start, each.end, entity) for entity in entities for each in entity.mentions),
        key=lambda mention: mention[0],
    )
    parts, at = [], 0
    for start, end, entity in mentions:
        title = f"{entity.label}: {entity.name_en or entity.name}, {entity.id}"
        marked = (
            f'<mark class="{entity.label.lower()}" title="{_text(title)}">{_text(text[start:end])}</mark>'
        )
        parts += [_text(text[at:start]), marked]
        at = end
    return "".join([*parts, _text(text[at:])])


_EXTENT: Final = {
    Extent.PAYWALL: "The page shows no more to readers who have not subscribed.",
    Extent.STUB: "This is the beginning; the rest stands on another page.",
}


def _beside(values: Iterable[str]) -> str:
    return " \u00b7 ".join(f"<bdi>{_text(value)}</bdi>" for value in values)  # MIDDLE DOT


def _fields(found: Iterable[Field]) -> str:
    rows = "\n".join(f'<tr><th scope="row">{_text(each.label)}</th>{_values(each)}</tr>' for each in found)
    return (
        '<section aria-labelledby="fields">\n<h2 id="fields">Fields</h2>\n'
        f"<table>\n<tbody>\n{rows}\n</tbody>\n</table>\n</section>"
    )


def _values(field: Field) -> str:
    if not field.values:
        return '<td class="missing">not found</td>'
    if field.label in {"related", *KINDS.values()}:
        items = "".join(f'<li><bdi dir="auto">{_text(value)}</bdi></li>' for value in field.values)
        return f"<td><ul>{items}</ul></td>"
    return f"<td>{_beside(field.values)}</td>"


def _blocks(explanation: Explanation, language: str) -> str:
    if not explanation.blocks:
        return ""
    numbered = "".join(f"{_run(run)}\n" for run in runs(explanation.blocks))
    return (
        '<section class="blocks" aria-labelledby="blocks">\n'
        f'<h2 id="blocks" tabindex="-1">Blocks of the page</h2>\n'
        "<p class=\"key\">In reading order. The bar is the model's probability that a block is the article's text; "
        "where there is none, a rule decided.</p>\n"
        f"<ol{language}>\n{numbered}</ol>\n</section>"
    )


def _run(run: Run) -> str:
    items = "\n".join(_block(number, block) for number, block in run.blocks)
    if not run.is_folded:
        return items
    summary = f'<summary lang="en" dir="ltr">{_text(run.summary)}</summary>'
    return f"<li><details>{summary}\n<ol>\n{items}\n</ol></details></li>"


def _block(number: int, block: Judged) -> str:
    state = "kept" if block.kept else "dropped"
    chance = ""
    if block.score is not None:
        bar = f'<span class="bar" aria-hidden="true"><i style="width:{block.score:.1%}"></i></span>'
        chance = (
            f' <span class="chance">{bar}<span class="unseen">probability </span>{block.score:.0%}</span>'
        )
    return (
        f'<li class="block {state}" value="{number}" id="block-{number}"><p class="text" dir="auto">{_text(block.text)}</p>'
        f'<div class="why" lang="en" dir="ltr"><p><b>{state}</b> <code>{_text(block.kind)}</code>{chance}</p>'
        f"<p>{_text(brief(block))}</p></div></li>"
    )
