"""Rules over what the forests say."""

import numpy as np
import pytest
import turbohtml

from workers.boilerplate.blocks import blocks_of
from workers.boilerplate.maintext import Why, decide, evidence, paragraphs

LONG = "The council met on Tuesday and decided, after a debate of three hours, to keep the pool open."


def decided(html, *, unlikely=(), title=None, authors=()):
    """The blocks of `html`, all of them likely but the `unlikely` ones, and what decided about each."""
    blocks = blocks_of(turbohtml.parse(html))
    chances = np.array([0.1 if number in unlikely else 0.9 for number in range(len(blocks.text))], np.float32)
    return blocks, decide(blocks, chances, title, authors)


def test_likely_blocks_are_kept_and_others_are_not():
    _, whys = decided(f"<p>{LONG}</p><p>{LONG[::-1]}</p>", unlikely=[1])
    assert whys == [Why.TEXT, Why.MODEL]


@pytest.mark.parametrize(
    "line",
    ["اقرأ أيضا: <a href=/x>عودة السوق القديم إلى المدينة</a>", "Read also: <a href=/x>The old market is back in town</a>",
     "Lire aussi : <a href=/x>Le vieux marché est de retour</a>", "Читайте также: <a href=/x>Старый рынок вернулся</a>",
     "Share this article"],
    ids=["ar", "en", "fr", "ru", "share"],
)  # fmt: skip
def test_a_pointer_to_other_pages_in_the_text_is_left_out(line):
    _, whys = decided(f"<p>{LONG}</p><p>{line}</p><p>{LONG[::-1]}</p>")
    assert whys == [Why.TEXT, Why.MARKER, Why.TEXT]


def test_headline_and_by_line_above_the_text_are_fields():
    page = f"<p>Local</p><h1>Pool stays open</h1><p>By Amal Haddad, city desk</p><p>{LONG}</p><p>Amal Haddad was there.</p>"
    _, whys = decided(page, title="Pool stays open", authors=["Amal Haddad"])
    assert whys == [Why.LABEL, Why.TITLE, Why.BYLINE, Why.TEXT, Why.TEXT]


def test_a_second_copy_of_a_paragraph_is_left_out():
    _, whys = decided(f"<p>{LONG}</p><p>Short</p><p>Short</p><p>{LONG}</p>")
    assert whys == [Why.TEXT, Why.TEXT, Why.TEXT, Why.REPEAT]


def test_a_heading_between_kept_paragraphs_is_kept_and_a_linked_one_is_not():
    _, whys = decided(
        f"<p>{LONG}</p><h2>The debate</h2><p>{LONG[::-1]}</p><h3><a href=/x>Pool opens in the other town</a></h3><p>{LONG[5:]}</p>",
        unlikely=[1, 3],
    )
    assert whys == [Why.TEXT, Why.TEXT, Why.TEXT, Why.MODEL, Why.TEXT]


def test_a_heading_that_ends_the_text_is_left_out_and_one_inside_is_kept():
    _, whys = decided(f"<h2>The debate</h2><p>{LONG}</p><h2>More from this desk</h2>")
    assert whys == [Why.TEXT, Why.TEXT, Why.LAST_HEADING]


def test_cells_of_a_row_are_one_paragraph():
    blocks, whys = decided(
        "<table><tr><td>Adults</td><td>4.50</td></tr><tr><td>Children</td><td>2.00</td></tr></table>"
    )
    assert paragraphs(blocks, whys) == ["Adults 4.50", "Children 2.00"]


def test_cells_that_lay_out_a_page_keep_their_paragraphs():
    blocks, whys = decided(
        "<table><tr><td>Sections<td>Bridge reopens<br>By our staff<br>Trucks are back.</tr></table>"
    )
    assert paragraphs(blocks, whys) == ["Sections", "Bridge reopens", "By our staff", "Trucks are back."]


@pytest.mark.parametrize(
    ("page", "words"),
    [("<p><a href=/x>Another headline that is a link and nothing else</a></p>", "links"),
     (f"<div class=comment-body><p>{LONG}</p></div>", "comments"), (f"<aside><p>{LONG}</p></aside>", "aside"),
     ("<p>A few words</p>", "short")],
    ids=["link", "comment", "aside", "short"],
)  # fmt: skip
def test_what_speaks_against_a_block_is_said_in_words(page, words):
    blocks, _ = decided(page)
    assert words in evidence(blocks, 0)
