"""Records survive the wire, and what does not fit is explained."""

import json
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cleaned_article import CleanedArticle, Extent, Source
from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.tagged_article import Entity, Label, Mention
from schemas.wire import NESTING_LIMIT, InvalidError, UndecodableError, decode, encode
from tests.support.records import records

ARTICLE = CleanedArticle(id="a1", text="وصل الوفد إلى الرباط")
REPLACEMENT = "\ufffd"  # REPLACEMENT CHARACTER


@given(records)
def test_any_record_encodes_and_decodes_back_equal(record: Any):
    assert decode(type(record), encode(record)) == record


@given(records)
def test_a_record_made_again_gives_the_same_bytes(record: Any):
    data = encode(record)
    assert encode(replace(record)) == data
    assert encode(decode(type(record), data)) == data


def strings_of(value: Any) -> list[str]:
    if is_dataclass(value):
        return [text for item in fields(value) for text in strings_of(getattr(value, item.name))]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in strings_of(part)]
    if isinstance(value, list | tuple):
        return [text for part in value for text in strings_of(part)]
    return [value] if isinstance(value, str) else []


@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(categories=["Cs"]), min_size=1))
def test_every_surrogate_becomes_one_replacement_character_wherever_it_stands(text: str, surrogates: str):
    dirty = text + surrogates
    clean = "".join(REPLACEMENT if 0xD800 <= ord(char) <= 0xDFFF else char for char in dirty)
    record = PublishedArticle(
        id=dirty,
        text=dirty,
        source=Source(name=dirty),
        authors=(dirty,),
        entities=(
            Entity(
                id=dirty,
                label=Label.LOC,
                name=dirty,
                salience=1.0,
                mentions=(Mention(start=0, end=len(dirty), text=dirty),),
            ),
        ),
        meta={dirty: [{"inside": dirty}, 1 << 70]},
        versions={dirty: dirty},
        duplicate=Duplicate(relation=Relation.UNIQUE, cluster=dirty),
        published_at=datetime(2024, 10, 13, 9, tzinfo=UTC),
    )
    back = decode(PublishedArticle, encode(record))
    known = {"ar", "und", "inside", Label.LOC, Relation.UNIQUE, Extent.FULL}
    assert set(strings_of(back)) - known == {clean} - known
    assert back.entities[0].mentions[0].end == len(back.text)
    assert back.published_at == record.published_at
    assert back.meta[clean][1] == 1 << 70


@pytest.mark.parametrize(
    ("time", "written"),
    [
        pytest.param(datetime(2024, 10, 13, 9, tzinfo=UTC), "2024-10-13T09:00:00Z", id="utc"),
        pytest.param(
            datetime(2024, 10, 13, 1, 30, tzinfo=timezone(timedelta(hours=3, minutes=30))),
            "2024-10-12T22:00:00Z",
            id="tehran",
        ),
        pytest.param(
            datetime(2024, 10, 13, 9),  # noqa: DTZ001  (this is the case)
            "2024-10-13T09:00:00Z",
            id="without a zone, it is utc",
        ),
        pytest.param(
            datetime(2024, 1, 1, 0, 0, 0, 250, tzinfo=UTC), "2024-01-01T00:00:00.000250Z", id="micro"
        ),
        pytest.param(
            datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "0001-01-01T00:00:00+02:00", id="year 1"
        ),
    ],
)
@pytest.mark.parametrize(
    "meta", [{}, {"big": 1 << 64}, {"half": "\ud800"}], ids=["plain", "big", "surrogate"]
)
def test_times_are_written_in_utc_by_every_way_of_encoding(
    time: datetime, written: str, meta: dict[str, Any]
):
    record = replace(ARTICLE, published_at=time, meta=meta)
    assert json.loads(encode(record))["published_at"] == written


def test_arabic_is_written_as_itself_and_not_as_escapes():
    assert ARTICLE.text.encode() in encode(ARTICLE)


@pytest.mark.parametrize(
    "number",
    [2**63, 2**64, -(2**63) - 1, 10**4299, 0, -1, 1.5, 5e-324, 1.7976931348623157e308],
    ids=lambda number: f"{number:.3g}" if abs(number) < 1e300 else "huge",
)
def test_numbers_in_meta_keep_every_digit(number: float):
    back = decode(CleanedArticle, encode(replace(ARTICLE, meta={"n": number}))).meta["n"]
    assert (back, type(back)) == (number, type(number))


def test_unknown_fields_are_ignored():
    assert decode(CleanedArticle, '{"id":"a1","text":"خبر","of_a_later_version":{"x":[1]}}'.encode()) == (
        CleanedArticle(id="a1", text="خبر")
    )


LENIENT = [
    pytest.param('{"id":"1","text":"خبر"}'.encode()[:-3] + b'"}', "خب\ufffd", id="cut letter"),
    pytest.param('{"id":"1","text":"خبر"}'.encode().replace(b"\xd8\xa8", b"\xff"), "خ\ufffdر", id="bad byte"),
    pytest.param(b'{"id":"1","text":"a\\ud800b"}', "a\ufffdb", id="lone high surrogate"),
    pytest.param(b'{"id":"1","text":"a\\udc00b"}', "a\ufffdb", id="lone low surrogate"),
    pytest.param(
        b'{"id":"1","text":"\\ud83d\\ud83d\\ude00\\ude00"}', "\ufffd\U0001f600\ufffd", id="pair between"
    ),
    pytest.param(b'{"id":"1","text":"\\\\ud800 \\ud800"}', "\\ud800 \ufffd", id="escaped backslash"),
    pytest.param(b'{"id":"1","text":"\\\\\\uD800"}', "\\\ufffd", id="backslash, then surrogate"),
    pytest.param(b'{"id":"1","text":"\\ud800\\u0041"}', "\ufffdA", id="surrogate before an escape"),
    pytest.param(b'{"id":"1","text":"\xed\xa0\x80"}', "\ufffd\ufffd\ufffd", id="surrogate in three bytes"),
    pytest.param(b'\xef\xbb\xbf{"id":"1","text":"x"}', "x", id="byte order mark"),
    pytest.param('{"id":"1","text":"خبر"}'.encode("utf-16"), "خبر", id="utf-16"),
    pytest.param('{"id":"1","text":"خبر"}'.encode("utf-16-be"), "خبر", id="utf-16 without a mark"),
    pytest.param('{"id":"1","text":"خبر"}'.encode("utf-32"), "خبر", id="utf-32"),
]


@pytest.mark.parametrize(("data", "text"), LENIENT)
def test_a_page_is_not_lost_for_a_bad_byte(data: bytes, text: str):
    assert decode(CleanedArticle, data).text == text


NOT_JSON = [
    pytest.param("وصل الوفد".encode(), "line 1, column 1 (character 0)", id="arabic text"),
    pytest.param('{"id":"1",\n "text":"خبر" "x"}'.encode(), "line 2, column 15 (character 25)", id="arabic line"),
    pytest.param(b"", "there is nothing in it", id="empty"),
    pytest.param(b" \n", "there is nothing in it", id="white space"),
    pytest.param(b"\xff", "line 1, column 1", id="one bad byte"),
    pytest.param(b'{"id":"1","text":"x"', "line 1, column 21", id="cut short"),
    pytest.param(b'{"id":"1","text":"x"} {}', "line 1, column 23", id="something after it"),
    pytest.param(b'{"id":"1","text":"x\ny"}', "line 1, column 20", id="bare line break in a string"),
    pytest.param(b'{"id":"NaN","text":"x","meta":{"a":NaN}}', "NaN is not a JSON number, at line 1, column 36", id="nan"),
    pytest.param(b'{"id":"1","meta":{"a":-Infinity}}', "-Infinity is not a JSON number, at line 1, column 23", id="inf"),
    pytest.param(b'{"id":5,"text":"x",}', "line 1, column", id="broken behind a wrong type"),
    pytest.param(b'{"id":5,"text":"\\ud800",}', "line 1, column", id="broken, wrong and lenient at once"),
    pytest.param(b"[" * 100_000, "", id="100,000 lists in the wrong place"),
    pytest.param(b'{"id":"1","meta":{"a":' + b"[" * 100_000, "nested too deeply", id="100,000 lists in meta"),
    pytest.param(b'{"x":' + b'{"a":' * 100_000, "nested too deeply", id="100,000 objects in an unknown field"),
    pytest.param(
        b'{"id":5,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply", id="deep behind a wrong type"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("data", "part"), NOT_JSON)
def test_what_is_not_json_is_undecodable_and_the_message_says_where(data: bytes, part: str):
    with pytest.raises(UndecodableError) as error:
        decode(CleanedArticle, data)
    assert part in str(error.value)


ENTITY = '"entities":[{"id":"iso:MA","label":"LOC","name":"المغرب","salience":0.5,"mentions":[%s]}]'
A_TIME = "a time such as 2024-10-13T09:00:00Z"

INVALID = [
    pytest.param(ENTITY % '{"start":"٤","end":8,"text":"المغرب"}',
                 "`entities[0].mentions[0].start`: expected a whole number, found a string", id="arabic digit"),
    pytest.param('"source":{"name":3}', "`source.name`: expected a string or null, found a number", id="source.name"),
    pytest.param('"id":null', "`id`: expected a string, found null", id="null id"),
    pytest.param('"title":1.5', "`title`: expected a string or null, found a number", id="fraction"),
    pytest.param('"title":true', "`title`: expected a string or null, found true or false", id="true"),
    pytest.param('"title":{}', "`title`: expected a string or null, found an object", id="object"),
    pytest.param('"authors":"هدى"', "`authors`: expected a list, found a string", id="authors"),
    pytest.param('"authors":["هدى",null]', "`authors[1]`: expected a string, found null", id="one author"),
    pytest.param('"meta":[]', "`meta`: expected an object, found a list", id="meta"),
    pytest.param('"versions":{"dedup":1}', "`versions[...]`: expected a string, found a number", id="versions"),
    pytest.param('"related":[{"url":"x"}]', "`related[0]`: the field `title` is missing", id="no title"),
    pytest.param('"duplicate":{"relation":"copy","cluster":"a1"}',
                 "`duplicate.relation`: expected one of unique, exact, near, truncated, extended, contained_in, revision, found 'copy'", id="relation"),
    pytest.param('"duplicate":{"relation":"unique"}', "`duplicate`: the field `cluster` is missing", id="no cluster"),
    pytest.param('"duplicate":{"relation":"unique","cluster":"a1","revision":1.5}',
                 "`duplicate.revision`: expected a whole number or null, found a number with a fraction",
                 id="revision"),
    pytest.param('"entities":[{"id":"iso:MA","label":"PLACE"}]',
                 "`entities[0].label`: expected one of PER, ORG, LOC, MISC, found 'PLACE'", id="label"),
    pytest.param('"published_at":"أمس"', f"`published_at`: expected {A_TIME}", id="yesterday"),
    pytest.param('"published_at":7', f"`published_at`: expected {A_TIME} or null, found a number", id="epoch"),
    pytest.param('"published_at":"2024-10-13T09:00:00"',
                 f"`published_at`: expected {A_TIME}, found one without its time zone", id="no zone"),
    pytest.param('"meta":{"n":1e999}',
                 "`meta[...]`: a number beyond what a 64-bit float holds (1.8e308) cannot be read", id="1e999"),
    pytest.param('"meta":{"n":%s}' % ("9" * 4301),
                 "`meta[...]`: a whole number of more than 4300 digits cannot be read", id="4301 digits"),
    pytest.param('"meta":' + '{"a":' * NESTING_LIMIT + "{}" + "}" * NESTING_LIMIT,
                 "`meta`: nested deeper than 200 levels", id="201 levels"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "message"), INVALID)
def test_what_does_not_fit_is_invalid_and_the_message_names_path_and_type(wrong: str, message: str):
    # a later field of the same name wins, so each row spoils one field of a good record
    good = '"id":"a1","text":"خبر","duplicate":{"relation":"unique","cluster":"a1"}'
    with pytest.raises(InvalidError) as error:
        decode(PublishedArticle, f"{{{good},{wrong}}}".encode())
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param("[]", "expected an object, found a list", id="list"),
        pytest.param('"خبر"', "expected an object, found a string", id="string"),
        pytest.param("{}", "the field `id` is missing", id="nothing in it"),
    ],
)
def test_errors_of_the_whole_record_need_no_path(data: str, message: str):
    with pytest.raises(InvalidError) as error:
        decode(CleanedArticle, data.encode())
    assert str(error.value) == message


def test_meta_may_be_nested_to_the_limit_and_is_written_again():
    meta: dict[str, Any] = {}
    for _ in range(NESTING_LIMIT - 1):
        meta = {"a": meta, "عدد": 1 << 64}
    record = replace(ARTICLE, meta=meta)
    data = encode(record)
    assert encode(decode(CleanedArticle, data)) == data
