"""Freshness, Retry-After and validators, from headers as servers send them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.feeds.fetch.headers import MAX_RETRY_AFTER_S, conditions, fresh_s, retry_after_s, validators
from workers.feeds.model import Validators

DATE = {"date": "Sun, 01 Mar 2026 12:00:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"cache-control": "max-age=600"}, 600),
        ({"cache-control": "public, max-age=600, must-revalidate"}, 600),
        ({"cache-control": 'max-age="600"'}, 600),
        ({"cache-control": "MAX-AGE=600", "age": "100"}, 500),
        ({"cache-control": "max-age=600", "age": "700"}, 0),
        ({"cache-control": "no-cache, max-age=600"}, 0),
        ({"cache-control": "no-store"}, 0),
        ({"cache-control": "max-age=-1"}, None),
        ({"cache-control": "max-age=\u0661"}, None),
        ({"cache-control": "max-age=99999999999999999999"}, 999999999999),
        ({"expires": "Sun, 01 Mar 2026 12:10:00 GMT", **DATE}, 600),
        ({"expires": "Sun, 01 Mar 2026 11:00:00 GMT", **DATE}, 0),
        ({"expires": "0", **DATE}, 0),
        ({"expires": "-1"}, 0),
        ({"cache-control": "max-age=60", "expires": "Sun, 01 Mar 2026 13:00:00 GMT", **DATE}, 60),
    ],
)
def test_how_long_an_answer_stays_fresh(headers, expected):
    assert fresh_s(headers) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("120", 120),
        (" 120 ", 120),
        ("0", 0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("Sun, 01 Mar 2026 12:02:00 GMT", 120),
        ("Mon, 01 Mar 2026 12:02:00 GMT", 120),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("9999999", MAX_RETRY_AFTER_S),
    ],
)
def test_how_long_a_server_asks_to_wait(value, expected):
    assert retry_after_s(DATE | ({"retry-after": value} if value is not None else {})) == expected


def test_validators_go_back_as_they_came():
    known = validators({"etag": 'W/"a b"', "last-modified": DATE["date"]})
    assert conditions(known) == {"If-None-Match": 'W/"a b"', "If-Modified-Since": DATE["date"]}


@pytest.mark.parametrize("value", ["", "a\r\nX: y", "\udce9", "\u0627"])
def test_a_validator_that_cannot_be_sent_is_none(value):
    assert validators({"etag": value}).etag is None
    assert conditions(Validators(etag=value)) == {}


@given(
    st.dictionaries(st.sampled_from(["cache-control", "expires", "age", "date", "retry-after"]), st.text())
)
@settings(max_examples=50, deadline=None)
def test_no_headers_are_an_error(headers):
    for found in (fresh_s(headers), retry_after_s(headers)):
        assert found is None or found >= 0
