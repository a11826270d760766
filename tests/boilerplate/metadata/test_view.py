"""One page of a batch: what stands where in it, and nothing of its neighbours."""

import pytest

from tests.boilerplate.metadata.reading import metadata_of, views_of
from workers.boilerplate.metadata import read_metadata
from workers.boilerplate.metadata.marks import marks_between
from workers.boilerplate.metadata.view import among

NEIGHBOUR = '<html lang="en"><h1>A page before</h1><a href="/other">Another page</a></html>'
PAGE = (
    '<html lang="ar"><body><nav><a href="/">الصفحة الأولى</a></nav><article><h1>افتتاح <b>المكتبة</b> &amp; المتحف</h1>'
    '<p class="a &quot;b&quot;">نص <a href="/1?a=1&amp;b=2" rel="author"><i>ليلى</i></a></p></article></body></html>'
)
LINKS, HEADINGS = among("a"), among("h1")


@pytest.fixture(params=[0, 1, 2], ids=["first", "between", "last"])
def view(request):
    pages = [NEIGHBOUR] * 3
    pages[request.param] = PAGE
    return views_of(pages)[request.param]


def test_elements_are_those_of_the_page(view):
    links = view.named(LINKS, view.first, view.last, 10)
    assert [view.text(link) for link in links] == ["الصفحة الأولى", "ليلى"]
    assert view.named(LINKS, view.first, view.last, 1) == links[:1]
    assert view.next_named(LINKS, links[1]) == links[1]
    assert view.next_named(LINKS, links[1] + 1) is None
    assert view.all_named(LINKS).tolist() == links


def test_texts_and_attributes_have_their_references_resolved(view):
    heading = view.next_named(HEADINGS, view.first)
    assert view.text(heading) == "افتتاح المكتبة & المتحف"
    assert view.text(heading, 6) == "افتتاح"
    assert view.pieces_between(heading, view.partner[heading]) == ["افتتاح ", "المكتبة", " & المتحف"]
    paragraph = view.next_named(among("p"), view.first)
    assert view.attributes(paragraph) == {"class": 'a "b"'}
    assert view.attributes(view.links(paragraph, view.last, 1)[0]) == {"href": "/1?a=1&b=2", "rel": "author"}


def test_what_is_around_an_element(view):
    paragraph = view.next_named(among("p"), view.first)
    link = view.links(paragraph, view.last, 1)[0]
    assert [view.name(tag) for tag in view.around(link)] == ["p", "article", "body", "html"]
    assert view.link_around(link + 1) == link
    assert view.link_around(paragraph) is None
    assert view.name(view.run_end(paragraph)) == "p"


def test_elements_are_found_by_what_stands_in_their_tags(view):
    assert [mark.get("rel") for mark in marks_between(view, view.first, view.last)] == ["author"]


def test_a_page_in_a_batch_is_read_as_it_is_alone():
    views = views_of([NEIGHBOUR, PAGE, "", NEIGHBOUR])
    alone = [metadata_of(page, None) for page in (NEIGHBOUR, PAGE, "", NEIGHBOUR)]
    assert [read_metadata(view, url=None, fetched_at=None) for view in views] == alone


@pytest.mark.parametrize("html", ["", " ", "<!-- -->", "<h1>x</h1>", "<title>x</title>", "<h1>x</h1><p>y"])
def test_a_page_of_hardly_anything_is_read(html):
    assert metadata_of(html, None).authors == ()
