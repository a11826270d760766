"""Certificates that are not to be trusted: each client refuses them, and says what is wrong with them."""

import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tests.support.feed_site import POLITENESS
from tests.support.secured import Authority
from tests.support.tls_site import tls_site
from workers.cli import main as cli
from workers.config import Settings
from workers.errors import ConfigError
from workers.runtime import clients
from workers.stores import connection

pytestmark = pytest.mark.integration
REASONS = {
    "expired": "certificate has expired",
    "of another host": "(IP address mismatch|not valid for '127\\.0\\.0\\.1')",
    "of a stranger": "(unable to get local issuer certificate|self-signed certificate)",
}


@pytest.fixture(scope="module")
def sites(authority, tmp_path_factory):
    """HOST:PORT of a site with each kind of certificate, and of one with a good one."""
    certificates = {
        "good": authority.sign("good"),
        "expired": authority.sign("expired", days=-1),
        "of another host": authority.sign("elsewhere", valid_for="DNS:elsewhere.example"),
        "of a stranger": Authority(tmp_path_factory.mktemp("others") / "authority").sign("stranger"),
    }
    running = {name: tls_site(certificate) for name, certificate in certificates.items()}
    try:
        yield {name: site.__enter__() for name, site in running.items()}
    finally:
        for site in running.values():
            site.__exit__(None, None, None)


@pytest.mark.parametrize("kind", REASONS)
def test_a_broker_with_such_a_certificate_is_refused(kind, sites, authority, monkeypatch):
    monkeypatch.setattr(clients, "BOOTSTRAP_TIMEOUT_MS", 1500)
    unset = {name: None for name in os.environ if name.startswith("KHABAR_")}
    own = {
        "KHABAR_KAFKA": sites[kind],
        "KHABAR_KAFKA_SECURITY": "SSL",
        "KHABAR_KAFKA_CA_FILE": str(authority.certificate),
    }
    done = CliRunner().invoke(cli.main, ["topics", "check"], env=unset | own)
    assert (done.exit_code, type(done.exception)) == (2, SystemExit)
    assert re.search(REASONS[kind], done.output), done.output
    assert sites[kind] in done.output


@pytest.mark.parametrize("kind", REASONS)
def test_a_redis_with_such_a_certificate_is_refused(kind, sites, authority):
    settings = Settings(redis_ca_file=str(authority.certificate))
    with pytest.raises(ConfigError, match=REASONS[kind]) as caught:
        connection.connect(settings, f"rediss://{sites[kind]}/0")
    assert sites[kind] in str(caught.value)


@pytest.fixture
def khabar(authority, sites, settings, redis_client, tmp_path):
    """khabar("feeds", "check") runs a command in a folder with a list of all sites; the authority is the system's."""
    listed = "".join(f'[[feed]]\nurl = "https://{place}/feed"\n' for place in sites.values())
    (tmp_path / "feeds.toml").write_text(POLITENESS + listed)
    base = {name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")}
    own = {
        "SSL_CERT_FILE": str(authority.certificate),
        "KHABAR_KAFKA": ",".join(settings.kafka),
        "KHABAR_REDIS": settings.redis,
        "KHABAR_TOPIC_PREFIX": settings.topic_prefix,
        "KHABAR_GROUP": settings.group,
    }

    def run(*arguments):
        words = [sys.executable, "-c", "from workers.cli.main import main; main()", *arguments]
        found = subprocess.run(
            words, env=base | own, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
        )
        return found.stdout + found.stderr

    return run


def test_a_feed_with_such_a_certificate_is_said_to_have_it_when_it_is_tried(khabar, sites):
    said = khabar("feeds", "check")
    heads = re.split(r"^(?=ok|WRONG)", said, flags=re.MULTILINE)
    found = {
        name: next(head for head in heads if f"https://{place}/" in head) for name, place in sites.items()
    }
    assert found["good"].startswith("ok"), found["good"]
    for kind, reason in REASONS.items():
        assert found[kind].startswith("WRONG"), found[kind]
        assert re.search(f"tls: .*the certificate is not to be trusted: .*{reason}", found[kind]), found[kind]


def test_a_feed_with_such_a_certificate_is_not_polled_and_its_status_says_why(khabar):
    assert "polled 4 feeds, 3 failed" in khabar("feeds", "run", "--once")
    status = khabar("feeds", "status")
    assert status.count("tls, once in a row") == len(REASONS), status
