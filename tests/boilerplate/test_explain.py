"""Explanations: the kept blocks are the record's text, and blocks are there whenever the stage looked at them."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.raw_event import RawEvent, read_raw_event
from schemas.rejected_event import RejectReason
from workers.boilerplate.explain import explain
from workers.boilerplate.stage import clean
from workers.demo.events import demo_events
from workers.outcomes import Dropped, Kept

GOLDEN = Path(__file__).parents[1] / "golden" / "boilerplate"
CELLS = {"td", "th"}
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10"


def golden_events():
    for file in sorted(GOLDEN.rglob("*.expected.json")):
        case = json.loads(file.read_text("utf-8"))
        stem = file.name.removesuffix(".expected.json")
        page = next(path for path in file.parent.glob(f"{stem}.*") if path.suffix in {".txt", ".html"})
        fields = case["event"] | {"tags": tuple(case["event"].get("tags", ()))}
        yield pytest.param(RawEvent(body=page.read_text("utf-8"), **fields), id=stem)


def demo_pages():
    for event in demo_events():
        if event.expected.outcome != "dead":
            yield pytest.param(read_raw_event(event.value, event.headers), id=event.name)


@pytest.mark.parametrize("event", [*golden_events(), *demo_pages()])
def test_the_kept_blocks_are_the_paragraphs_of_the_record(event):
    explanation = explain(event)
    assert explanation.outcome == clean([event])[0]
    kept = [block.text for block in explanation.blocks if block.kept]
    if not isinstance(explanation.outcome, Kept):
        return
    text = explanation.outcome.record.text
    if CELLS.isdisjoint(block.kind for block in explanation.blocks if block.kept):
        assert kept == text.split("\n\n")
    else:
        assert " ".join(kept) == text.replace("\n\n", " ")
    assert all(block.reason for block in explanation.blocks)
    assert all(block.score is None or 0 <= block.score <= 1 for block in explanation.blocks)


@pytest.mark.parametrize(
    ("body", "content_type", "form"),
    [
        ("<!doctype html><p>One.</p>", None, "html"),
        ("One.\n\nTwo.", None, "text"),
        ("<p>One.</p>", "text/html", "html"),
    ],
    ids=["document", "dump", "announced"],
)
def test_the_form_is_how_the_stage_reads_the_body(body, content_type, form):
    explanation = explain(RawEvent(body=body, content_type=content_type))
    assert explanation.form == form
    assert [block.text for block in explanation.blocks] == [each for each in ("One.", "Two.") if each in body]


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b" \n", RejectReason.EMPTY), (PNG, RejectReason.NOT_TEXT)],
    ids=["blank", "image"],
)
def test_what_the_stage_does_not_read_has_no_blocks(body, reason):
    explanation = explain(RawEvent(body=body))
    assert isinstance(explanation.outcome, Dropped)
    assert explanation.outcome.reason is reason
    assert explanation.blocks == ()


@settings(max_examples=60, deadline=None)
@given(st.text(), st.sampled_from([None, "text/html", "text/plain"]))
def test_any_text_can_be_explained(body, content_type):
    event = RawEvent(body=body, content_type=content_type)
    assert explain(event) == explain(event)
