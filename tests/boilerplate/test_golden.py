"""Whole events and their records. Inputs and expectations are of our own writing, side by side in tests/golden."""

import json
from pathlib import Path

import pytest

from schemas.raw_event import RawEvent
from workers.boilerplate.stage import clean
from workers.outcomes import Kept

FOLDER = Path(__file__).parent.parent / "golden" / "boilerplate"
ORDER = ("ar", "en", "fr", "ru", "fa")
CASES = sorted(FOLDER.glob("*.expected.json"), key=lambda path: (ORDER.index(path.name[:2]), path.name))


@pytest.mark.parametrize("expected_file", CASES, ids=lambda path: path.name.removesuffix(".expected.json"))
@pytest.mark.parametrize("form", ["envelope", "bare bytes"])
def test_a_page_gives_exactly_the_record_that_a_person_wrote_down(expected_file, form):
    expected = json.loads(expected_file.read_text("utf-8"))
    stem = expected_file.name.removesuffix(".expected.json")
    page = next(path for path in FOLDER.glob(f"{stem}.*") if path.suffix in (".txt", ".html")).read_bytes()
    body = page if form == "bare bytes" else page.decode("utf-8")

    [outcome] = clean([RawEvent(body=body, **expected.pop("event"))])

    assert isinstance(outcome, Kept)
    record = outcome.record
    found = {
        "about": expected["about"],
        "text": record.text,
        "title": record.title,
        "lang": record.lang,
        "source": {"name": record.source.name, "domain": record.source.domain},
        "authors": list(record.authors),
        "canonical_url": record.canonical_url,
        "published_at": record.published_at and record.published_at.isoformat(),
        "modified_at": record.modified_at and record.modified_at.isoformat(),
        "keywords": list(record.keywords),
        "related": [headline.title for headline in record.related],
    }
    absent = {"authors": [], "canonical_url": None, "published_at": None, "modified_at": None}
    assert found == absent | expected


def test_there_are_cases_in_every_language_as_page_and_as_dump():
    names = {path.name.removesuffix(".expected.json") for path in CASES}
    assert names >= {f"{lang}-{kind}" for lang in ORDER for kind in ("page", "dump")}
