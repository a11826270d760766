"""`khabar run --replay`: everything once more, on purpose."""

from collections import Counter

import orjson
import pytest

from tests.support import chains
from tests.support.harness import (
    addresses_of,
    committed_offsets,
    create_topics,
    reading,
    send,
    supervised,
    wait_for,
)
from tests.support.texts import page
from workers.config import Settings
from workers.errors import ConfigError
from workers.origin import REPLAY_HEADER, header
from workers.runtime.audit import audit
from workers.runtime.chain import ALL_STAGES
from workers.runtime.replay_all import replay_from_the_beginning
from workers.topics import OUTCOMES, Role, table

pytestmark = pytest.mark.integration

STORIES = 20


def books(settings: Settings) -> tuple[bool, int, int, int]:
    balance = audit(settings, addresses_of(settings), lambda *_: None)
    return balance.is_balanced, balance.events, balance.superseded, balance.replay


def run_to_the_end(settings: Settings, records: int) -> list:
    with supervised(settings, chains.indexed, workers=2), reading(settings, *OUTCOMES) as outcomes:
        outcomes.read_until(records)
        assert wait_for(lambda: sum(committed_offsets(settings).values()) == 2 * STORIES)
    return outcomes.records


def test_a_replay_decides_everything_anew_and_the_books_of_each_replay_balance(settings: Settings) -> None:
    names = {topic.name: role for role, topic in table(settings.topic_prefix).items()}
    create_topics(settings)
    stories = [page(number) for number in range(STORIES)]
    send(settings, stories + stories)
    run_to_the_end(settings, 2 * STORIES)
    assert books(settings) == (True, 2 * STORIES, 0, 0)
    assert replay_from_the_beginning(settings, addresses_of(settings), ALL_STAGES) == 1
    records = run_to_the_end(settings, 4 * STORIES)
    assert books(settings) == (True, 2 * STORIES, 2 * STORIES, 1)
    new = [each for each in records if header(each.headers, REPLAY_HEADER) == b"1"]
    assert Counter(names[each.topic] for each in new) == {
        Role.PUBLISHED: STORIES,
        Role.DUPLICATES: STORIES,
    }
    texts = Counter(orjson.loads(each.value)["text"] for each in new if names[each.topic] is Role.PUBLISHED)
    assert set(texts.values()) == {1}


def test_a_replay_is_refused_while_workers_run(settings: Settings) -> None:
    create_topics(settings)
    send(settings, [page(1)])
    with supervised(settings, chains.indexed), reading(settings, *OUTCOMES) as outcomes:
        outcomes.read_until(1)
        with pytest.raises(ConfigError, match="are running: stop them first"):
            replay_from_the_beginning(settings, addresses_of(settings), ALL_STAGES)
    assert books(settings) == (True, 1, 0, 0)
