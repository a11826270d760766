"""Pages as rows of tags."""

import numpy as np
import pytest
import turbohtml
from hypothesis import given
from hypothesis import strategies as st

from workers.boilerplate.tokens import CODE, NAMES, tokens_of

PAGE = "<body><div id=a class='x y'><p>one <b>two</b><br>three</p></div><my-card>x</my-card>"


def read(*pages):
    return tokens_of([turbohtml.parse(page) for page in pages])


def tags(tokens):
    return [tokens.data[begin:end].decode() for begin, end in zip(tokens.begin[:-1], tokens.end, strict=True)]


def test_tags_are_in_the_order_of_the_page_with_their_names():
    tokens = read(PAGE)
    assert tags(tokens)[4:12] == [
        '<div id="a" class="x y">', "<p>", "<b>", "</b>", "<br>", "</p>", "</div>", "<my-card>",
    ]  # fmt: skip
    assert [NAMES[tag] for tag in tokens.tag[4:12]] == ["div", "p", "b", "b", "br", "p", "div", "-"]


@pytest.mark.parametrize("name", [name for name in NAMES if name.isalnum()])
def test_every_known_name_is_told_from_all_others(name):
    document = turbohtml.parse(f"<p><{name} class=x></{name}></p>")
    found = {NAMES[tag] for tag in tokens_of([document]).tag}
    known = {element.tag for element in document.select("*")}
    assert found - {""} == known & set(NAMES)


def test_an_element_knows_its_end_tag():
    tokens = read(PAGE)
    div = tokens.tag.tolist().index(CODE["div"])
    assert tags(tokens)[tokens.partner[div]] == "</div>"
    assert tokens.partner[tokens.partner[div]] == div
    line_break = tokens.tag.tolist().index(CODE["br"])
    assert tokens.partner[line_break] == line_break


def test_text_of_an_element_and_before_it():
    tokens = read("<p>a &lt; b <i>c &amp; d</i> e</p>")
    italic = tokens.tag.tolist().index(CODE["i"])
    assert tokens.text(italic, tokens.partner[italic], 100) == "c & d"
    assert tokens.text_before(italic, 100).endswith("a < b ")


def test_a_piece_of_text_shows_no_part_of_a_tag():
    tokens = read('<p class="long">a <b>b</b> c <em class="longer">d</em></p>')
    paragraph = tokens.tag.tolist().index(CODE["p"])
    assert tokens.text(paragraph, tokens.partner[paragraph], 18) == "a b c "
    last = tokens.tag.tolist().index(CODE["em"])
    assert tokens.text_before(last, 16) == "a b c "


@pytest.mark.parametrize(
    "page",
    [
        "<div class='x' <p>an attribute that looks like a tag</div>",
        "<p title='a>b<c'>brackets in an attribute</p>",
        "<p>a<?php echo 1 ?>b</p><!-- <p>c</p> -->",
        "<xmp><b></xmp><script>if (a<b) c()</script><p>raw text",
        "<p a'b\"c=1>quotes in a name",
    ],
    ids=["open tag", "brackets", "instruction", "raw text", "quotes"],
)
def test_tags_are_told_from_text_on_broken_pages(page):
    tokens = read(page)
    assert all(tag.startswith("<") and tag.endswith(">") for tag in tags(tokens))
    assert (tokens.begin[:-1] < tokens.end).all()
    assert (tokens.end <= tokens.begin[1:]).all()


@given(st.lists(st.text("<>/abdipr !-'\"=", max_size=40), max_size=4))
def test_a_page_has_the_same_tags_whatever_stands_beside_it(pages):
    together = read(*pages)
    assert len(together.pages) == len(pages) + 1
    for number, page in enumerate(pages):
        alone, own = read(page), together.of_page(number)
        assert tags(alone) == tags(own)
        for name in ("tag", "is_open", "is_close", "partner"):
            assert np.array_equal(getattr(alone, name), getattr(own, name))
        assert (own.tag[own.partner] == own.tag).all()
