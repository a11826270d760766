"""Bad input through the real chain on the real broker: each event ends where it should, and the next one goes on."""

import os
from collections.abc import Iterator
from contextlib import closing

import orjson
import pytest
from click.testing import CliRunner, Result

from schemas.published_article import PublishedArticle
from schemas.rejected_event import RejectedEvent
from schemas.wire import decode
from tests.support.bad_input import CASES, Case, real_or_hanging, text_of
from tests.support.harness import (
    addresses_of,
    committed_offsets,
    create_topics,
    reading,
    settings_of,
    supervised,
)
from tests.support.texts import page
from workers.cli import main as cli
from workers.config import Settings
from workers.embedded.stack import Stack
from workers.origin import ORIGIN_HEADER, header
from workers.runtime.clients import producer
from workers.runtime.dead_letters import read_dead_letter
from workers.topics import OUTCOMES, Role, table

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

PARTITIONS = 2
DEAD = [case for case in CASES if case.role is Role.DEAD]
KHABAR_HEADERS = ("khabar-dead-letter", "khabar-origin", "khabar-read")


def each(cases):
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


@pytest.fixture(scope="module")
def settings(stack: Stack) -> Settings:
    return settings_of(stack, partitions=PARTITIONS, event_timeout_s=5.0)


@pytest.fixture(scope="module")
def origins(settings: Settings) -> dict[str, str]:
    """Sends every case, each with a good event behind it on its partition; name of the case to its origin."""
    create_topics(settings)
    topic, found = table(settings.topic_prefix)[Role.RAW].name, {}
    with closing(producer(settings, addresses_of(settings))) as client:
        for number, case in enumerate(CASES):
            partition = number % PARTITIONS
            sent = client.send(topic, case.value, case.key, headers=list(case.headers), partition=partition)
            good = client.send(topic, page(number), partition=partition)
            found[case.name] = f"{topic}:{partition}:{sent.get(30).offset}"
            found[f"behind {case.name}"] = f"{topic}:{partition}:{good.get(30).offset}"
    return found


@pytest.fixture(scope="module")
def outcomes(settings: Settings, origins: dict[str, str]) -> dict[str, list]:
    """What one run makes of all of them: origin to its records."""
    with supervised(settings, real_or_hanging) as supervisor, reading(settings, *OUTCOMES) as reader:
        records = reader.read_until(len(origins), timeout_s=150)
        assert supervisor.status().restarts == 0
    found: dict[str, list] = {}
    for record in records:
        found.setdefault(header(record.headers, ORIGIN_HEADER).decode(), []).append(record)
    return found


def outcome(settings: Settings, outcomes: dict[str, list], origin: str):
    """The role of the topic, and the record on it."""
    [record] = outcomes[origin]
    names = {topic.name: role for role, topic in table(settings.topic_prefix).items()}
    return names[record.topic], record


@each(CASES)
def test_a_bad_event_ends_in_its_topic_with_a_reason_that_a_person_understands(
    case: Case, settings: Settings, origins: dict[str, str], outcomes: dict[str, list]
) -> None:
    role, record = outcome(settings, outcomes, origins[case.name])
    assert role is case.role
    if role is Role.DEAD:
        letter = read_dead_letter(record.headers)
        reason, said, where = (
            letter.reason,
            letter.message,
            f"{letter.topic}:{letter.partition}:{letter.offset}",
        )
        assert (where, letter.origin) == (origins[case.name], origins[case.name])
    elif role is Role.REJECTED:
        rejected = decode(RejectedEvent, record.value)
        reason, said = rejected.reason, rejected.detail
    else:
        reason, said = None, decode(PublishedArticle, record.value).text
    assert reason == case.reason
    assert [words for words in case.words if words not in said] == []


@each(CASES)
def test_the_good_event_behind_it_is_published(
    case: Case, settings: Settings, origins: dict[str, str], outcomes: dict[str, list]
) -> None:
    role, record = outcome(settings, outcomes, origins[f"behind {case.name}"])
    assert role is Role.PUBLISHED
    assert orjson.loads(record.value)["text"] == text_of(CASES.index(case))


def test_every_event_has_one_outcome_and_its_offset_is_committed(
    settings: Settings, origins: dict[str, str], outcomes: dict[str, list]
) -> None:
    assert set(outcomes) == set(origins.values())
    assert {len(records) for records in outcomes.values()} == {1}
    assert committed_offsets(settings) == {0: len(CASES) + len(CASES) % 2, 1: len(CASES) - len(CASES) % 2}


@each([case for case in CASES if case.role is Role.PUBLISHED])
def test_no_record_carries_what_readers_choke_on(
    case: Case, settings: Settings, origins: dict[str, str], outcomes: dict[str, list]
) -> None:
    _, record = outcome(settings, outcomes, origins[case.name])
    text = record.value.decode("utf-8")
    assert not set(text) & {*map(chr, range(32)), *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}


def khabar(settings: Settings, *arguments: str) -> Result:
    assert settings.kafka is not None
    own = {name: None for name in os.environ if name.startswith("KHABAR_")} | {
        "KHABAR_KAFKA": ",".join(settings.kafka),
        "KHABAR_GROUP": settings.group,
        "KHABAR_TOPIC_PREFIX": settings.topic_prefix,
        "KHABAR_PARTITIONS": str(settings.partitions),
    }
    return CliRunner().invoke(cli.main, arguments, env=own)


@each(DEAD)
def test_the_original_bytes_of_a_dead_event_can_be_shown(
    case: Case, settings: Settings, origins: dict[str, str], outcomes: dict[str, list]
) -> None:
    shown = khabar(settings, "dead", "show", origins[case.name])
    assert shown.exit_code == 0, shown.output
    assert case.reason in shown.stdout
    raw = khabar(settings, "dead", "show", "--raw", origins[case.name])
    assert raw.exit_code == 0
    assert raw.stdout_bytes == case.value


@pytest.fixture(scope="module")
def replayed(settings: Settings, outcomes: dict[str, list]) -> Iterator[dict[str, list]]:
    """Replays all dead letters at once; origin to the raw records that carry it since."""
    result = khabar(settings, "dead", "replay", "--all", "--yes")
    assert result.exit_code == 0, result.output
    assert f"replayed {len(DEAD)} events" in result.stdout
    with reading(settings, Role.RAW) as reader:
        records = reader.read_until(2 * len(CASES) + len(DEAD))
    again = [record for record in records if record.offset >= committed_offsets(settings)[record.partition]]
    assert len(again) == len(DEAD)
    found: dict[str, list] = {}
    for record in again:
        found.setdefault(header(record.headers, ORIGIN_HEADER).decode(), []).append(record)
    return found


@each(DEAD)
def test_a_replay_puts_the_event_back_as_it_was(
    case: Case, origins: dict[str, str], replayed: dict[str, list]
) -> None:
    [record] = replayed[origins[case.name]]
    assert origins[case.name].startswith(f"{record.topic}:{record.partition}:")
    assert (record.value, record.key) == (case.value, case.key)
    assert tuple(each for each in record.headers if each[0] not in KHABAR_HEADERS) == case.headers
