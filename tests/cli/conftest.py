"""Running commands against the stack, with topics of the test's own."""

import os

import pytest
from click.testing import CliRunner

from workers.cli import main as cli


@pytest.fixture
def environ(settings):
    """Variables that make the commands use the test's settings, and no others."""
    own = {name: None for name in os.environ if name.startswith("KHABAR_")}
    return own | {
        "KHABAR_KAFKA": ",".join(settings.kafka),
        "KHABAR_REDIS": settings.redis,
        "KHABAR_GROUP": settings.group,
        "KHABAR_TOPIC_PREFIX": settings.topic_prefix,
        "KHABAR_PARTITIONS": str(settings.partitions),
    }


@pytest.fixture
def khabar(environ):
    """khabar("send", "-", input=b"...") runs a command and gives its result."""

    def run(*arguments, **more):
        return CliRunner().invoke(cli.main, [str(each) for each in arguments], env=environ, **more)

    return run


@pytest.fixture
def topics(khabar):
    """The test's topics, created."""
    result = khabar("topics", "create")
    assert result.exit_code == 0, result.output


@pytest.fixture
def khabar_alone():
    """khabar_alone("tail", KHABAR_KAFKA="...") runs a command with these variables and no others."""
    unset = {name: None for name in os.environ if name.startswith("KHABAR_")}

    def run(*arguments, **variables):
        return CliRunner().invoke(cli.main, [str(each) for each in arguments], env=unset | variables)

    return run
