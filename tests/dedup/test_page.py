import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.dedup.page import NO_PAGE, index_language, page_key

PAGE = "https://example.org/news/1?id=7&page=2"


@pytest.mark.parametrize(
    "same",
    [
        "http://example.org/news/1?id=7&page=2",
        "https://www.example.org/news/1?id=7&page=2",
        "https://EXAMPLE.org:443/news/1?page=2&id=7",
        "https://example.org/news/1?id=7&page=2#comments",
        "https://example.org/news/1?id=7&page=2&utm_source=x&utm_medium=y",
    ],
)
def test_addresses_of_one_page_have_one_key(same):
    assert page_key(same) == page_key(PAGE) != NO_PAGE


@pytest.mark.parametrize(
    "other",
    [
        "https://example.org/news/2?id=7&page=2",
        "https://example.org/news/1?id=8&page=2",
        "https://a.example.org/news/1",
    ],
)
def test_other_pages_have_other_keys(other):
    assert page_key(other) != page_key(PAGE)


def test_an_arabic_path_is_the_same_percent_encoded():
    assert page_key("https://example.org/\u062e\u0628\u0631/") == page_key(
        "https://example.org/%D8%AE%D8%A8%D8%B1"
    )


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "https://example.org",
        "https://www.example.org/",
        "https://[::1",
        "not a page",
        "\ud800",
        "://",
        "/",
    ],
)
def test_no_page_no_key(url):
    assert page_key(url) == NO_PAGE


@given(st.text())
def test_any_url_is_accepted(url):
    assert len(page_key(url)) in {0, 8}


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("ar", "ar"),
        ("ar-EG", "ar"),
        ("AR", "ar"),
        ("zh_Hant", "zh"),
        ("ckb", "ckb"),
        ("und", "und"),
        ("", "und"),
        ("x", "und"),
        ("english", "und"),
        ("{ar}", "und"),
        ("\u0639\u0631\u0628\u064a", "und"),
    ],
)
def test_an_index_is_named_by_the_primary_subtag(lang, expected):
    assert index_language(lang) == expected
