"""khabar replay"""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.harness import reading, send
from workers.topics import Role

pytestmark = pytest.mark.integration


@pytest.fixture
def sent(settings, topics):
    send(settings, [b"a", b"b", b"c"])


def soon():
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


def test_a_dry_run_counts_and_sends_nothing(khabar, settings, sent):
    result = khabar("replay", "--from", "1h", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "at most 3 events of" in result.stdout
    assert result.stdout.endswith("would send 3 events\n")
    with reading(settings, Role.RAW) as reader:
        assert len(reader.read_until(3, settle_s=0.3)) == 3


def test_it_asks_and_then_sends_and_says_what_was_left_out(khabar, settings, sent):
    asked = khabar("replay", "--from", "1h", input="n\n")
    assert asked.exit_code == 1
    assert "Send them again?" in asked.stdout
    first = khabar("replay", "--from", "1h", "--to", soon(), "--topic", "raw", "--yes")
    assert first.stdout.endswith("sent 3 events\n"), first.output
    second = khabar("replay", "--from", "1h", "--name", "other", "--yes")
    assert second.stdout.endswith("sent 3 events; 3 events left out, which repeat others\n")
    with reading(settings, Role.RAW) as reader:
        assert len(reader.read_until(9, settle_s=0.3)) == 9


def test_the_same_replay_again_sends_nothing(khabar, settings, sent):
    now = datetime.now(UTC)
    same = ["replay", "--from", (now - timedelta(hours=1)).isoformat(), "--to", now.isoformat(), "--yes"]
    assert "sent 3 events" in khabar(*same).stdout
    assert khabar(*same).stdout.endswith("sent 0 events; 3 offsets were done by an earlier run\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "1h", "--topic", "articles.cleaned"), "only events of .* can be sent again"),
        (("--from", "1h", "--to", "2h"), "--from has to be before --to"),
    ],
    ids=["topic", "times"],
)
def test_what_cannot_be_is_said(khabar, topics, arguments, said):
    result = khabar("replay", *arguments, "--yes")
    assert result.exit_code == 2
    assert re.search(said, result.stderr)
