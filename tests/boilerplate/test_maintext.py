"""Rules over what the forests say."""

import numpy as np
import pytest
import turbohtml

from workers.boilerplate.blocks import blocks_of
from workers.boilerplate.forest import CERTAIN
from workers.boilerplate.maintext import Chances, Why, decide, evidence, paragraphs
from workers.boilerplate.tokens import tokens_of

LONG = "The council met on Tuesday and decided, after a debate of three hours, to keep the pool open."


def decided(html, *, unlikely=(), chance=0.12, title=None, authors=()):
    """The blocks of `html`, all of them likely but the `unlikely` ones, and what decided about each."""
    blocks = blocks_of(tokens_of([turbohtml.parse(html)])).of_page(0)
    chances = [int(CERTAIN * (chance if number in unlikely else 0.9)) for number in range(len(blocks.text))]
    weight = np.array([len(text) for text in blocks.text])
    return blocks, decide(blocks, Chances(np.array(chances), weight, np.array(blocks.around)), title, authors)


def test_likely_blocks_are_kept_and_others_are_not():
    _, whys = decided(f"<p>{LONG}</p><p>{LONG[::-1]}</p>", unlikely=[1])
    assert whys == [Why.TEXT, Why.MODEL]


def test_an_unsure_paragraph_beside_a_kept_one_of_its_kind_is_kept():
    page = f"<div><p>{LONG}</p><p>{LONG[::-1]}</p></div><aside><p>{LONG.upper()}</p></aside>"
    _, whys = decided(page, unlikely=[1, 2], chance=0.2)
    assert whys == [Why.TEXT, Why.TEXT, Why.MODEL]
    _, whys = decided(page, unlikely=[1, 2], chance=0.1)
    assert whys == [Why.TEXT, Why.MODEL, Why.MODEL]


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


@pytest.mark.parametrize(
    "line",
    ["2 أيلول 2024", "Tuesday, March 14, 2006 | 10:35", "06 ARALIK 2019 CUMA"],
    ids=["ar", "en", "tr"],
)
def test_a_date_line_above_the_text_is_a_field_and_one_within_it_stays(line):
    _, whys = decided(f"<p>{line}</p><p>{LONG}</p><p>{LONG[::-1]}</p><p>{LONG[5:]}</p><p>{line}</p>")
    assert whys == [Why.DATE, Why.TEXT, Why.TEXT, Why.TEXT, Why.TEXT]


def test_what_stands_behind_the_heading_of_the_comments_is_left_out():
    paragraphs = "".join(f"<p>{number} {LONG}</p>" for number in range(7))
    _, whys = decided(f"{paragraphs}<h3>Comments (12)</h3><p>Well said, all of it, and not too soon.</p>")
    assert whys == [Why.TEXT] * 7 + [Why.BEHIND] * 2
    _, whys = decided(f"<p>{LONG}</p><h3>Comments (12)</h3><p>Well said, all of it, and not too soon.</p>")
    assert whys.count(Why.TEXT) == 3


def test_a_notice_for_subscribers_that_ends_the_text_is_left_out():
    _, whys = decided(f"<p>{LONG}</p><p>{LONG[::-1]}</p><p>To continue reading, become a subscriber</p>")
    assert whys == [Why.TEXT, Why.TEXT, Why.WALL]


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
    assert paragraphs(blocks, [why is Why.TEXT for why in whys]) == ["Adults 4.50", "Children 2.00"]


def test_cells_that_lay_out_a_page_keep_their_paragraphs():
    blocks, whys = decided(
        "<table><tr><td>Sections<td>Bridge reopens<br>By our staff<br>Trucks are back.</tr></table>"
    )
    assert paragraphs(blocks, [why is Why.TEXT for why in whys]) == [
        "Sections",
        "Bridge reopens",
        "By our staff",
        "Trucks are back.",
    ]


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
