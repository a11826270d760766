"""The commands on a real broker."""

import re
from contextlib import closing

import orjson
import pytest

from schemas.cleaned_article import Source
from schemas.dead_letter import DeadLetter, DeadReason
from schemas.published_article import Duplicate, PublishedArticle, Relation
from tests.support.harness import reading
from workers.runtime.clients import Addresses, consumer, producer
from workers.runtime.dead_letters import dead_headers
from workers.topics import Role, table

pytestmark = pytest.mark.integration

NEWS = "\u062e\u0628\u0631"  # ARABIC LETTERS KHAH, BEH, REH


def put(settings, role, value, headers=(), key=None, partition=0):
    """One record on the topic of a role; its offset."""
    topic = table(settings.topic_prefix)[role].name
    with closing(producer(settings, Addresses(settings.kafka))) as client:
        future = client.send(topic, value, key=key, headers=list(headers), partition=partition)
        return future.get(timeout=20).offset


def put_dead(settings, value, origin_offset, reason=DeadReason.INVALID):
    raw = table(settings.topic_prefix)[Role.RAW].name
    letter = DeadLetter(
        reason=reason,
        message=f"\x1b[31m{NEWS}",
        error="InvalidError",
        stage="boilerplate",
        origin=f"{raw}:0:{origin_offset}",
        topic=raw,
        partition=0,
        offset=origin_offset,
    )
    headers = dead_headers([("content-type", b"application/json")], letter)
    return put(settings, Role.DEAD, value, headers, key=b"k")


def article(lang, title):
    return PublishedArticle(
        id=title,
        title=title,
        lang=lang,
        text=title,
        source=Source(name=NEWS),
        duplicate=Duplicate(relation=Relation.UNIQUE, cluster=title),
    )


def outcome(settings, role, offset, *, read=None, value=b"{}"):
    raw = table(settings.topic_prefix)[Role.RAW].name
    headers = [("khabar-origin", f"{raw}:0:{offset}".encode())]
    if read is not None:
        headers.append(("khabar-read", f"{raw}:0:{read}".encode()))
    return put(settings, role, value, headers)


def test_topics_are_created_once_and_are_then_as_they_should_be(khabar, settings):
    missing = khabar("topics", "check", "--json")
    assert missing.exit_code == 1
    assert len(orjson.loads(missing.stdout)) == len(Role)
    made = orjson.loads(khabar("topics", "create", "--json").stdout)
    names = {topic.name for topic in table(settings.topic_prefix).values()}
    assert (set(made["created"]), made["existing"]) == (names, [])
    again = orjson.loads(khabar("topics", "create", "--json").stdout)
    assert (again["created"], set(again["existing"])) == ([], names)
    assert khabar("topics", "check").exit_code == 0


def test_a_topic_that_differs_is_said_to_and_how(khabar, settings, topics, environ):
    environ["KHABAR_PARTITIONS"] = "5"
    result = khabar("topics", "check")
    assert result.exit_code == 1
    assert f"{settings.topic_prefix}.raw: partitions is 4, should be 5." in result.stdout


def test_a_cluster_that_refuses_a_topic_is_quoted(khabar, environ):
    environ["KHABAR_REPLICATION"] = "3"
    result = khabar("topics", "create")
    assert result.exit_code == 2
    assert "Kafka refuses to create topics" in result.stderr
    assert "replication factor" in result.stderr.lower()


def test_what_is_sent_is_read_back_byte_for_byte(khabar, settings, topics, tmp_path):
    page = tmp_path / "page.html"
    page.write_bytes(b"<p>\x00\xcf\xf0")
    lines = orjson.dumps({"body": NEWS, "url": "https://x/1"})
    result = khabar("send", page, "-", "--lang", "ar", "-v", input=lines + b"\n{\n")
    assert result.exit_code == 1
    assert f"sent 2 events to {settings.topic_prefix}.raw" in result.stdout
    assert re.search(rf"page\.html -> {settings.topic_prefix}\.raw:[0-3]:0\n", result.stdout)
    assert "standard input:2: is no envelope" in result.stderr


def test_sending_without_topics_says_how_to_make_them(khabar, settings):
    result = khabar("send", "-", input=b"")
    assert result.exit_code == 2
    assert f"no topic {settings.topic_prefix}.raw" in result.stderr
    assert "khabar topics create" in result.stderr


def test_a_large_page_passes_and_one_over_the_limit_is_refused_by_name(khabar, topics, tmp_path):
    (tmp_path / "large.txt").write_bytes(bytes(31 << 20))
    (tmp_path / "over.txt").write_bytes(bytes(32 << 20))
    result = khabar("send", tmp_path / "over.txt", tmp_path / "large.txt")
    assert result.exit_code == 1
    assert "sent 1 event" in result.stdout
    assert "over.txt: has more than 33,553,408 bytes" in result.stderr


def test_an_audit_balances_and_says_what_is_in_flight(khabar, settings, topics):
    for _ in range(5):
        put(settings, Role.RAW, b"{}")
    for offset, role in enumerate((Role.PUBLISHED, Role.DUPLICATES, Role.REJECTED)):
        outcome(settings, role, offset)
    result = khabar("audit", "--json")
    assert result.exit_code == 0
    found = orjson.loads(result.stdout)
    assert found["ended"] == {"published": 1, "duplicates": 1, "rejected": 1, "dead": 0}
    assert (found["events"], found["in_flight"], found["lost"], found["duplicated"]) == (5, 2, 0, 0)
    assert khabar("audit").stdout.endswith("balanced; 2 in flight\n")


def test_an_audit_names_what_was_lost_and_what_ended_twice(khabar, settings, topics):
    from kafka import TopicPartition
    from kafka.structs import OffsetAndMetadata

    raw = table(settings.topic_prefix)[Role.RAW].name
    for _ in range(4):
        put(settings, Role.RAW, b"{}")
    outcome(settings, Role.PUBLISHED, 0)
    outcome(settings, Role.REJECTED, 0)
    outcome(settings, Role.PUBLISHED, 2)
    with closing(consumer(settings, Addresses(settings.kafka), group_id=settings.group)) as client:
        client.assign([TopicPartition(raw, 0)])
        client.commit({TopicPartition(raw, 0): OffsetAndMetadata(3, "", -1)})
    result = khabar("audit")
    assert result.exit_code == 1
    assert f"lost: {raw}:0:1\n" in result.stdout
    prefix = settings.topic_prefix
    assert (
        f"ended more than once: {raw}:0:0 -> {prefix}.published:0:0, {prefix}.rejected:0:0" in result.stdout
    )
    assert result.stdout.endswith("NOT BALANCED: events were lost or ended more than once\n")
    # What waits between two stages is not lost.
    outcome(settings, Role.CLEANED, 1)
    found = orjson.loads(khabar("audit", "--json").stdout)
    assert (found["in_flight"], found["lost"]) == (2, 0)


def test_transaction_markers_and_aborted_records_are_no_events(khabar, settings, topics):
    raw = table(settings.topic_prefix)[Role.RAW].name
    addresses = Addresses(settings.kafka)
    with closing(producer(settings, addresses, transactional_id=settings.group)) as client:
        client.init_transactions()
        for commits in (True, False):
            client.begin_transaction()
            client.send(raw, b"{}", partition=0).get(timeout=20)
            client.commit_transaction() if commits else client.abort_transaction()
    found = orjson.loads(khabar("audit", "--json").stdout)
    assert (found["events"], found["in_flight"]) == (1, 1)


def test_dead_letters_are_listed_shown_and_their_bytes_given_back(khabar, settings, topics):
    value = b'{"body": 3}\x00\xff'
    put_dead(settings, value, 7)
    listed = khabar("dead", "ls").stdout
    assert listed.startswith("0:0 ")
    assert "invalid" in listed
    assert "1 dead letter: invalid 1" in listed
    assert "\x1b" not in listed
    assert orjson.loads(khabar("dead", "ls", "--json").stdout)["position"] == "0:0"
    for name in ("0:0", f"{settings.topic_prefix}.raw:0:7"):
        shown = khabar("dead", "show", name).stdout
        assert "reason     invalid" in shown
        assert f"\u2068{NEWS}\u2069" in shown  # FIRST STRONG ISOLATE, POP DIRECTIONAL ISOLATE
        assert "0000  7b 22 62 6f 64 79 22" in shown
        assert khabar("dead", "show", "--raw", name).stdout_bytes == value


@pytest.mark.parametrize("name", ["0:9", "9:0", "nonsense", "t.raw:0:1"])
def test_a_dead_letter_that_is_not_there_is_said_to_be_missing(khabar, topics, name):
    result = khabar("dead", "show", name)
    assert result.exit_code == 2
    assert f"{name}: no such dead letter" in result.stderr


def test_a_replay_sends_the_event_as_it_was_under_its_origin_and_only_once(khabar, settings, topics):
    value = b'{"body": 3}\x00\xff'
    raw = table(settings.topic_prefix)[Role.RAW].name
    put(settings, Role.RAW, value, key=b"k")
    put_dead(settings, value, 0)
    asked = khabar("dead", "replay", "--all", input="n\n")
    assert asked.exit_code == 1
    assert f"Send 1 event to {raw} again?" in asked.stdout
    assert khabar("dead", "replay", "--all", "--yes").stdout == f"0:0 -> {raw}:0:1\nreplayed 1 event\n"
    second = khabar("dead", "replay", "0:0", "--yes")
    assert "left out, replayed before" in second.stdout
    assert second.stdout.endswith("nothing to replay\n")
    assert khabar("dead", "replay", "0:0", "--yes", "--again").stdout.startswith(f"0:0 -> {raw}:0:2")
    with reading(settings, Role.RAW) as reader:
        first, again, _ = reader.read_until(3)
    assert (again.key, again.value) == (b"k", first.value)
    assert tuple(again.headers) == (
        ("content-type", b"application/json"),
        ("khabar-origin", f"{raw}:0:0".encode()),
    )


def test_a_replay_chooses_by_reason_and_the_latest_death_of_an_event(khabar, settings, topics):
    for _ in range(3):
        put(settings, Role.RAW, b"x")
    put_dead(settings, b"x", 0, DeadReason.TOO_SLOW)
    put_dead(settings, b"x", 0, DeadReason.TOO_SLOW)
    put_dead(settings, b"x", 1, DeadReason.INVALID)
    result = khabar("dead", "replay", "--reason", "too_slow", "--yes")
    assert result.stdout.startswith("0:1 -> "), result.stderr
    assert result.stdout.endswith("replayed 1 event\n")


def test_a_replay_needs_to_be_told_which(khabar):
    assert khabar("dead", "replay").exit_code == 2
    assert khabar("dead", "replay", "0:0", "--all").exit_code == 2
