"""From pages to blocks."""

import numpy as np
import pytest
import turbohtml
from hypothesis import given
from hypothesis import strategies as st

from workers.boilerplate.blocks import blocks_of
from workers.boilerplate.elements import PARTS, WORDS, inherited
from workers.boilerplate.tokens import tokens_of


def read(*pages, whole=False):
    return blocks_of(tokens_of([turbohtml.parse(page) for page in pages]), whole=whole)


def named(blocks, number):
    """The groups of WORDS that stand in the names of a block's element and of those around it."""
    row = blocks.row[number]
    bits = blocks.elements.words[row] | blocks.elements.around[row]
    return {name for bit, name in enumerate(WORDS) if bits >> bit & 1}


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        ("<p>نزل المطر</p><p>وفاض النهر</p>", ["نزل المطر", "وفاض النهر"]),
        ("<div>bare text <b>in</b> a <span>box</span><p>then a paragraph</p>and more</div>",
         ["bare text in a box", "then a paragraph", "and more"]),
        ("<p>one<br>two<br/><br>three</p>", ["one", "two", "three"]),
        ("<ul><li>first item of a list<li>second item of a list</ul>", ["first item of a list", "second item of a list"]),
        ("<p>left<!-- not > here -->right</p>", ["leftright"]),
        ("<p>1 &lt; 2 &amp;&amp; &amp;lt; &copy;&nbsp;&#x41;</p>", ["1 < 2 && &lt; © A"]),
        ("<news-card><p>in an element of the site's own making</p></news-card>", ["in an element of the site's own making"]),
        ("<p>shown</p><script>var hidden = '<p>x</p>'</script><style>p{}</style><template><p>t</p></template>", ["shown"]),
        ("<p title='a > b'>text</p>", ["text"]),
        ("", []),
        ("<p> \n\t </p>", []),
    ],
    ids=["paragraphs", "bare text", "line breaks", "list", "comment", "entities", "custom element", "not shown",
         "bracket in an attribute", "empty", "white space"],
)  # fmt: skip
def test_text_is_cut_where_tags_break_lines(html, texts):
    assert list(read(html).text) == texts


def test_menus_footers_and_buttons_are_read_only_when_asked_for():
    page = "<nav><p>Home and all sections</p></nav><p>The text of it.</p><footer><p>All rights reserved</p></footer>"
    assert list(read(page).text) == ["The text of it."]
    assert list(read(page, whole=True).text) == [
        "Home and all sections",
        "The text of it.",
        "All rights reserved",
    ]


def test_a_short_link_that_stands_alone_is_a_menu_and_a_heading_is_not():
    page = "<ul><li><a href=/s>Sport</a></li></ul><h2><a href=#s>Sport</a></h2><p>See <a href=/x>this</a></p>"
    assert list(read(page).text) == ["Sport", "See this"]


def test_links_and_emphasis_are_shares_of_the_text():
    blocks = read("<p>eleven left<a href=x>and a link</a><b>bold</b></p>", "<p>plain, and nothing else</p>")
    assert blocks.linked.tolist() == pytest.approx([10 / 25, 0])
    assert blocks.strong.tolist() == pytest.approx([4 / 25, 0])
    assert blocks.links.tolist() == [1, 0]


def test_a_link_in_an_empty_element_is_not_counted_in_the_next_block():
    assert read("<div><a href=x></a></div><p>without any link</p>").links.tolist() == [0]


def test_a_block_knows_the_parts_and_names_around_it():
    blocks = read(
        "<article class='StoryBody'><div id=user_comments><p>well said, all of it</p></div></article>"
    )
    assert {name for bit, name in enumerate(PARTS) if blocks.elements.parts[blocks.row[0]] >> bit & 1} == {
        "article"
    }
    assert {"comment", "article", "body"} <= named(blocks, 0)


@pytest.mark.parametrize(
    "attribute", ["hidden", "style='color:red;display: none'", "style='visibility:hidden'"]
)
def test_what_a_page_hides_is_marked(attribute):
    blocks = read(f"<div {attribute}><p>not to be seen yet</p></div><p>to be seen at once</p>")
    assert blocks.elements.hidden[blocks.row].tolist() == [True, False]


def test_elements_stand_after_those_around_them():
    elements = read("<div><section><p>a</p></section><p>b</p></div><p>c</p>").elements
    assert all(parent < row for row, parent in enumerate(elements.parent.tolist()) if row)


def test_an_element_knows_its_first_and_last_block():
    blocks = read("<p>a</p><div><section><p>b</p>c</section><p>d</p></div>e")
    names = [blocks.of_page(0).name[number] for number in range(5)]
    assert names == ["p", "p", "section", "p", "body"]
    held = {(first, last) for first, last in zip(blocks.elements.first, blocks.elements.last, strict=True)}
    assert {(0, 4), (1, 3), (1, 2), (1, 1)} <= held


PAGES = [
    "<div class=a><p>one <i>of</i> two</p><hr>then</div>",
    "",
    "<nav>menu</nav><my-card><p hidden>x</p></my-card>",
    "<table><tr><td>1<td><a href=x>2, which is a longer text</a></table>",
]


def test_a_page_has_the_same_blocks_whatever_stands_beside_it():
    together = read(*PAGES)
    for number, page in enumerate(PAGES):
        alone, own = read(page).of_page(0), together.of_page(number)
        assert (alone.text, alone.linked, alone.name) == (own.text, own.linked, own.name)
        assert alone.words.tolist() == own.words.tolist()
        assert [row - own.row[0] for row in own.row] == [row - alone.row[0] for row in alone.row]


def test_bits_are_inherited_down_a_deep_tree():
    parent = np.maximum(np.arange(1_000) - 1, 0)
    bits, depth = inherited(np.eye(1, 1_000, dtype=np.int64), np.minimum(np.arange(1_000), 1), parent)
    assert bits.all()
    assert depth.tolist() == list(range(1_000))


def test_controls_that_were_written_as_references_are_left_out():
    assert read("<p>a&#x202e;b&#x7;c</p><p>&#x202e;</p>").text == ["abc"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), min_size=1, max_size=5))
def test_blocks_are_the_texts_of_the_page_in_order(texts):
    escaped = [text.replace("&", "&amp;").replace("<", "&lt;") for text in texts]
    blocks = read("".join(f"<p>{text}</p>" for text in escaped))
    assert list(blocks.text) == [joined for text in texts if (joined := " ".join(text.split()))]


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 50_000 + "deep",
        "<p>" * 100_000,
        "<a href=x>" * 20_000,
        "<b>" * 5_000 + "<p>x</b>" * 5_000,
        "<" * 200_000,
    ],
    ids=["nested", "unclosed", "links", "misnested", "brackets"],
)
def test_hostile_pages_are_read(page):
    assert isinstance(read(page).text, list)
