"""How answers about metadata are scored."""

from datetime import UTC, datetime

from workers.boilerplate.evaluate_metadata import GoldPage, half, score, without_json_ld
from workers.boilerplate.metadata import Metadata

GOLD = GoldPage(
    id="1",
    url="https://www.example.org/a",
    html="",
    lang="ar",
    title="The \u201cold\u201d post office \u2013 now a library",
    authors=("Layla Haddad", "Sami Kassem"),
    published_at=datetime(2024, 10, 13, 14, 41, 30, tzinfo=UTC),
)


def test_spelling_of_marks_order_of_authors_and_seconds_do_not_count():
    answer = Metadata(
        title='The "Old" post office - now  a library',
        authors=("sami kassem", "Layla Haddad"),
        published_at=datetime(2024, 10, 13, 14, 41, tzinfo=UTC),
        lang="ar",
    )
    assert set(score([GOLD], {"1": answer}).values()) == {1.0}


def test_a_page_without_an_answer_is_wrong_in_all():
    assert set(score([GOLD], {}).values()) == {0.0}


def test_the_right_day_is_not_the_right_minute():
    rates = score([GOLD], {"1": Metadata(published_at=datetime(2024, 10, 13, tzinfo=UTC))})
    assert (rates["day"], rates["minute"]) == (1.0, 0.0)


def test_halves_are_by_host():
    other = GoldPage(
        id="2", url="https://example.org/b", html="", lang="ar", title=None, authors=(), published_at=None
    )
    assert half(GOLD) == half(other)


def test_json_ld_is_taken_out():
    assert without_json_ld('<p>a<script type="application/ld+json">\n{}</script>b') == "<p>ab"
