"""The event to have in mind: a dump of a whole page, with a second article inside its "read also" block."""

import gzip
import json
import unicodedata
from pathlib import Path

import pytest

from schemas.raw_event import RawEvent
from workers.boilerplate.stage import clean

SHARED = Path(__file__).parents[2].parent / "shared"
SAMPLE = SHARED / "samples" / "arabi21-page.txt"

pytestmark = pytest.mark.skipif(not SAMPLE.exists(), reason="the shared samples are not beside this checkout")


@pytest.fixture(scope="module")
def record():
    [outcome] = clean([RawEvent(body=SAMPLE.read_bytes(), content_type="text/plain")])
    return outcome.record


def test_the_text_is_the_eleven_paragraphs_of_the_first_article(record):
    with gzip.open(SHARED / "data/extraction/dev/text.arabi21.jsonl.gz", "rt", encoding="utf-8") as lines:
        gold = unicodedata.normalize("NFC", json.loads(next(lines))["gold"])
    assert record.text == "\n\n".join(" ".join(part.split()) for part in gold.split("\n\n"))
    assert len(record.text.split("\n\n")) == 11


def test_what_stands_behind_the_article_becomes_fields(record):
    bulleted = [
        line.strip().removeprefix("\u2022").strip()
        for line in SAMPLE.read_text("utf-8").split("\n")
        if line.strip().startswith("\u2022")
    ]
    assert len(bulleted) == 9
    assert [headline.title for headline in record.related] == bulleted
    assert record.source.name == "عربي21"
    assert record.lang == "ar"
    assert len(set(record.keywords)) == len(record.keywords)
    assert {"بوتين", "إيران", "روسيا"} <= set(record.keywords)


def test_envelope_and_bare_bytes_give_the_same_record(record):
    [outcome] = clean([RawEvent(body=SAMPLE.read_text("utf-8"))])
    assert outcome.record == record
