"""examples/webhook.py against a receiver that verifies, refuses, stumbles and counts."""

import json
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.support.examples import module, run, start
from tests.support.harness import create_topics
from tests.support.published import article, outputs, publish
from tests.support.receiver import receiving

SECRET = "a secret of this test"
webhook = module("webhook")


@dataclass
class Receiver:
    """What came, and what to answer to the n-th request for a key: 200 where nothing is said."""

    address: str = ""
    answers: dict[str, list[int]] = field(default_factory=dict)
    taken: list[dict] = field(default_factory=list)
    asked: Counter = field(default_factory=Counter)
    unsigned: int = 0

    def answer(self, headers, body):
        key = headers["Idempotency-Key"]
        self.asked[key] += 1
        if not webhook.verify(SECRET.encode(), headers["Khabar-Signature"], body, time.time()):
            self.unsigned += 1
            return 401
        record = json.loads(body)
        waiting = self.answers.get(record["title"], [])
        if waiting:
            return waiting.pop(0)
        self.taken.append(record)
        return 204


@contextmanager
def listening(receiver):
    with receiving(receiver.answer) as address:
        receiver.address = f"{address}/hook"
        yield receiver


@pytest.fixture
def receiver():
    with listening(Receiver()) as running:
        yield running


def titles(records):
    return sorted(record["title"] for record in records)


@pytest.mark.integration
def test_each_article_is_sent_signed_until_it_is_taken_and_what_is_refused_is_kept(
    settings, receiver, tmp_path
):
    create_topics(settings)
    articles = [article(number) for number in range(12)]
    publish(settings, outputs(articles))
    busy, broken, silent, unwanted = (articles[number].title for number in (1, 2, 3, 4))
    receiver.answers = {busy: [429], broken: [500, 503], silent: [0], unwanted: [410]}
    file = tmp_path / "failed.jsonl"
    options = ("--until-now", "--give-up", str(file))
    program = start(settings, "webhook.py", receiver.address, *options, WEBHOOK_SECRET=SECRET)
    _, complained = program.communicate(timeout=60)
    assert program.returncode == 0, complained
    assert receiver.unsigned == 0
    assert titles(receiver.taken) == sorted(each.title for each in articles if each.title != unwanted)
    assert sorted(receiver.asked.values()) == [1] * 9 + [2, 2, 3]
    [kept] = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert (kept["record"]["title"], kept["why"]) == (unwanted, "HTTP 410 Gone")
    run(settings, "webhook.py", receiver.address, "--until-now", WEBHOOK_SECRET=SECRET)
    assert len(receiver.taken) == 11


@pytest.mark.integration
def test_without_a_file_an_article_that_is_refused_ends_it_and_comes_again(settings, receiver):
    create_topics(settings)
    publish(settings, outputs([article(1)]))
    receiver.answers = {article(1).title: [403]}
    arguments = (receiver.address, "--until-now")
    program = start(settings, "webhook.py", *arguments, WEBHOOK_SECRET=SECRET)
    _, complained = program.communicate(timeout=60)
    assert program.returncode == 1
    assert "will not be taken: HTTP 403 Forbidden" in complained
    run(settings, "webhook.py", *arguments, WEBHOOK_SECRET=SECRET)
    assert titles(receiver.taken) == [article(1).title]
    assert set(receiver.asked.values()) == {2}


def test_an_article_is_given_up_after_so_many_attempts(receiver, monkeypatch):
    monkeypatch.setattr(webhook, "FIRST_PAUSE_S", 0.001)
    receiver.answers = {"t": [503] * 9}
    with pytest.raises(webhook.RefusedError, match="not taken in 3 attempts"):
        webhook.deliver(receiver.address, SECRET.encode(), b'{"title":"t"}', "k", 3)
    assert receiver.asked == {"k": 3}


def test_pauses_grow_to_a_limit_and_chance_shortens_them_by_up_to_a_half():
    longest = [pause for _, pause in zip(range(10), webhook.pauses(lambda: 0.0), strict=False)]
    shortest = [pause for _, pause in zip(range(10), webhook.pauses(lambda: 1.0), strict=False)]
    assert longest == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert shortest == [pause / 2 for pause in longest]


BODY, NOW = '{"title":"خبر"}'.encode(), 1_700_000_000
GOOD = webhook.signature(SECRET.encode(), NOW, BODY)


@pytest.mark.parametrize(
    ("secret", "header", "body", "now", "is_good"),
    [
        pytest.param(SECRET, GOOD, BODY, NOW + 299, True, id="good"),
        pytest.param(SECRET, GOOD, BODY, NOW + 301, False, id="old"),
        pytest.param(SECRET, GOOD, BODY, NOW - 301, False, id="of the future"),
        pytest.param(SECRET, GOOD, BODY + b" ", NOW, False, id="another body"),
        pytest.param("another", GOOD, BODY, NOW, False, id="another secret"),
        pytest.param(SECRET, GOOD.replace(f"t={NOW}", f"t={NOW + 200}"), BODY, NOW, False, id="time changed"),
        pytest.param(SECRET, GOOD.replace("v1=", "v0="), BODY, NOW, False, id="another scheme"),
        pytest.param(SECRET, "", BODY, NOW, False, id="empty"),
        pytest.param(SECRET, "t=١٧٠٠٠٠٠٠٠٠,v1=x", BODY, NOW, False, id="arabic digits"),
        pytest.param(SECRET, f"t={NOW},v1=é", BODY, NOW, False, id="not ascii"),
        pytest.param(SECRET, "t,v1", BODY, NOW, False, id="no values"),
    ],
)
def test_a_signature_is_good_for_one_body_one_secret_and_a_while(secret, header, body, now, is_good):
    assert webhook.verify(secret.encode(), header, body, now) is is_good


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [(None, 0), ("7", 7), ("99999", 3600), ("-3", 0), ("soon", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
def test_the_receiver_may_say_when_to_come_again(value, wait_s):
    assert webhook.retry_after_s(value) == wait_s


@pytest.mark.parametrize(
    ("url", "secret", "said"),
    [("ftp://x", "s", "the URL begins with"), ("http://127.0.0.1:1", "", "set WEBHOOK_SECRET")],
)
@pytest.mark.integration
def test_what_is_wrong_with_the_call_is_said(settings, url, secret, said):
    program = start(settings, "webhook.py", url, WEBHOOK_SECRET=secret)
    _, complained = program.communicate(timeout=60)
    assert program.returncode == 2
    assert said in complained
