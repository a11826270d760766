"""What is measured of blocks."""

import numpy as np
import turbohtml

from workers.boilerplate.blocks import blocks_of
from workers.boilerplate.features import Hints, context_of, features_of
from workers.boilerplate.forest import CERTAIN, shipped
from workers.boilerplate.tokens import tokens_of

PAGE = """<html><body><header><h1>The ferry, again</h1></header><main><article><p>The ferry was late, again; nobody
was told why. {more}</p><p>{more} It will be late tomorrow, too.</p></article></main><aside><ul class=related-links>
<li><a href=/a>Bridge is closed for the winter, and perhaps for good</a></li></ul></aside></body></html>"""
MORE = "The harbour office did not answer, and the captain, who had been asked, went home. " * 3
SURE = int(0.9 * CERTAIN)
HINTS = Hints("The ferry, again", "")


def measure(html, hints=HINTS):
    return features_of(blocks(html), [hints])


def blocks(*pages):
    return blocks_of(tokens_of([turbohtml.parse(page) for page in pages]))


def in_arabic_letters(text):
    """Letters to Arabic letters, and the punctuation that goes with them; what stands in tags stays."""
    table = {code: 0x0628 + (code | 32) % 26 for code in (*range(65, 91), *range(97, 123))}
    table |= str.maketrans(",;?", "\u060c\u061b\u061f")
    parts = text.split("<")
    return "<".join(
        tag + mark + line.translate(table) for part in parts for tag, mark, line in [part.partition(">")]
    )


def test_no_column_knows_the_script():
    page = PAGE.format(more=MORE)
    latin, _ = measure(page)
    arabic, _ = measure(in_arabic_letters(page), Hints(in_arabic_letters(">" + HINTS.title)[1:], ""))
    assert latin.names == arabic.names
    assert np.array_equal(latin.values, arabic.values)


def test_columns_are_those_that_the_shipped_forests_ask_for():
    table, layout = measure(PAGE.format(more=MORE))
    context = context_of(np.full(len(layout.weight), CERTAIN // 2), layout)
    assert shipped("page").first.names == table.names
    assert shipped("page").second.names == table.names + context.names


def test_columns_are_finite_on_any_page():
    for html in (
        PAGE.format(more=""),
        "<p>x",
        "<p>" + "x" * 100_000,
        "<li><a href=x>" + "\u6f22" * 50,
        "<p>.<p>.<p>.",
    ):
        table, layout = measure(html)
        context = context_of(np.zeros(len(layout.weight), np.int64), layout)
        assert np.isfinite(table.values).all()
        assert np.isfinite(context.values).all()


def test_an_element_knows_what_share_of_the_prose_it_holds():
    page = blocks(PAGE.format(more=MORE))
    table, layout = features_of(page, [HINTS])
    assert page.of_page(0).name == ["h1", "p", "p", "li"]
    inside = [level for level in range(6) if layout.held_behind[level, 1] - layout.held_first[level, 1] == 2]
    assert inside
    assert all(table[f"share{level}"][1] == 1 for level in inside)


def test_a_page_has_the_same_columns_whatever_stands_beside_it():
    pages = [PAGE.format(more=MORE), "<p>x", "", PAGE.format(more=""), "<p>" + "\U0001f600 " * 50]
    together, layout = features_of(blocks(*pages), [HINTS] * len(pages))
    first = np.arange(len(layout.weight)) * 997 % CERTAIN
    context = context_of(first, layout)
    for number, page in enumerate(pages):
        own = layout.page == number
        alone, alone_layout = measure(page)
        assert np.array_equal(together.values[:, own], alone.values)
        assert np.array_equal(context.values[:, own], context_of(first[own], alone_layout).values)


def test_the_headline_is_where_the_title_says_and_counts_go_from_there():
    table, _ = measure(PAGE.format(more=MORE))
    assert table["is_title"].tolist() == [1, 0, 0, 0]
    assert table["from_title"].tolist() == [0, 1, 2, 3]


def test_what_the_page_describes_itself_with_is_found():
    table, _ = measure(
        PAGE.format(more=MORE), Hints("", "The ferry was late, again; nobody was told why. More below.")
    )
    assert table["is_description"].tolist() == [0, 1, 0, 0]


def test_a_block_next_to_sure_ones_is_told_so():
    _, layout = measure(PAGE.format(more=MORE))
    context = context_of(np.array([0, SURE, SURE, 0]), layout)
    assert context["p-1"].tolist() == [0, 0, SURE, SURE]
    assert context["since"].tolist() == [60, 60, 1, 1]
    assert context["p_max"].tolist() == [SURE] * 4
