"""An explanation as one HTML page: the article as it is published, its fields, and the page's blocks in order.

Nothing in the page is loaded from elsewhere and nothing runs; a Content-Security-Policy forbids both, should escaping
ever fail. Addresses are text, not links: a hostile page may name any.
"""

from collections.abc import Iterable, Sequence
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
from workers.web.markup import STYLE, UNKNOWN, entity_spans, language, paragraphs, shown


def report(explanation: Explanation, event: RawEvent, name: str, entities: Sequence[Entity] = ()) -> str:
    """The page; `name` is the file's, `entities` are those of the article. The same explanation gives the same page."""
    article = article_of(explanation)
    title = article.title if article else event.title
    texts = (block.text for block in explanation.blocks)
    direction = language(article.lang if article else UNKNOWN, texts)
    folder = files(__package__)
    return Template((folder / "page.html").read_text("utf-8")).substitute(
        title=shown(f"{title or name} \u2013 khabar explain"),  # EN DASH
        style="\n".join(each.read_text("utf-8").strip() for each in (STYLE, folder / "page.css")),
        skip='<a class="skip" href="#blocks">Skip to the blocks</a>' if explanation.blocks else "",
        name=shown(name),
        verdict=_verdict(explanation),
        strip=_strip(explanation.blocks),
        shape="both" if article else "one",
        result=_result(article, [*fields(explanation, event), *entity_fields(entities)], direction, entities),
        blocks=_blocks(explanation, direction),
        version=VERSION,
    )


def _verdict(explanation: Explanation) -> str:
    said = verdict(explanation)
    words = f"{said.name}: {said.reason}" if said.reason else said.name
    tag = "p" if article_of(explanation) else "h1"  # the article's title is the heading where there is one
    parts = [f'<{tag} class="word">{shown(words.capitalize())}</{tag}>']
    if said.detail:
        parts.append(f'<p class="detail">{shown(said.detail)}</p>')
    if explanation.blocks:
        parts.append(f"<p>{shown(counts(explanation))}</p>")
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
    article: CleanedArticle | None, found: list[Field], direction: str, entities: Sequence[Entity]
) -> str:
    parts = [_article(article, direction, entities)] if article else []
    if found:
        parts.append(_fields(found))
    return '<div class="result">\n' + "\n".join(parts) + "\n</div>" if parts else ""


def _article(article: CleanedArticle, direction: str, entities: Sequence[Entity]) -> str:
    lines = [f'<article class="sheet"{direction}>']
    if source := source_values(article.source):
        lines.append(f'<p class="source">{_beside(source)}</p>')
    missing = '<h1 class="missing"><bdi lang="en">No title was found</bdi></h1>'
    lines.append(f'<h1 dir="auto">{shown(article.title)}</h1>' if article.title else missing)
    day = (f"{article.published_at:%Y-%m-%d}",) if article.published_at else ()
    if byline := (*article.authors, *day):
        lines.append(f'<p class="byline">{_beside(byline)}</p>')
    if article.image:
        lines.append(
            f'<p class="image" lang="en" dir="ltr">Lead image: <bdi>{shown(article.image)}</bdi></p>'
        )
    lines.append('<div class="prose">')
    lines += [
        f'<p dir="auto">{paragraph}</p>' for paragraph in paragraphs(article.text, entity_spans(entities))
    ]
    lines.append("</div>")
    if article.extent is not Extent.FULL:
        lines.append(f'<p class="extent" lang="en" dir="ltr">{_EXTENT[article.extent]}</p>')
    return "\n".join([*lines, "</article>"])


_EXTENT: Final = {
    Extent.PAYWALL: "The page shows no more to readers who have not subscribed.",
    Extent.STUB: "This is the beginning; the rest stands on another page.",
}


def _beside(values: Iterable[str]) -> str:
    return " \u00b7 ".join(f"<bdi>{shown(value)}</bdi>" for value in values)  # MIDDLE DOT


def _fields(found: Iterable[Field]) -> str:
    rows = "\n".join(f'<tr><th scope="row">{shown(each.label)}</th>{_values(each)}</tr>' for each in found)
    return (
        '<section aria-labelledby="fields">\n<h2 id="fields">Fields</h2>\n'
        f"<table>\n<tbody>\n{rows}\n</tbody>\n</table>\n</section>"
    )


def _values(field: Field) -> str:
    if not field.values:
        return '<td class="missing">not found</td>'
    if field.label in {"related", *KINDS.values()}:
        items = "".join(f'<li><bdi dir="auto">{shown(value)}</bdi></li>' for value in field.values)
        return f"<td><ul>{items}</ul></td>"
    return f"<td>{_beside(field.values)}</td>"


def _blocks(explanation: Explanation, direction: str) -> str:
    if not explanation.blocks:
        return ""
    numbered = "".join(f"{_run(run)}\n" for run in runs(explanation.blocks))
    return (
        '<section class="blocks" aria-labelledby="blocks">\n'
        f'<h2 id="blocks" tabindex="-1">Blocks of the page</h2>\n'
        "<p class=\"key\">In reading order. The bar is the model's probability that a block is the article's text; "
        "where there is none, a rule decided.</p>\n"
        f"<ol{direction}>\n{numbered}</ol>\n</section>"
    )


def _run(run: Run) -> str:
    items = "\n".join(_block(number, block) for number, block in run.blocks)
    if not run.is_folded:
        return items
    summary = f'<summary lang="en" dir="ltr">{shown(run.summary)}</summary>'
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
        f'<li class="block {state}" value="{number}" id="block-{number}"><p class="text" dir="auto">{shown(block.text)}</p>'
        f'<div class="why" lang="en" dir="ltr"><p><b>{state}</b> <code>{shown(block.kind)}</code>{chance}</p>'
        f"<p>{shown(brief(block))}</p></div></li>"
    )
