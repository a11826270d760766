import re
import unicodedata
from datetime import datetime

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.raw_event import RawEvent
from workers.boilerplate.charset import decode, scrub, with_newlines
from workers.boilerplate.dates import find_date
from workers.boilerplate.language import detect
from workers.boilerplate.markers import find_marker
from workers.boilerplate.paragraphs import distinct, letters, tidy, weight, word_count
from workers.boilerplate.sniff import is_html
from workers.boilerplate.stage import clean
from workers.boilerplate.textdump import read_dump
from workers.identity import article_id
from workers.outcomes import Dropped, Failed, Kept

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)  # lone surrogates too
SENTENCE = "أعلنت البلدية، صباح اليوم، افتتاح مكتبة عامة جديدة. The harbour will open, officials said, before the end of the year."
PIECES = st.lists(
    st.sampled_from(
        [SENTENCE, SENTENCE * 2, SENTENCE * 4, "\n\n", "\n", "المصدر: عربي21", "إقرأ أيضاً:", "Related", "• خبر", "<p>", "<div>",
         "</p>", "<html>", "<!--", "\ud800", "\u202e", "\x00", "Tags: a, b", "Share", "Comments", "<a href='[x'>"]
    )
    | ANY_TEXT,
    max_size=14,
).map("\n".join)  # fmt: skip
EVENTS = st.builds(
    RawEvent,
    body=PIECES | PIECES.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=200),
    url=st.none() | ANY_TEXT,
    content_type=st.none() | st.sampled_from(["text/html", "text/plain; charset=windows-1256"]) | ANY_TEXT,
    source=st.none() | ANY_TEXT,
    title=st.none() | ANY_TEXT,
    author=st.none() | ANY_TEXT,
    tags=st.lists(ANY_TEXT, max_size=2).map(tuple),
    lang=st.none() | ANY_TEXT,
    published_at=st.none() | ANY_TEXT,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(EVENTS, max_size=4), st.lists(EVENTS, max_size=4))
def test_a_batch_may_be_cut_anywhere_and_gives_the_same_again(one, other):
    both = clean(one + other)
    assert both == clean(one) + clean(other)
    assert len(both) == len(one) + len(other)
    assert all(isinstance(outcome, Kept | Dropped) for outcome in both if not isinstance(outcome, Failed))


@settings(max_examples=200, deadline=None)
@given(EVENTS)
def test_a_kept_record_is_nfc_paragraphs_that_json_takes(event):
    for outcome in clean([event]):
        if isinstance(outcome, Kept):
            record = outcome.record
            assert record.text == unicodedata.normalize("NFC", record.text)
            assert record.text == "\n\n".join(filter(None, map(tidy, record.text.split("\n\n"))))
            orjson.dumps(
                [record.text, record.title, record.authors, record.keywords, record.lang, record.url]
            )
            orjson.dumps([record.canonical_url, record.source.name, record.source.domain])


@settings(max_examples=200, deadline=None)
@given(PIECES)
def test_paragraphs_of_a_dump_occur_in_it_in_order(text):
    whole = tidy(scrub(text))
    position = 0
    for paragraph in filter(None, read_dump(scrub(text)).text.split("\n\n")):
        position = whole.index(paragraph, position) + len(paragraph)


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT)
def test_every_text_function_takes_any_text(text):
    assert tidy(tidy(text)) == tidy(text)
    assert scrub(scrub(text)) == scrub(text)
    assert with_newlines(decode(text, text)) == scrub(text)
    assert distinct(distinct([text, text])) == distinct([text])
    assert word_count(text) >= 0
    assert isinstance(is_html(text, text), bool)
    assert isinstance(detect(text, text).lang, str)
    assert find_marker(text) == find_marker(text)
    assert find_date(text) is None or find_date(text).at.utcoffset().total_seconds() == 0
    assert len(article_id(text, text)) == 32


IDEOGRAPHS = "[\u3040-\u30ff\u3400-\u9fff]"
DENSE = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]"
EDGES = "\u0dff\u0e00\u0eff\u0f00\u0fff\u1000\u109f\u10a0\u177f\u1780\u17ff\u1800\u303f\u3040\u30ff\u3100\u33ff\u3400\u3fff\u4000\u9fff\ua000"


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT | st.text(st.sampled_from(EDGES + "aA_1 \u00a0\u200c\u0301\u00df\n\ud800"), max_size=40))
def test_pieces_of_text_are_written_and_counted_as_defined(text):
    composed = unicodedata.normalize("NFC", text)
    assert tidy(text) == re.sub(r"\s+", " ", composed).strip()
    assert letters(text) == re.sub(r"[\W_]+", "", composed).casefold()
    assert weight(text) == len(text) + 2 * len(re.findall(IDEOGRAPHS, text))
    dense = len(re.findall(DENSE, text))
    assert word_count(text) == len(re.sub(DENSE, " ", text).split()) + dense // 2


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.none() | ANY_TEXT)
def test_any_bytes_become_text_that_can_be_encoded(body, content_type):
    decode(body, content_type).encode("utf-8")


FIRST, LAST = datetime(1995, 1, 1), datetime(2099, 12, 31)  # noqa: DTZ001 - the strategy adds the zone


@given(st.datetimes(FIRST, LAST, timezones=st.timezones()))
def test_a_time_survives_being_written_down(moment):
    stated = find_date(moment.isoformat(timespec="seconds"))
    if moment.utcoffset().total_seconds() % 60 == 0:
        assert abs((stated.at - moment).total_seconds()) < 1


@settings(max_examples=300, deadline=None)
@given(
    st.from_regex(r"\A(199[0-9]|20[0-9]{2})-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,10})?(Z|[+-][0-2][0-9]:[0-6][0-9])\Z")
)  # fmt: skip
def test_a_time_of_the_feed_is_what_any_text_states(value):
    stated = find_date(value)
    [outcome] = clean([RawEvent(body=SENTENCE * 4, published_at=value)])
    assert outcome.record.published_at == (stated.at if stated else None)
