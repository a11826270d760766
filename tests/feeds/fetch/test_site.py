"""The test site's own promises: each path gives the outcome that it is listed with."""

import pytest

from tests.support.feed_documents import story
from tests.support.feed_site import FEEDS, PAGES
from workers.feeds.fetch import HttpFetcher
from workers.feeds.formats import read_document
from workers.feeds.model import FEED_MAX_BYTES, Fault, FeedError


@pytest.fixture
async def fetcher(options):
    async with HttpFetcher(options) as ready:
        yield ready


async def outcome(fetcher, url, *, read):
    """The document or answer at `url`, or the fault."""
    try:
        answer = await fetcher.get(url, max_bytes=FEED_MAX_BYTES if read else None, obey_robots=not read)
        return (
            read_document(answer.body, content_type=answer.content_type, url=answer.url) if read else answer
        )
    except FeedError as error:
        return error.fault


@pytest.mark.parametrize("path", FEEDS)
async def test_a_feed_has_the_outcome_that_it_is_listed_with(site, fetcher, path):
    expected, found = FEEDS[path], await outcome(fetcher, site.url(path), read=True)
    if expected.fault or isinstance(found, Fault):
        assert found == expected.fault
        return
    assert (found.kind, len(found.items)) == (expected.kind, expected.items)
    assert bool(found.problems) == expected.has_problems, found.problems
    if expected.stories and path != "/ampersands.xml":
        assert [item.title for item in found.items] == [story(slug).title for slug in expected.stories]


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/flaky"])
async def test_a_page_has_the_outcome_that_it_is_listed_with(site, fetcher, path):
    found = await outcome(fetcher, site.url(path), read=False)
    if PAGES[path].fault:
        assert found == PAGES[path].fault
    else:
        assert story(PAGES[path].stories[0]).title.encode() in found.body


async def test_the_flaky_page_can_be_had_the_third_time(site, fetcher):
    found = [await outcome(fetcher, site.url("/flaky"), read=False) for _ in range(3)]
    assert found[:2] == [Fault.HTTP_ERROR] * 2
    assert found[2].body == story("en-match").page


async def test_a_change_of_the_page_shows_in_the_feed_and_in_its_validators(site, fetcher):
    url = site.url("/changing.xml")
    before = await fetcher.get(url)
    assert (await fetcher.get(url, validators=before.validators)).is_unchanged
    page = await fetcher.get(site.url("/changing"))
    site.change()
    after = await fetcher.get(url, validators=before.validators)
    assert not after.is_unchanged
    items = [read_document(each.body, content_type=None, url=url).items[0] for each in (before, after)]
    assert items[0].id == items[1].id
    assert items[0].updated_at < items[1].updated_at
    assert (await fetcher.get(site.url("/changing"))).body != page.body
