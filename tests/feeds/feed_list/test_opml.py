"""OPML in and out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.errors import ConfigError
from workers.feeds.feed_list import read_opml, write_opml
from workers.feeds.model import Feed

READERS = """<?xml version="1.0" encoding="UTF-8"?><opml version="1.0"><head><title>x</title></head><body>
<outline text="سياسة" title="سياسة"><outline text="مصر">
  <outline type="rss" text="A" title="صحيفة أ" xmlUrl="https://a.example/rss" htmlUrl="https://a.example/" language="ar_EG"/>
</outline><outline text="B" xmlUrl=" https://b.example/atom " category="/x/y,z" language="unknown" htmlUrl="about:blank"/></outline>
<outline xmlUrl="https://c.example/"/><outline text="no feed"/><outline text="D" xmlUrl="feed://d.example"/></body></opml>"""


def test_what_readers_export_is_read():
    found = read_opml(READERS.encode(), "x.opml")
    assert found.feeds == (
        Feed(
            url="https://a.example/rss",
            source="صحيفة أ",
            site_url="https://a.example/",
            lang="ar-EG",
            tags=("سياسة", "مصر"),
        ),
        Feed(url="https://b.example/atom", source="B", tags=("سياسة", "x/y", "z")),
        Feed(url="https://c.example/"),
    )
    [problem] = found.problems
    assert "feed://d.example" in problem


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@given(st.lists(st.builds(
    Feed, url=st.from_regex(r"https://[a-z]{1,9}\.example/[a-z]{0,5}(\?[a-z&=]{1,9})?", fullmatch=True), source=st.none() | TEXT,
    lang=st.sampled_from([None, "ar", "pt-BR"]), site_url=st.sampled_from([None, "https://x.example/"]),
    tags=st.lists(TEXT.filter(lambda tag: not set(",/") & set(tag)), unique=True, max_size=3).map(tuple),
)))  # fmt: skip
@settings(max_examples=50, deadline=None)
def test_what_is_written_is_read_again_as_it_was(feeds):
    found = read_opml(write_opml(feeds), "x.opml")
    assert found.problems == ()
    assert [each.source or each.url for each in found.feeds] == [each.source or each.url for each in feeds]
    for field in ("url", "lang", "site_url", "tags"):
        assert [getattr(each, field) for each in found.feeds] == [getattr(each, field) for each in feeds]


def test_what_is_written_is_opml_2():
    data = write_opml([Feed(url="https://a.example/?a=1&b=2", source="خبر")]).decode()
    assert data.startswith("<?xml version='1.0' encoding='utf-8'?>")
    assert '<opml version="2.0">' in data
    assert 'type="rss" text="خبر" title="خبر" xmlUrl="https://a.example/?a=1&amp;b=2"' in data


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not well-formed"),
        (b"<opml>", "not well-formed"),
        (b"<opml/>", "is no OPML"),
        (b"<rss><body/></rss>", "is no OPML"),
        (b'<!DOCTYPE opml [<!ENTITY a "b">]><opml><body/></opml>', "has a DTD"),
        (
            '<!DOCTYPE opml [<!ENTITY a SYSTEM "file:///etc/passwd">]><opml><body/></opml>'.encode("utf-16"),
            "has a DTD",
        ),
        (b'<?xml version="1.0" encoding="nonsense"?><opml/>', "not well-formed"),
    ],
)
def test_what_is_no_opml_is_said(data, said):
    with pytest.raises(ConfigError, match=said):
        read_opml(data, "x.opml")


def test_folders_without_end_are_read_to_some_depth():
    depth = 5_000
    text = '<outline text="f">' * depth + '<outline xmlUrl="https://a.example/"/>' + "</outline>" * depth
    assert read_opml(f"<opml><body>{text}</body></opml>".encode(), "x").feeds == ()
