"""What every index owes, whatever it is made of. `raw:0:N` are the origins of arrivals."""

import pytest

from schemas.published_article import Duplicate, Relation
from schemas.tagged_article import TaggedArticle
from tests.dedup.stories import (
    FATHA,
    LANGUAGES,
    STORIES,
    TATWEEL,
    article,
    beginning,
    candidates,
    made_up,
    name_of,
    with_words_changed,
)
from workers.dedup.index import Candidate, Index

UNIQUE, EXACT, NEAR, REVISION = Relation.UNIQUE, Relation.EXACT, Relation.NEAR, Relation.REVISION
TRUNCATED, EXTENDED = Relation.TRUNCATED, Relation.EXTENDED


def relation_to(index: Index, lang: str, earlier: str, later: str) -> Relation:
    first, second = index.decide(
        candidates(article(earlier, name="first", lang=lang), article(later, name="second", lang=lang))
    )
    assert first.relation is UNIQUE
    assert (name_of(second.of), name_of(second.cluster)) == (
        (None, "second") if second.relation is UNIQUE else ("first", "first")
    )
    return second.relation


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda s: s, EXACT, id="same text"),
        pytest.param(
            lambda s: "\n\n " + s.upper().replace(".", " ! ") + "\n", EXACT, id="case, spacing, marks"
        ),
        pytest.param(lambda s: with_words_changed(s, 5, 30), NEAR, id="two words changed"),
        pytest.param(lambda s: beginning(s, 0.6), TRUNCATED, id="cut short"),
        pytest.param(lambda s: s + "\n\n" + beginning(s[::-1], 0.4), EXTENDED, id="extended"),
    ],
)
def test_a_copy_is_set_aside(make_index, lang, change, expected):
    story = STORIES[lang]["story"]
    assert relation_to(make_index(), lang, story, change(story)) is expected


@pytest.mark.parametrize("lang", LANGUAGES)
def test_another_story_is_unique(make_index, lang):
    assert relation_to(make_index(), lang, STORIES[lang]["story"], STORIES[lang]["other"]) is UNIQUE


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        pytest.param([31, 32, 33, 34, 35, 36, 37, 38], UNIQUE, id="all numbers differ"),
        pytest.param([11, 12, 13, 14, 15, 16, 17, 38], NEAR, id="one number corrected"),
    ],
)
def test_a_template_with_other_numbers_is_another_article(make_index, lang, numbers, expected):
    template = STORIES[lang]["template"]
    earlier = template.format(*range(11, 19))
    assert relation_to(make_index(), lang, earlier, template.format(*numbers)) is expected


@pytest.mark.parametrize("text", ["", "!!!", "خبر", "Breaking news", "\ud800"])
def test_a_text_too_short_for_shingles_is_an_exact_copy_or_unique(make_index, text):
    index = make_index()
    verdicts = index.decide(
        candidates(article(text, name="1"), article(text + " 7", name="2"), article(text, name="3"))
    )
    assert [v.relation for v in verdicts] == [UNIQUE, UNIQUE, EXACT]


def test_the_verdict_says_what_the_article_is_a_copy_of(make_index):
    story = STORIES["ar"]["story"]
    edited = with_words_changed(story, 10)
    first, near, exact_of_near, exact = make_index().decide(
        candidates(
            article(story, name="first"),
            article(edited, name="near"),
            article(edited.replace(" ", f"{TATWEEL}{FATHA} "), name="third"),
            article(story, name="fourth"),
        )
    )
    assert (first.of, first.similarity, name_of(first.cluster), first.revision) == (None, None, "first", None)
    assert (near.relation, name_of(near.of), name_of(near.cluster), near.revision) == (
        NEAR,
        "first",
        "first",
        None,
    )
    assert 0.8 < near.similarity < 1
    assert (exact_of_near.relation, name_of(exact_of_near.of), name_of(exact_of_near.cluster)) == (
        EXACT,
        "near",
        "first",
    )
    assert (exact.relation, name_of(exact.of), exact.similarity, name_of(exact.cluster)) == (
        EXACT,
        "first",
        1.0,
        "first",
    )


def test_copies_of_copies_name_the_first_article_with_their_text(make_index):
    index = make_index()
    verdicts = index.decide(candidates(*(article(made_up(1), name=f"copy {n}") for n in range(5))))
    assert [name_of(v.of) for v in verdicts] == [None, *["copy 0"] * 4]


def test_a_wrong_language_hides_no_copy(make_index):
    story = STORIES["ar"]["story"]
    first, second = make_index().decide(
        candidates(article(story, name="1", lang="ar"), article(story, name="2", lang="fa"))
    )
    assert (first.relation, second.relation) == (UNIQUE, EXACT)


def test_shards_decide_all_languages_in_the_order_of_arrival(make_index):
    index = make_index(shards=5)
    batch = [
        article(STORIES[lang]["story"], name=f"{lang} {n}", lang=lang) for n in range(2) for lang in LANGUAGES
    ]
    verdicts = index.decide(candidates(*batch))
    assert [v.relation for v in verdicts] == [UNIQUE] * len(LANGUAGES) + [EXACT] * len(LANGUAGES)
    assert [name_of(v.cluster) for v in verdicts] == [f"{lang} 0" for lang in LANGUAGES] * 2


class TestRevisions:
    URL = "https://example.org/2024/10/library"

    def test_changed_texts_of_a_page_are_numbered(self, make_index):
        story = STORIES["ar"]["story"]
        texts = [story, with_words_changed(story, 3), with_words_changed(story, 3, 9), STORIES["ar"]["other"]]
        verdicts = make_index().decide(
            candidates(*(article(text, name=f"v{n}", url=self.URL) for n, text in enumerate(texts)))
        )
        assert [(v.relation, name_of(v.of), v.revision, name_of(v.cluster)) for v in verdicts] == [
            (UNIQUE, None, None, "v0"),
            (REVISION, "v0", 1, "v0"),
            (REVISION, "v1", 2, "v0"),
            (REVISION, "v2", 3, "v0"),
        ]
        assert verdicts[1].similarity > 0.8
        assert verdicts[3].similarity == 0.0

    def test_a_version_sent_again_is_exact_and_the_count_goes_on(self, make_index):
        a, b, c = made_up(1), made_up(2), made_up(3)
        ids = {a: "a", b: "b", c: "c"}
        verdicts = make_index().decide(
            candidates(*(article(text, name=ids[text], url=self.URL) for text in (a, a, b, a, b, c)))
        )
        assert [(v.relation, name_of(v.of), v.revision) for v in verdicts] == [
            (UNIQUE, None, None),
            (EXACT, "a", None),
            (REVISION, "a", 1),
            (EXACT, "a", None),
            (EXACT, "b", None),
            (REVISION, "b", 2),
        ]

    def test_the_address_counts_as_readers_see_it(self, make_index):
        first, second = make_index().decide(
            candidates(
                article(made_up(1), name="1", url="https://www.example.org/a/?utm_source=feed"),
                article(made_up(2), name="2", url="http://Example.org/a#top"),
            )
        )
        assert (first.relation, second.relation) == (UNIQUE, REVISION)

    @pytest.mark.parametrize("url", [None, "https://example.org", "https://example.org/", "://"])
    def test_no_page_no_revision(self, make_index, url):
        verdicts = make_index().decide(
            candidates(*(article(made_up(n), name=str(n), url=url) for n in range(3)))
        )
        assert [v.relation for v in verdicts] == [UNIQUE] * 3

    def test_an_edit_of_a_copy_that_stays_a_copy_is_not_published(self, make_index):
        story = made_up(1)
        verdicts = make_index().decide(
            candidates(
                article(story, name="wire", url="https://wire.example/1"),
                article(with_words_changed(story, 5), name="copy", url=self.URL),
                article(with_words_changed(story, 5, 6), name="copy edited", url=self.URL),
                article(made_up(2), name="copy replaced", url=self.URL),
            )
        )
        assert [(v.relation, name_of(v.cluster)) for v in verdicts] == [
            (UNIQUE, "wire"),
            (NEAR, "wire"),
            (NEAR, "wire"),
            (REVISION, "wire"),
        ]


class TestRedelivery:
    def arrivals(self) -> list[Candidate]:
        """Every relation, many times over."""
        articles = []
        for n in range(30):
            story, url = made_up(n), f"https://example.org/{n}"
            articles += [
                article(story, name=f"{n}", url=url),
                article(with_words_changed(story, 5), name=f"{n} near"),
                article(story, name=f"{n} copy"),
                article(with_words_changed(story, 20, 30), name=f"{n} revision", url=url),
            ]
        return candidates(*articles)

    @pytest.mark.parametrize("batch_size", [1, 7, 37, 120])
    def test_the_same_origin_gets_the_verdict_it_had_in_whatever_batch(self, make_index, batch_size):
        index, arrivals = make_index(), self.arrivals()
        verdicts = index.decide(arrivals)
        assert {v.relation for v in verdicts} == {UNIQUE, NEAR, EXACT, REVISION}
        batches = [arrivals[start : start + batch_size] for start in range(0, len(arrivals), batch_size)]
        assert [v for batch in reversed(batches) for v in reversed(index.decide(batch))] == verdicts[::-1]

    def test_twice_in_one_batch_is_one_arrival(self, make_index):
        [arrival] = candidates(article(made_up(1)))
        first, second = make_index().decide([arrival, arrival])
        assert first == second
        assert second.relation is UNIQUE

    def test_new_origins_are_exact_copies(self, make_index):
        index, arrivals = make_index(), self.arrivals()
        index.decide(arrivals)
        again = index.decide([Candidate(f"raw:1:{n}", a.fingerprint) for n, a in enumerate(arrivals)])
        assert {v.relation for v in again} == {EXACT}

    def test_the_origin_counts_even_if_the_text_was_read_differently(self, make_index):
        index = make_index()
        [before], [after] = candidates(article(made_up(1))), candidates(article(made_up(2)))
        assert before.origin == after.origin
        assert index.decide([before]) == index.decide([after])

    def test_another_event_in_the_same_place_is_a_new_arrival(self, make_index):
        """Its topic was deleted and made again."""
        index = make_index()
        index.decide(candidates(article(made_up(1), name="x")))
        [verdict] = index.decide(candidates(article(made_up(2), name="y")))
        assert (verdict.relation, name_of(verdict.cluster)) == (UNIQUE, "y")


class TestWindow:
    WINDOW = 300

    def test_the_oldest_are_gone_and_the_newest_are_found(self, make_index):
        index = make_index(window=self.WINDOW)
        total = 2 * self.WINDOW
        arrivals = candidates(*(article(made_up(n), name=str(n)) for n in range(total)))
        for start in range(0, total, 100):
            index.decide(arrivals[start : start + 100])
        again = index.decide(arrivals[self.WINDOW :])
        assert {v.relation for v in again} == {UNIQUE}  # the verdicts that they had
        edited = candidates(
            *(article(with_words_changed(made_up(n), 30), name=f"{n}") for n in range(total - 100, total)),
            origin="raw:1",
        )
        assert {v.relation for v in index.decide(edited)} == {NEAR}
        copies = candidates(*(article(made_up(n), name="") for n in range(self.WINDOW)), origin="raw:2")
        assert {v.relation for v in index.decide(copies)} == {UNIQUE}

    def test_the_last_origins_are_remembered(self, make_index):
        index = make_index(window=self.WINDOW)
        arrivals = candidates(*(article(made_up(n), name=str(n)) for n in range(self.WINDOW + 1)))
        verdicts = index.decide(arrivals)
        assert index.decide(arrivals[1:]) == verdicts[1:]

    def test_a_story_that_keeps_running_stays_in_one_cluster(self, make_index):
        index = make_index(window=50)
        clusters = set()
        for n in range(6):
            batch = [
                article(made_up(0), name=f"copy {n}"),
                *(article(made_up(40 * n + k + 1)) for k in range(40)),
            ]
            clusters.add(name_of(index.decide(candidates(*batch, start=100 * n))[0].cluster))
        assert clusters == {"copy 0"}


WORDS = made_up(7, words=400).split(" ")
STORY = " ".join(WORDS)


def decided(index: Index, *articles: TaggedArticle) -> list[Duplicate]:
    return index.decide(candidates(*articles))


class TestAlerts:
    def test_an_alert_in_an_earlier_story_is_contained_in_it(self, make_index):
        _, alert = decided(
            make_index(),
            article(STORY, name="story"),
            article(" ".join(WORDS[:25]), name="alert"),
        )
        assert (alert.relation, name_of(alert.of), name_of(alert.cluster)) == (
            Relation.CONTAINED_IN,
            "story",
            "story",
        )

    def test_a_story_that_an_alert_has_grown_into_is_published_and_names_it(self, make_index):
        _, story = decided(
            make_index(),
            article(" ".join(WORDS[:25]), name="alert"),
            article("khabar " + STORY, name="story"),
        )
        assert (story.relation, name_of(story.contains), name_of(story.cluster)) == (UNIQUE, "alert", "story")
        assert story.of is None

    def test_two_alerts_with_one_half_in_common_are_two(self, make_index):
        _, second = decided(
            make_index(),
            article(" ".join(WORDS[:12]) + " " + made_up(8, words=12), name="one"),
            article(STORY, name="story"),
        )
        assert (second.relation, second.contains) == (UNIQUE, None)


class TestSourceBoilerplate:
    FOOTER = made_up(99, words=70)

    def footed(self, number: int, source: str | None) -> TaggedArticle:
        return article(f"{made_up(number, words=40)} {self.FOOTER}", name=str(number), source=source)

    def test_a_footer_makes_no_copies_once_it_is_known(self, make_index):
        index = make_index()
        decided(index, *(self.footed(n, "example.org") for n in range(4)))
        later = index.decide(candidates(*(self.footed(n, "example.org") for n in range(10, 20)), start=100))
        assert [v.relation for v in later] == [UNIQUE] * 10

    def test_copies_of_an_article_with_a_footer_are_found(self, make_index):
        index = make_index()
        decided(index, *(self.footed(n, "example.org") for n in range(10)))
        copy = article(with_words_changed(made_up(9, words=40), 20), name="copy", source="example.net")
        [verdict] = index.decide(candidates(copy, start=100))
        assert (verdict.relation in {NEAR, TRUNCATED}, name_of(verdict.of)) == (True, "9")


class TestParticulars:
    """Templates without numbers: what they say of whom is another article."""

    OBITUARY = made_up(5, words=80)

    @pytest.mark.parametrize(
        ("people", "expected"),
        [
            pytest.param(["a", "b"], NEAR, id="the same people"),
            pytest.param(["c", "d"], UNIQUE, id="other people"),
            pytest.param([], NEAR, id="nobody is named"),
        ],
    )
    def test_people_and_places_have_to_agree(self, make_index, people, expected):
        _, second = decided(
            make_index(),
            article(self.OBITUARY, name="one", people=["a", "b"]),
            article(with_words_changed(self.OBITUARY, 10, 40), name="two", people=people),
        )
        assert second.relation is expected
