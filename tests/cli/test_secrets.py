"""No command shows a secret, whatever is wrong with it."""

import itertools

import pytest

from workers.cli.main import main

PASSWORD, TOKEN = "zaytun-KAFKA-3317", "zaytun-REDIS-2294"
FEED, PROXY = "zaytun-FEED-5521", "zaytun-PROXY-4416"
NOWHERE = "127.0.0.1:9"
"""Nobody listens at the port of `discard`."""
SECRETS = (PASSWORD, TOKEN, FEED, PROXY)
RIGHT = {
    "KHABAR_KAFKA": NOWHERE,
    "KHABAR_KAFKA_SECURITY": "SASL_PLAINTEXT",
    "KHABAR_KAFKA_USERNAME": "user",
    "KHABAR_KAFKA_PASSWORD": PASSWORD,
    "KHABAR_REDIS": f"redis://user:{TOKEN}@{NOWHERE}/0?password={TOKEN}",
    "HTTP_PROXY": f"http://user:{PROXY}@{NOWHERE}",
    "HTTPS_PROXY": f"http://user:{PROXY}@{NOWHERE}",
}
WRONG = {
    "a Redis URL with a slash in the password": RIGHT
    | {"KHABAR_REDIS": f"redis://user:a/{TOKEN}@{NOWHERE}/0"},
    "a Redis URL without a scheme": RIGHT | {"KHABAR_REDIS": f"user:{TOKEN}@{NOWHERE}"},
    "a login in the addresses of Kafka": RIGHT | {"KHABAR_KAFKA": f"user:{PASSWORD}@{NOWHERE}"},
    "a password without a login": RIGHT | {"KHABAR_KAFKA_SECURITY": "PLAINTEXT"},
    "a password as a mechanism": RIGHT | {"KHABAR_KAFKA_SASL_MECHANISM": f"user:{PASSWORD}@"},
}
COMMANDS = {
    "config": ["config"],
    "topics check": ["topics", "check"],
    "topics create": ["topics", "create"],
    "audit": ["audit"],
    "send": ["send", "page.html"],
    "send --demo": ["send", "--demo"],
    "tail": ["tail", "--until-now"],
    "dead ls": ["dead", "ls"],
    "replay": ["replay", "--from", "1h", "--yes"],
    "dedup stats": ["dedup", "stats"],
    "dup": ["dup", "0" * 32],
    "health": ["health"],
    "top": ["top", "--once"],
    "web": ["web", "--listen", "127.0.0.1:nowhere"],
    "feeds status": ["feeds", "status"],
    "feeds check": ["feeds", "check", f"https://user:{FEED}@{NOWHERE}/rss"],
    "feeds check, no URL": ["feeds", "check", f"https://user:{FEED}@{NOWHERE}:x/rss"],
    "feeds add": ["feeds", "add", f"user:{FEED}@{NOWHERE}/rss"],
    "feeds check of a list": ["feeds", "check", "--file", "feeds.toml"],
    "feeds run": ["feeds", "run", "--once", "feeds.toml"],
    "up": ["up", "--feed", f"https://user:{FEED}@{NOWHERE}/rss"],
}

ELSEWHERE = {"run", "process", "explain"}
"""`run` waits for its services; tests/integration/test_whole_run.py has it. The others connect to nothing."""


def test_every_command_is_tried():
    assert {words[0] for words in COMMANDS.values()} | ELSEWHERE == set(main.list_commands(None))


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        *((command, "right") for command in COMMANDS),
        *itertools.product(("config", "audit", "feeds status"), WRONG),
    ],
)
def test_no_command_shows_a_secret(command, variables, khabar_alone, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.html").write_text("<p>A page")
    (tmp_path / "feeds.toml").write_text(f'[[feed]]\nurl = "https://user:{FEED}@{NOWHERE}/rss"\n')
    data = {"KHABAR_DATA_DIR": str(tmp_path)}
    result = khabar_alone(*COMMANDS[command], **WRONG.get(variables, RIGHT) | data)
    said = result.output + "".join(capfd.readouterr()) + repr(result.exception)
    assert [secret for secret in SECRETS if secret in said] == []
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert said
