"""The command group itself, without services."""

import os
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from workers.cli import main as cli
from workers.config import variables
from workers.errors import TransientError


def run(*arguments, **environ):
    clean = {name: None for name in os.environ if name.startswith("KHABAR_")}
    return CliRunner().invoke(cli.main, arguments, env=clean | environ)


def test_help_lists_the_commands_that_are_there():
    shown = run("--help").output
    assert all(name in shown for name in ("send", "tail", "audit", "dead", "topics", "config"))


@pytest.mark.parametrize("name", ["send", "tail", "audit", "dead", "topics", "config"])
def test_a_commands_help_needs_neither_services_nor_a_right_configuration(name):
    result = run(name, "--help", KHABAR_PARTITIONS="none")
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_help_loads_no_client_library_and_so_is_quick():
    begun = time.monotonic()
    program = (
        "import sys\nfrom workers.cli.main import main\nmain(['--help'], standalone_mode=False)\n"
        "print([name for name in ('kafka', 'rich', 'redis', 'turbohtml', 'numpy') if name in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    assert loaded.endswith("[]\n")
    assert time.monotonic() - begun < 2  # 0.07 s on a quiet machine; imports of clients would take longer


def test_a_wrong_variable_is_said_without_a_traceback_and_config_still_lists_all():
    result = run("config", KHABAR_PARTITIONS="none", KHABAR_NONSENSE="1")
    assert result.exit_code == 2
    assert "KHABAR_PARTITIONS='none': takes a whole number from 1 to 1000" in result.stderr
    assert "KHABAR_NONSENSE: no such variable" in result.stderr
    assert all(name in result.stdout for name, _, _ in variables())
    assert "Traceback" not in result.output


def test_config_marks_what_is_set_and_hides_secrets():
    result = run(
        "config",
        KHABAR_PARTITIONS="3",
        KHABAR_KAFKA_SECURITY="SASL_SSL",
        KHABAR_KAFKA_USERNAME="user",
        KHABAR_KAFKA_PASSWORD="hidden",
    )
    assert result.exit_code == 0
    assert "* KHABAR_PARTITIONS=3\n" in result.stdout
    assert "  KHABAR_REPLICATION=1\n" in result.stdout
    assert "* KHABAR_KAFKA_PASSWORD=***\n" in result.stdout
    assert "hidden" not in result.stdout


def test_config_reads_a_secret_from_a_file_and_says_that_it_can(tmp_path):
    file = tmp_path / "redis-url"
    file.write_text("redis://:hidden@h:6379/0\n", encoding="utf-8")
    result = run("config", KHABAR_REDIS_FILE=str(file))
    assert result.exit_code == 0
    assert "* KHABAR_REDIS=redis://***@h:6379/0\n" in result.stdout
    assert "KHABAR_REDIS_FILE" in result.stdout.splitlines()[-1]
    assert "hidden" not in result.stdout


def test_without_kafka_a_command_says_how_to_get_one(tmp_path):
    result = run("topics", "check", KHABAR_DATA_DIR=str(tmp_path))
    assert result.exit_code == 2
    assert result.stderr == "khabar: No Kafka to talk to: set KHABAR_KAFKA, or start one with `khabar up`\n"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [(TransientError("Kafka is away"), 2, "khabar: Kafka is away\n"), (KeyboardInterrupt(), 130, "")],
    ids=["trouble", "Ctrl-C"],
)
def test_trouble_is_said_in_one_line_and_an_interrupt_in_none(monkeypatch, error, code, said):
    def fail(_context):
        raise error

    monkeypatch.setattr(cli.click.Group, "invoke", lambda _self, context: fail(context))
    result = run("config")
    assert (result.exit_code, result.stderr) == (code, said)


def test_an_unknown_command_is_said_to_be_none():
    result = run("publish")
    assert result.exit_code == 2
    assert "No such command 'publish'" in result.stderr
