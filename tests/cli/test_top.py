"""khabar top"""

import os
import pty
import re
import select
import subprocess
import sys
import time
from contextlib import suppress

import orjson
import pytest

from tests.support import chains, harness
from workers.cli.flow_view import bar

KHABAR = [sys.executable, "-c", "from workers.cli.main import main; main()"]


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (0.0, ""),
        (1.0, "\u2588" * 4),
        (0.5, "\u2588" * 2),
        (1 / 32, "\u258f"),
        (3.0, "\u2588" * 4),
        (-1.0, ""),
    ],
)
def test_a_bar_is_exact_to_an_eighth_of_a_cell_and_never_longer_than_full(ratio, expected):
    assert bar(ratio, 4) == expected


@pytest.mark.integration
def test_the_state_is_printed_once_where_there_is_no_terminal(khabar, topics):
    result = khabar("top")
    assert result.exit_code == 0, result.output
    for words in (
        "No workers have read anything here yet",
        ".published",
        ".duplicates",
        ".rejected",
        ".dead",
    ):
        assert words in result.output
    assert re.search(r"index +0 articles of 1,000,000", result.output)


@pytest.mark.integration
def test_the_state_is_one_json_object_on_request(khabar, topics):
    result = khabar("top", "--json")
    state = orjson.loads(result.output)
    assert state["topics"]["published"] == {"count": 0, "per_s": 0.0}
    assert (state["groups"], state["problems"]) == ([], [])


@pytest.mark.integration
def test_a_kafka_that_is_away_is_said_and_not_thrown(khabar_alone):
    result = khabar_alone("top", "--once", KHABAR_KAFKA="127.0.0.1:1")
    assert result.exit_code == 0, result.output
    assert "127.0.0.1:1" in result.output
    assert "Traceback" not in result.output


class Terminal:
    """A command in a terminal of 100 columns and 30 lines."""

    def __init__(self, *command, environ):
        self._ours, theirs = pty.openpty()
        own = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ | own
        )
        os.close(theirs)
        self.text = ""

    def shows(self, words, timeout_s=30.0):
        """Whether it has shown the words, styles apart."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and words not in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.text):
            if select.select([self._ours], [], [], 0.2)[0]:
                self.text += os.read(self._ours, 1 << 16).decode(errors="replace")
        return words in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.text)

    def gives_the_screen_back(self):
        """Whether it has left the screen that it took (xterm's alternate screen)."""
        with suppress(OSError):  # the end, where nobody has the terminal open any more
            while data := os.read(self._ours, 1 << 16):
                self.text += data.decode(errors="replace")
        return self.text.rindex("\x1b[?1049l") > self.text.rindex("\x1b[?1049h")

    def press(self, key):
        os.write(self._ours, key.encode())

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)


def only(environ):
    """The environment of a process with these of Khabar's variables, and no others."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")}
    return others | {name: value for name, value in environ.items() if value is not None}


def sent_until(settings, is_shown):
    """Sends until it is shown: what comes before the command has its place in the topics is not new to it."""
    for _ in range(20):
        harness.send(settings, [b"not a record"], role=harness.Role.PUBLISHED)
        if is_shown():
            return True
    return False


@pytest.mark.integration
def test_in_a_terminal_it_goes_on_until_q_is_pressed_and_gives_the_screen_back(settings, environ, topics):
    terminal = Terminal(*KHABAR, "top", "--interval", "0.2", environ=only(environ))
    try:
        assert terminal.shows("ends in")
        assert sent_until(settings, lambda: terminal.shows("not one of Khabar's", timeout_s=2))
        terminal.press("q")
        assert terminal.process.wait(30) == 0
        assert terminal.gives_the_screen_back()
    finally:
        terminal.close()


@pytest.mark.integration
@pytest.mark.faults
def test_a_kafka_that_goes_away_is_said_on_the_screen_and_no_log_line_goes_across_it(
    settings, environ, topics, stack
):
    with harness.supervised(settings, chains.echo):
        terminal = Terminal(*KHABAR, "top", "--interval", "0.2", environ=only(environ))
        try:
            assert terminal.shows("dedup ", timeout_s=60)
            stack.kafka.kill()
            try:
                assert terminal.shows("! No Kafka answers")
                assert not terminal.shows("kafka_does_not_answer", timeout_s=5)
            finally:
                stack.kafka.start()
        finally:
            terminal.close()
