import pytest

from workers.identity import article_id


def test_text_and_its_utf8_bytes_have_the_same_id():
    assert article_id("خبر عاجل", "https://a.example/1") == article_id(
        "خبر عاجل".encode(), "https://a.example/1"
    )


def test_an_id_is_32_hex_digits_and_stays_what_it_was():
    # The ids of published records: a change here makes every article a new one.
    assert article_id("خبر", "https://a.example/1") == "78a2542561d1122ffd547351de88599d"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("خبر", "https://a.example/1"), ("خبر", "https://a.example/2")),
        (("خبر", None), ("خبر آخر", None)),
        (("bc", "a"), ("c", "ab")),
        (("a", None), ("", "a")),
        (("\ud800", None), ("\ufffd", None)),
    ],
    ids=["other URL", "other content", "other split", "content or URL", "lone surrogate"],
)
def test_other_pages_have_other_ids(one, other):
    assert article_id(*one) != article_id(*other)


def test_lone_surrogates_in_body_and_url_are_digested():
    assert len(article_id("\udcff", "https://a.example/\udcff")) == 32
