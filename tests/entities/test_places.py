"""Places of the development data by id: 233 mentions in five languages, drawn by chance, with the id that a person gave.

tests/golden/entities/places.jsonl holds no text: `source` and `id` name a record of the development data, `start` and `end` a span.
"""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from workers.entities.stage import entities_of
from workers.entities.training.corpora import read, texts

PLACES = Path(__file__).parents[1] / "golden" / "entities" / "places.jsonl"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "entities" / "dev"
FLOOR = 0.84
"""The share of them found with their very span and the right id. Lower it only with the reason in the commit."""


@pytest.mark.skipif(not SHARED.exists(), reason="the development data is not here")
def test_most_places_have_the_id_that_a_person_gave_them() -> None:
    marked = [json.loads(line) for line in PLACES.read_text(encoding="utf-8").splitlines()]
    by_source = defaultdict(list)
    for mark in marked:
        if mark["place"]:
            by_source[mark["source"]].append(mark)
    right = 0
    for source, marks in by_source.items():
        for text in texts(read(SHARED, source), source, as_marked=True):
            places = {record: start for record, start, _ in text.records}
            here = [mark for mark in marks if mark["id"] in places]
            if here:
                [entities] = entities_of([(text.text, here[0]["lang"], None)])
                found = {(m.start, m.end): entity.id for entity in entities for m in entity.mentions}
                right += sum(
                    found.get((mark["start"] + places[mark["id"]], mark["end"] + places[mark["id"]]))
                    == mark["place"]
                    for mark in here
                )
    assert right / sum(map(len, by_source.values())) >= FLOOR
