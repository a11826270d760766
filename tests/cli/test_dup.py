"""khabar dup: why an article counts as a copy of another, from the topics alone."""

import re
from datetime import UTC, datetime

import orjson
import pytest
from kafka.partitioner import DefaultPartitioner

from schemas.cleaned_article import Source
from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.tagged_article import Entity, Label
from schemas.wire import encode
from tests.cli.test_commands import put
from tests.dedup.stories import STORIES, ident, made_up, with_words_changed
from workers.cli.card import FSI, PDI
from workers.cli.report.dup import Explained, as_json, shown
from workers.dedup.explain import compare
from workers.runtime.lookup import Found, partition_of
from workers.runtime.reading import Received
from workers.topics import Role

STORY = STORIES["ar"]["story"]
UNIQUE = Relation.UNIQUE


def record(name, text, relation=UNIQUE, **verdict):
    people = [Entity(id="key:one", label=Label.PER, name="\u0639\u0644\u064a", salience=1, mentions=())]
    return PublishedArticle(
        id=ident(name),
        title=f"title of {name}",
        url=f"https://news.example/{name}",
        source=Source(name="Paper", domain="news.example"),
        published_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        lang="ar",
        text=text,
        entities=tuple(people),
        duplicate=Duplicate(relation=relation, cluster=ident("first"), **verdict),
    )


FIRST = record("first", STORY)
NEAR = record("near", with_words_changed(STORY, 5, 20), Relation.NEAR, of=ident("first"), similarity=0.8312)


def found(article, role=Role.DUPLICATES, offset=0):
    received = Received(
        role=role,
        topic=f"articles.{role}",
        partition=1,
        offset=offset,
        timestamp_ms=1_767_000_000_000 + offset,
        key=article.id.encode(),
        headers=(),
        value=encode(article),
    )
    return Found(received, article)


def explained(article, other):
    return Explained(found(article), found(other, Role.PUBLISHED), compare(article, other, article.duplicate))


def lines(each, width=None):
    return [line.plain for line in shown(each, width=width, kept_days=30)]


def test_a_copy_is_shown_with_its_original_and_the_rules_that_decided():
    text = "\n".join(lines(explained(NEAR, FIRST)))
    assert text.startswith(f"articles.duplicates:1:0\n  near: an edited copy of {ident('first')}\n")
    for said in ("title of near", "title of first", "https://news.example/first", "2026-01-02 03:04 UTC"):
        assert said in text
    assert "  recorded  83.1% alike, as the index estimated it\n" in text
    assert re.search(
        r"yes: Jaccard similarity of the shingles, at least 30% \(jaccard\); it is [0-9.]+%", text
    )
    assert re.search(rf"in common +[0-9]+ words  {FSI}.+{PDI}\n", text)
    assert f"names       1 in both     {FSI}\u0639\u0644\u064a{PDI}" in text


@pytest.mark.parametrize("width", [50, 80, 132])
def test_lines_keep_to_the_width_of_the_terminal_but_for_ids_and_addresses(width):
    found_lines = [re.sub(f"[{FSI}{PDI}]", "", line) for line in lines(explained(NEAR, FIRST), width)]
    assert any(" words " in line for line in found_lines)
    assert [
        line for line in found_lines if len(line) > width and not re.search(r"[0-9a-f]{32}|https:", line)
    ] == []


def test_a_unique_article_is_said_to_be_and_by_what():
    text = "\n".join(lines(Explained(found(FIRST))))
    assert "unique: nothing like it was seen" in text
    assert "30% (jaccard)" in text
    assert "other" not in text.split("rule")[0]


def test_what_the_topics_keep_no_longer_is_said_with_the_rest():
    text = "\n".join(lines(Explained(found(NEAR))))
    assert f"other     {ident('first')} has no record in the topics any more (they keep 30 days)" in text
    assert "83.1% alike" in text
    assert "rule      alike, and of about the same length" in text


def test_an_estimate_that_the_whole_texts_do_not_bear_out_is_said_to_be_one():
    other = record("first", made_up(1))
    assert any("no: " in line and "had an estimate" in line for line in lines(explained(NEAR, other)))


def test_json_has_the_passages_and_is_one_object():
    data = orjson.loads(as_json(NEAR.id, [explained(NEAR, FIRST)]))
    [each] = data["records"]
    assert (data["id"], each["named"], each["other"]["id"]) == (NEAR.id, FIRST.id, FIRST.id)
    assert all(
        NEAR.text[passage["start"] : passage["end"]] == passage["text"]
        for passage in each["comparison"]["passages"]
    )
    assert {check["rule"] for check in each["comparison"]["checks"]} >= {"jaccard", "truncated_ratio"}
    assert orjson.loads(as_json(NEAR.id, [Explained(found(NEAR))]))["records"][0]["comparison"] is None


@pytest.mark.parametrize("partitions", [1, 4, 8, 13])
def test_a_key_s_partition_is_the_one_that_the_producer_chooses(partitions):
    class Cluster:
        def topics(self):
            return {"t"}

        def partitions_for_topic(self, _topic):
            return set(range(partitions))

        available_partitions_for_topic = partitions_for_topic

    for name in ("first", "near", "other"):
        key = ident(name).encode()
        chosen = DefaultPartitioner().partition("t", None, key, None, None, Cluster())
        assert partition_of(key, partitions) == chosen


@pytest.mark.parametrize("name", ["", "xyz", "0:1", ident("first")[:-1]])
def test_what_is_no_article_id_is_a_mistake_of_usage(khabar_alone, name):
    result = khabar_alone("dup", name)
    assert result.exit_code == 2
    assert "an article id has 32 hex digits" in result.stderr


def publish(settings, role, article):
    key = article.id.encode()
    put(settings, role, encode(article), key=key, partition=partition_of(key, settings.partitions))


@pytest.mark.integration
def test_records_are_found_in_their_partition_and_explained_newest_last(khabar, settings, topics):
    publish(settings, Role.PUBLISHED, FIRST)
    put(
        settings,
        Role.DUPLICATES,
        b"not ours",
        key=NEAR.id.encode(),
        partition=partition_of(NEAR.id.encode(), 4),
    )
    publish(settings, Role.DUPLICATES, NEAR)
    again = record("first", STORY, Relation.EXACT, of=ident("first"), similarity=1)
    publish(settings, Role.DUPLICATES, again)
    text = khabar("dup", NEAR.id.upper()).stdout
    assert f"near: an edited copy of {FIRST.id}" in text
    assert "title of first" in text
    both = khabar("dup", FIRST.id).stdout
    assert both.index("unique: ") < both.index("exact: ")
    assert "the same page: it was sent again" in both
    assert len(orjson.loads(khabar("dup", "--json", FIRST.id).stdout)["records"]) == 2


@pytest.mark.integration
def test_an_id_without_a_record_and_one_whose_original_is_gone_are_said(khabar, settings, topics):
    result = khabar("dup", ident("nobody"))
    assert result.exit_code == 2
    assert f"khabar: {ident('nobody')}: no record in {settings.topic_prefix}.published" in result.stderr
    publish(settings, Role.DUPLICATES, NEAR)
    assert f"{FIRST.id} has no record in the topics any more" in khabar("dup", NEAR.id).stdout


@pytest.mark.integration
def test_an_article_with_an_alert_names_it(khabar, settings, topics):
    alert = made_up(1, 40)
    publish(settings, Role.PUBLISHED, record("alert", alert))
    story = record("story", f"{alert} {made_up(2, 160)}", contains=ident("alert"), similarity=0.2)
    publish(settings, Role.PUBLISHED, story)
    text = khabar("dup", story.id).stdout
    assert f"unique: nothing like it was seen, but the alert {ident('alert')}" in text
    assert "(contained); it is 100.0%" in text
