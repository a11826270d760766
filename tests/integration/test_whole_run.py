"""All of Khabar as processes, over TLS alone: pollers, workers, a sender and readers, with logins and client certificates."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from tests.support.feed_site import POLITENESS, FeedSite
from tests.support.needs import needed
from tests.support.secured import (
    PLAIN_PASSWORD,
    SECRETS,
    USER,
    WRONG_PASSWORD,
    secured_redis,
    speaks_tls,
)
from workers.config import Settings
from workers.demo.events import demo_events
from workers.subscribe import subscribe

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(500)]
PROXY_PASSWORD = "zaytun-PROXY-4416"


@pytest.fixture(scope="module")
def redis(folder, authority):
    """A Redis that speaks TLS alone, to those who have a certificate, a name and a password."""
    commands = [os.environ.get("KHABAR_TEST_REDIS_SERVER"), "redis-server", "valkey-server"]
    found = [path for command in commands if command and (path := shutil.which(command)) and speaks_tls(path)]
    needed(found, "no Redis server with TLS is installed: apt-get install redis-server")
    client = authority.sign("khabar-in-redis")
    with secured_redis(folder / "redis-mutual", found[0], authority, is_tls=True, client=client) as running:
        yield running


@pytest.fixture(params=["login", "certificate"])
def variables(request, kafka, redis, authority, tmp_path):
    certificate = authority.sign("khabar")
    ways = {
        "login": {
            "KHABAR_KAFKA": kafka.login,
            "KHABAR_KAFKA_SECURITY": "SASL_SSL",
            "KHABAR_KAFKA_USERNAME": USER,
            "KHABAR_KAFKA_PASSWORD": PLAIN_PASSWORD,
        },
        "certificate": {
            "KHABAR_KAFKA": kafka.mutual,
            "KHABAR_KAFKA_SECURITY": "SSL",
            "KHABAR_KAFKA_CERT_FILE": str(certificate.certificate),
            "KHABAR_KAFKA_KEY_FILE": str(certificate.key),
        },
    }
    name = f"whole-{request.param}"
    own = {"KHABAR_GROUP": name, "KHABAR_TOPIC_PREFIX": name, "KHABAR_PARTITIONS": "2", "KHABAR_WORKERS": "1"}
    more = {
        "KHABAR_KAFKA_CA_FILE": str(authority.certificate),
        "KHABAR_LOG_LEVEL": "debug",
        "KHABAR_DATA_DIR": str(tmp_path),
        "HTTPS_PROXY": f"http://user:{PROXY_PASSWORD}@127.0.0.1:9",
    }
    return ways[request.param] | own | more | redis.variables


class Commands:
    """`khabar` as processes with these variables; all that they say is kept."""

    def __init__(self, variables, folder):
        self._folder = folder
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")}
        self._environ |= variables
        self.running = []
        self.said = []

    def start(self, *arguments):
        log = self._folder / f"{len(self.running)}.log"
        with log.open("wb") as output:
            words = [sys.executable, "-c", "from workers.cli.main import main; main()", *map(str, arguments)]
            process = subprocess.Popen(
                words, env=self._environ, cwd=self._folder, stdout=output, stderr=subprocess.STDOUT
            )
        self.running.append((process, log))
        return process, log

    def run(self, *arguments):
        process, log = self.start(*arguments)
        status = process.wait(260)
        assert status == 0, (arguments, log.read_text())
        return log.read_text()

    def end(self):
        for process, _ in self.running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process, log in self.running:
            try:
                process.wait(60)
            finally:
                process.kill()
            self.said.append(log.read_text())


def test_everything_works_over_tls_and_nothing_that_is_said_holds_a_secret(variables, tmp_path):
    commands = Commands(variables, tmp_path)
    with FeedSite() as site:
        (tmp_path / "feeds.toml").write_text(f'{POLITENESS}[[feed]]\nurl = "{site.url("/rss.xml")}"\n')
        try:
            commands.run("config")
            commands.run("topics", "create")
            commands.start("run")
            assert "polled 1 feed, 0 failed, 3 new items, 0 changed, 3 sent" in commands.run(
                "feeds", "run", "--once"
            )
            commands.run("feeds", "status")
            commands.run("send", "--demo")
            audit = commands.run("audit", "--wait", "200")
            assert re.search(rf"^events read from \S+ +{len(demo_events()) + 3}$", audit, re.MULTILINE), audit
            assert "balanced" in audit
            tailed = commands.run("tail", "--from-beginning", "--until-now", "--json")
            assert json.loads(tailed.splitlines()[0])
            commands.run("health")
            commands.run("dedup", "stats")
            with subscribe(
                group=f"{variables['KHABAR_GROUP']}-app",
                start="earliest",
                settings=Settings.from_env(khabar(variables)),
            ) as published:
                assert next(iter(published)).title
        finally:
            commands.end()
    assert commands.running[2][0].returncode == 0, commands.said[2]  # khabar run
    assert "worker_stopped" in commands.said[2]
    assert [secret for secret in (*SECRETS, PROXY_PASSWORD) if secret in "".join(commands.said)] == []


def khabar(variables):
    return {name: value for name, value in variables.items() if name.startswith("KHABAR_")}


@pytest.mark.parametrize("words", [["run"], ["feeds", "run", "--once"]], ids=" ".join)
@pytest.mark.parametrize("whose", ["Kafka's", "Redis's"])
def test_a_wrong_password_ends_it_and_is_not_said(words, whose, kafka, redis, authority, tmp_path):
    variables = {
        "KHABAR_KAFKA": kafka.login,
        "KHABAR_KAFKA_SECURITY": "SASL_SSL",
        "KHABAR_KAFKA_USERNAME": USER,
        "KHABAR_KAFKA_PASSWORD": PLAIN_PASSWORD,
        "KHABAR_KAFKA_CA_FILE": str(authority.certificate),
        "KHABAR_TOPIC_PREFIX": "wrong",
        "KHABAR_GROUP": "wrong",
        "KHABAR_WORKERS": "1",
        "KHABAR_LOG_LEVEL": "debug",
        "KHABAR_DATA_DIR": str(tmp_path),
        **redis.variables,
    }
    if whose == "Kafka's":
        variables["KHABAR_KAFKA_PASSWORD"] = WRONG_PASSWORD
    else:
        variables["KHABAR_REDIS"] = redis.url(WRONG_PASSWORD)
    (tmp_path / "feeds.toml").write_text('[[feed]]\nurl = "https://news.example/rss"\n')
    commands = Commands(variables, tmp_path)
    try:
        process, log = commands.start(*words)
        status = process.wait(120)
    finally:
        commands.end()
    assert status == 2, log.read_text()
    assert "Traceback" not in log.read_text()
    assert re.search("KHABAR_(KAFKA_PASSWORD|REDIS)", log.read_text()), log.read_text()
    assert [secret for secret in SECRETS if secret in log.read_text()] == []
