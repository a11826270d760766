"""Dead letters to and from headers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dead_letter import DeadLetter, DeadReason
from schemas.wire import InvalidError
from workers.origin import header
from workers.runtime import dead_letters

LETTER = DeadLetter(
    reason=DeadReason.INVALID,
    message="`body`: \u0646\u0635",  # ARABIC LETTERS NOON, SAD
    error="InvalidError",
    stage="boilerplate",
    origin="t.raw:2:7",
    topic="t.raw",
    partition=2,
    offset=7,
    versions={"boilerplate": "1"},
)
OWN = {"khabar-origin", "khabar-read", "khabar-dead-letter"}


@given(
    st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=20))),
    st.binary(max_size=50),
    st.none() | st.binary(max_size=10),
)
def test_a_replay_has_the_value_key_and_headers_as_they_were(headers, value, key):
    headers = [(name, content) for name, content in headers if name not in OWN]
    written = dead_letters.dead_headers(headers, LETTER)
    assert dead_letters.read_dead_letter(written) == LETTER
    again = dead_letters.replay(key, value, written)
    assert (again.topic, again.key, again.value) == ("t.raw", key, value)
    assert again.headers == (*headers, ("khabar-origin", b"t.raw:2:7"))


def test_a_dead_letter_names_its_event_once_and_a_first_death_no_other_read():
    written = dead_letters.dead_headers([("khabar-origin", b"forged"), ("khabar-read", b"forged")], LETTER)
    assert [content for name, content in written if name == "khabar-origin"] == [b"t.raw:2:7"]
    assert header(written, "khabar-read") is None


def test_a_replay_that_dies_names_the_raw_event_that_was_read():
    letter = replace(LETTER, origin="t.raw:0:1")
    written = dead_letters.dead_headers([("khabar-origin", b"t.raw:0:1")], letter)
    assert header(written, "khabar-origin") == b"t.raw:0:1"
    assert header(written, "khabar-read") == b"t.raw:2:7"
    again = dead_letters.replay(None, b"", written)
    assert again.headers == (("khabar-origin", b"t.raw:0:1"),)


def test_an_event_that_dies_between_the_stages_goes_back_there_as_what_it_was():
    letter = replace(LETTER, topic="t.cleaned", offset=40)
    headers = [("khabar-origin", b"t.raw:2:7"), ("khabar-read", b"t.raw:2:9")]
    written = dead_letters.dead_headers(headers, letter)
    assert header(written, "khabar-read") == b"t.raw:2:9"
    again = dead_letters.replay(None, b"", written)
    assert again.topic == "t.cleaned"
    assert set(again.headers) == set(headers)


def test_a_long_message_is_shortened_so_that_the_record_stays_within_its_limit():
    written = dead_letters.dead_headers([], replace(LETTER, message="x" * 1_000_000))
    assert len(header(written, "khabar-dead-letter")) < 5_000
    assert dead_letters.read_dead_letter(written).message.startswith("xxx")


@pytest.mark.parametrize("headers", [[], [("khabar-dead-letter", b"{}")]], ids=["missing", "incomplete"])
def test_a_record_that_is_no_dead_letter_is_said_to_be_none(headers):
    with pytest.raises(InvalidError, match=r"khabar-dead-letter|missing"):
        dead_letters.read_dead_letter(headers)
