"""The least rights that docs/security.md names are enough for each part, on a Kafka with its authorizer on; others are refused."""

import functools
import html
import os
import re
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from kafka import errors
from kafka.admin import ACLOperation, ACLResourcePatternType, ResourcePattern, ResourceType

from tests.support import harness
from tests.support.feed_site import POLITENESS, FeedSite
from tests.support.khabar_run import KhabarRun
from tests.support.secured import SCRAM_PASSWORD, add_user
from workers.cli import main as cli
from workers.config import Settings
from workers.demo.events import demo_events, manifest
from workers.embedded.ports import free_port
from workers.errors import ConfigError
from workers.runtime import clients
from workers.runtime.chain import StageName, build_chain
from workers.runtime.takeover import take_over
from workers.subscribe import subscribe
from workers.topics import Role, table

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
PUBLISHED_OR_COPIES = sum(
    entry.expected.outcome in {"published", "duplicates"} for entry in manifest().events
)
DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"
PARTS = {
    "worker": ("worker",),
    "apart": ("worker", "stages"),
    "feeds": ("feeds",),
    "send": ("send",),
    "subscriber": ("subscriber",),
    "admin": ("admin",),
    "web": ("web",),
    "replay": ("web", "replay"),
}
"""User to the parts of the table whose rights it has."""


def table_of_rights(prefix, group):
    """Part, resource and operation, for topics and groups of these names."""
    [text] = re.findall(r"<!-- acls -->\n(.*?)<!-- /acls -->", DOCUMENT.read_text(), re.DOTALL)
    for line in text.strip().splitlines()[2:]:
        part, kind, names, operations = (cell.strip() for cell in line.strip("|").split("|"))
        for name in re.findall(r"`([^`]+)`", names):
            pattern = (
                ACLResourcePatternType.PREFIXED if name.endswith("*") else ACLResourcePatternType.LITERAL
            )
            own = re.sub("^khabar", group, re.sub("^articles", prefix, name)).rstrip("*")
            resource = ResourcePattern(ResourceType[kind.upper().replace(" ", "_")], own, pattern)
            for operation in operations.split(", "):
                yield part, resource, ACLOperation[re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).upper()]


def made(kafka, prefix, parts_of, but=None):
    """Makes a user for each of `parts_of`, with the rights of its parts, but for `but`: a kind of resource, and what is done."""
    rights = list(table_of_rights(prefix, prefix))
    for user, parts in parts_of.items():
        allowed = [
            (resource, operation)
            for part, resource, operation in rights
            if part in parts and (resource.resource_type, operation) != but
        ]
        add_user(kafka, f"{prefix}-{user}", allowed)


@pytest.fixture(scope="module")
def khabar_of(kafka, authority, redis_with_login):
    """khabar_of(PREFIX): its users are made, and it runs commands as one of them."""
    known = {}

    def of(prefix):
        if prefix not in known:
            made(kafka, prefix, PARTS)
            known[prefix] = As(prefix, kafka, authority, redis_with_login)
        return known[prefix]

    return of


class As:
    """What is run as a user."""

    def __init__(self, prefix, kafka, authority, redis):
        self.prefix = prefix
        self._variables = {
            "KHABAR_KAFKA": kafka.login,
            "KHABAR_KAFKA_SECURITY": "SASL_SSL",
            "KHABAR_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KHABAR_KAFKA_PASSWORD": SCRAM_PASSWORD,
            "KHABAR_KAFKA_CA_FILE": str(authority.certificate),
            "KHABAR_PARTITIONS": "2",
            "KHABAR_TOPIC_PREFIX": prefix,
            "KHABAR_GROUP": prefix,
            "KHABAR_CREATE_TOPICS": "0",
            **redis.variables,
        }

    def variables(self, user):
        return self._variables | {"KHABAR_KAFKA_USERNAME": f"{self.prefix}-{user}"}

    def settings(self, user):
        return Settings.from_env(self.variables(user))

    def run(self, user, *arguments):
        unset = {name: None for name in os.environ if name.startswith("KHABAR_")}
        done = CliRunner().invoke(
            cli.main, [str(each) for each in arguments], env=unset | self.variables(user)
        )
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output


def worked_off(settings, events, stages=tuple(StageName)):
    take_over(settings, harness.addresses_of(settings), stages)
    chain = functools.partial(build_chain, stages)
    with harness.supervised(settings, chain, stages=stages, workers=1) as supervisor:
        assert harness.wait_for(lambda: supervisor.status().committed >= events, 150), supervisor.status()


@pytest.mark.faults  # workers, a poller and the web page, one after the other
def test_each_part_does_its_work_with_the_rights_that_the_table_names(khabar_of, tmp_path):
    khabar = khabar_of("rights")
    khabar.run("admin", "topics", "create")
    khabar.run("feeds", "send", "--demo")
    with FeedSite() as site:
        (tmp_path / "feeds.toml").write_text(f'{POLITENESS}[[feed]]\nurl = "{site.url("/rss.xml")}"\n')
        assert "3 sent" in khabar.run("feeds", "feeds", "run", "--once", tmp_path / "feeds.toml")
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.txt").write_text("One page of a folder.")
    assert "sent 1 event" in khabar.run("send", "send", tmp_path / "pages")
    worked_off(khabar.settings("worker"), len(demo_events()) + 3 + 1)

    published = subscribe(group="my-app", start="earliest", settings=khabar.settings("subscriber"))
    article = next(published)
    published.close()
    assert "balanced" in khabar.run("admin", "audit")
    khabar.run("admin", "topics", "check")
    assert "replayed 2 events" in khabar.run("replay", "dead", "replay", "--all", "--yes")
    with served(khabar) as page:
        assert harness.wait_for(lambda: article.title in html.unescape(page(f"/articles/{article.id}")), 60)


@contextmanager
def served(khabar):
    """The web page as a process; page("/") is what it answers, nothing where it does not."""
    port = free_port()
    words = [sys.executable, "-c", "from workers.cli.main import main; main()", "web", "--listen"]
    base = {name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")}
    process = subprocess.Popen([*words, f"127.0.0.1:{port}"], env=base | khabar.variables("web"))

    def page(path):
        assert process.poll() is None
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    try:
        yield page
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.faults  # three groups of workers
def test_stages_apart_do_their_work_with_the_rights_that_the_table_names(khabar_of):
    khabar = khabar_of("apart")
    khabar.run("admin", "topics", "create")
    khabar.run("feeds", "send", "--demo")
    worked_off(khabar.settings("apart"), len(demo_events()), (StageName.BOILERPLATE,))
    for stage in (StageName.ENTITIES, StageName.DEDUP):
        worked_off(khabar.settings("apart"), PUBLISHED_OR_COPIES, (stage,))
    assert "balanced" in khabar.run("admin", "audit")

    whole = khabar.settings("apart")  # the whole chain goes on where they have ended
    take_over(whole, harness.addresses_of(whole), tuple(StageName))
    admin = khabar.settings("admin")
    assert sum(harness.committed_offsets(admin, group="apart").values()) == len(demo_events())


REFUSED = {
    "a subscriber writes what is published": ("subscriber", Role.PUBLISHED),
    "a subscriber writes pages": ("subscriber", Role.RAW),
    "a poller writes what is published": ("feeds", Role.PUBLISHED),
    "a worker writes pages": ("worker", Role.RAW),
}


@pytest.mark.parametrize("case", REFUSED)
def test_nobody_writes_to_a_topic_that_is_not_its_own(case, khabar_of):
    khabar = khabar_of("rights")
    khabar.run("admin", "topics", "create")
    user, role = REFUSED[case]
    settings = khabar.settings(user)
    with (
        clients.producer(settings, harness.addresses_of(settings)) as client,
        pytest.raises(errors.KafkaError) as caught,
    ):
        client.send(table("rights")[role].name, b"forged", partition=0).get(20)
    assert "AuthorizationFailed" in repr(caught.value)  # of the topic, or of writing anywhere at all


MISSING = {
    "transactional id": (ResourceType.TRANSACTIONAL_ID, ACLOperation.WRITE, "TransactionalId"),
    "group": (ResourceType.GROUP, ACLOperation.READ, "Group"),
    "topic to read": (ResourceType.TOPIC, ACLOperation.READ, "Topic"),
    "topic to write": (ResourceType.TOPIC, ACLOperation.WRITE, "Topic"),
}


@pytest.mark.faults  # a run for each
@pytest.mark.parametrize("right", MISSING)
def test_a_worker_that_lacks_a_right_says_what_kafka_refuses_and_ends(right, khabar_of, kafka, tmp_path):
    khabar = khabar_of("rights")
    khabar.run("admin", "topics", "create")
    khabar.run("feeds", "send", "--demo")
    user = f"lacks-{right.replace(' ', '-')}"
    kind, operation, words = MISSING[right]
    made(kafka, "rights", {user: ("worker",)}, but=(kind, operation))
    run = KhabarRun(khabar.settings(user), tmp_path, environ=khabar.variables(user))
    run.start()
    try:
        assert run.wait_ended(120) == 2
    finally:
        run.end()
    assert not run.has_said("worker_crashed"), run.tail()
    assert re.search(rf"Kafka .*refuses.*{words}AuthorizationFailed", run.tail()), run.tail()


def test_a_subscriber_that_may_not_read_is_told_so(khabar_of):
    khabar = khabar_of("rights")
    khabar.run("admin", "topics", "create")
    with pytest.raises(ConfigError, match=r"has no topic rights\.published, or hides it"):
        next(iter(subscribe(group="my-app", start="earliest", settings=khabar.settings("feeds"))))


def test_a_command_that_kafka_refuses_is_a_mistake_without_a_traceback(khabar_of, tmp_path):
    khabar = khabar_of("rights")
    khabar.run("admin", "topics", "create")
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "b.txt").write_text("One more page of a folder.")
    unset = {name: None for name in os.environ if name.startswith("KHABAR_")}
    words = ["send", str(tmp_path / "pages")]
    done = CliRunner().invoke(cli.main, words, env=unset | khabar.variables("feeds"))
    assert (done.exit_code, type(done.exception)) == (2, SystemExit)
    assert re.search(r"^khabar: Kafka at .* refuses: .*AuthorizationFailed", done.output), done.output
