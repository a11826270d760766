"""Jobs of `khabar send` on a real Kafka: each event once, over any number of attempts."""

import signal
import subprocess
import sys
from dataclasses import replace
from threading import Event

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from tests.support import chains, warcs
from tests.support.harness import addresses_of, create_topics, reading, supervised, wait_for
from tests.support.sources import plan_of
from workers.errors import ConfigError, KhabarError
from workers.feeds.bulk import job
from workers.feeds.bulk.chunks import ReadingFailedError
from workers.feeds.bulk.job import BulkSender
from workers.feeds.bulk.pace import Pace
from workers.feeds.outgoing import BATCH_OVERHEAD_BYTES
from workers.feeds.sources.inputs import census
from workers.runtime.audit import audit
from workers.runtime.clients import admin
from workers.runtime.topics_admin import as_it_is
from workers.topics import Role, table

pytestmark = pytest.mark.integration

PAGES = 20


@pytest.fixture
def made(settings):
    create_topics(settings)
    return settings


@pytest.fixture
def folder(tmp_path):
    """PAGES envelopes, with keys and in order, in a file of lines and an archive."""
    folder = tmp_path / "folder"
    folder.mkdir()
    half = PAGES // 2
    lines = [b'{"body":"%d","url":"https://x/%d"}\n' % (number, number) for number in range(half)]
    (folder / "a.jsonl").write_bytes(b"".join(lines))
    warcs.write(folder / "b.warc.gz", warcs.crawl(half, 300))
    return folder


class Sender:
    """Attempts at sending a folder, and what a reader of committed records sees of them."""

    def __init__(self, settings, folder):
        self.settings = settings
        self.plan = plan_of(folder)

    def attempt(self):
        addresses = addresses_of(self.settings)
        topic = as_it_is(self.settings, addresses, table(self.settings.topic_prefix)[Role.RAW])
        limit = topic.max_message_bytes - BATCH_OVERHEAD_BYTES
        plan = replace(self.plan, max_bytes=limit)
        return BulkSender(self.settings, addresses, topic, plan, census(plan))

    def send(self, *, again=False, limit=None, per_s=None):
        """One attempt; how many have been sent in all, or None where there was nothing left to send."""
        stop = Event()
        with self.attempt() as sender:
            if not sender.take_over(again=again):
                return None
            list(sender.run(Pace(per_s, stop), stop, limit))
            return sender.mark.tally.sent

    def seen(self, count):
        with reading(self.settings, Role.RAW) as reader:
            return [(record.key, record.value) for record in reader.read_until(count, settle_s=0.5)]


@pytest.fixture
def sender(made, folder):
    return Sender(made, folder)


def test_a_job_is_sent_once_and_again_only_on_demand(sender):
    assert sender.send() == PAGES
    assert sender.send() is None
    seen = sender.seen(PAGES)
    assert len(set(seen)) == len(seen) == PAGES
    assert sender.send(again=True) == PAGES
    assert len(sender.seen(2 * PAGES)) == 2 * PAGES


def test_an_attempt_goes_on_where_the_last_one_ended(sender):
    assert sender.send(limit=3) == 3
    assert sender.send(limit=9) == 12
    assert sender.send() == PAGES
    assert sender.send() is None
    seen = sender.seen(PAGES)
    assert len(set(seen)) == len(seen) == PAGES


def test_a_job_is_known_by_its_topic_its_paths_and_what_is_said_of_them(sender, folder):
    ids = {
        job.job_id(plan, topic)
        for plan in (sender.plan, plan_of(folder / "a.jsonl"), plan_of(folder, lang="ar"))
        for topic in ("a", "b")
    }
    assert len(ids) == 6
    assert job.job_id(plan_of(folder), "a") in ids


def test_files_that_have_changed_end_an_unfinished_job_and_begin_a_finished_one_anew(sender, folder):
    sender.send(limit=3)
    (folder / "c.jsonl").write_bytes(b'{"body":"new"}\n')
    with pytest.raises(ConfigError, match="changed since 3 events"):
        sender.send()
    assert sender.send(again=True) == PAGES + 1
    (folder / "c.jsonl").write_bytes(b'{"body":"other"}\n{"body":"newer"}\n')
    assert sender.send() == PAGES + 2


def test_an_attempt_that_is_left_is_ended_by_the_next_one(sender):
    """Nothing of an open transaction is seen, and the first attempt can commit nothing any more."""
    first = sender.attempt()
    with first:
        first.take_over(again=False)
        stop = Event()
        running = first.run(Pace(None, stop), stop)
        next(running)  # a transaction is open, with events in it
        assert sender.send() == PAGES
        with pytest.raises(KhabarError, match="has taken over"):
            list(running)
    seen = sender.seen(PAGES)
    assert len(set(seen)) == len(seen) == PAGES


def test_a_stop_commits_what_is_in_hand(sender, monkeypatch):
    monkeypatch.setattr(job, "CHUNK_STEPS", 4)
    stop = Event()
    with sender.attempt() as attempt:
        attempt.take_over(again=False)
        running = attempt.run(Pace(None, stop), stop)
        next(running)
        stop.set()
        list(running)
        sent = attempt.mark.tally.sent
    assert 0 < sent < PAGES
    assert len(sender.seen(sent)) == sent
    assert sender.send() == PAGES
    assert len(set(sender.seen(PAGES))) == PAGES


def test_a_reader_that_fails_leaves_no_transaction_open(sender, monkeypatch):
    def failing(*_):
        yield from list(bulk_chunks(*_))[:1]
        raise ReadingFailedError("it failed")

    bulk_chunks = job.chunks
    monkeypatch.setattr(job, "chunks", failing)
    with pytest.raises(ReadingFailedError):
        sender.send()
    monkeypatch.undo()
    assert sender.send() == PAGES
    assert len(sender.seen(PAGES)) == PAGES


def test_what_a_topic_of_another_limit_does_not_take_is_a_mistake_and_the_rest_is_sent(sender, folder):
    (folder / "large.txt").write_bytes(bytes(3000))
    name = table(sender.settings.topic_prefix)[Role.RAW].name
    resource = ConfigResource(ConfigResourceType.TOPIC, name, {"max.message.bytes": "3000"})
    with admin(sender.settings, addresses_of(sender.settings)) as client:
        client.alter_configs([resource])
    assert wait_for(lambda: sender.attempt().topic.max_message_bytes == 3000)
    assert sender.send() == PAGES
    assert len(sender.seen(PAGES)) == PAGES


def test_the_books_balance_over_aborted_and_committed_transactions(sender):
    """Aborted events are not processed, and the markers of transactions count neither as events nor as lag."""
    settings = sender.settings
    with supervised(settings, chains.echo) as supervisor:
        left = sender.attempt()
        with left:
            left.take_over(again=False)
            stop = Event()
            next(left.run(Pace(None, stop), stop))
            assert sender.send(limit=5) == 5
        assert sender.send(limit=5) == 10
        assert sender.send() == PAGES
        assert wait_for(lambda: supervisor.status().lag == 0)
    balance = audit(settings, addresses_of(settings), lambda *_: None)
    assert (balance.events, balance.in_flight, balance.is_balanced) == (PAGES, 0, True)


def test_ctrl_c_commits_says_how_to_go_on_and_the_same_command_does(made, folder, tmp_path):
    variables = {
        "KHABAR_KAFKA": ",".join(made.kafka),
        "KHABAR_TOPIC_PREFIX": made.topic_prefix,
        "KHABAR_GROUP": made.group,
        "PATH": "",
    }
    command = [sys.executable, "-c", "from workers.cli.main import main; main()", "send", str(folder)]
    process = subprocess.Popen(
        [*command, "--rate", "2"], env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    sender = Sender(made, folder)
    with reading(made, Role.RAW) as reader:
        assert wait_for(lambda: reader.poll() > 0 or bool(reader.records))
    process.send_signal(signal.SIGINT)
    _, noted = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopped; the same command goes on from here" in noted
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=True)
    assert "going on after" in done.stderr
    assert f"{PAGES} events with those sent before" in done.stdout
    assert len(set(sender.seen(PAGES))) == PAGES
