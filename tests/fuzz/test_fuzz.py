"""A few hundred mutated pages of our own; and whether the fuzzer finds what it is there to find."""

import json
import random
import unicodedata
from collections import Counter
from dataclasses import replace

import pytest

from schemas.cleaned_article import CleanedArticle
from schemas.raw_event import RawEvent
from schemas.rejected_event import RejectReason
from tests.fuzz import bases, checks, faults, mutations, pages
from tests.fuzz.cases import Case, as_json, case_of, from_json
from tests.fuzz.checks import bare, check
from tests.fuzz.watch import Task, run
from workers.boilerplate import stage
from workers.outcomes import Dropped, Kept

FIRST = "The harbour council met on Monday."
SECOND = "It agreed to repair both cranes before winter."
PAGE = f"<html><body><p>{FIRST}</p><div>Read also</div><p>{SECOND}</p></body></html>"


def kinds(event: RawEvent, monkeypatch: pytest.MonkeyPatch, **fields: object) -> list[str]:
    """What is wrong with a record of those fields for that event."""
    record = CleanedArticle(**{"id": "1", "text": FIRST, **fields})
    monkeypatch.setattr(stage, "clean", lambda batch: [Kept(record)] * len(batch))
    return [problem.kind for problem in check(event).problems]


def page_of(*texts: str) -> RawEvent:
    return RawEvent(body="<p>" + "</p><p>".join(texts), content_type="text/html")


# The stage


def test_mutated_pages_end_in_outcomes_that_hold():
    texts = bases.load(None)
    stage.warm_up()
    found = {}
    for number in range(200):
        case = case_of(texts, 1, number)
        if problems := check(case.event, twice=number % 10 == 0).problems:
            found[number, case.mutations] = problems
    assert not found


# Cases


def test_a_number_stands_for_one_case_and_numbers_for_different_ones():
    texts = bases.load(None)
    cases = [case_of(texts, 7, number) for number in range(40)]
    assert cases == [case_of(texts, 7, number) for number in range(40)]
    assert len({repr(case.event) for case in cases}) == 40
    assert case_of(texts, 8, 0) != cases[0]


def test_cases_are_of_all_kinds():
    texts = bases.load(None)
    cases = [case_of(texts, 0, number) for number in range(600)]
    used = Counter(name for case in cases for name in case.mutations)
    assert not {each.__name__ for each in (*mutations.OF_PAGES, *mutations.OF_DUMPS)} - set(used)
    assert 100 < sum(isinstance(case.event.body, bytes) for case in cases) < 300
    assert max(len(case.event.body) for case in cases) > 100_000


@pytest.mark.parametrize(
    "mutate", dict.fromkeys((*mutations.OF_PAGES, *mutations.OF_DUMPS)), ids=lambda each: each.__name__
)
@pytest.mark.parametrize(
    "text", ["", "x", PAGE, "\ud800 <p>\n"], ids=["nothing", "a letter", "a page", "a surrogate"]
)
def test_a_mutation_takes_any_text_and_depends_on_the_generator_alone(mutate, text):
    for seed in range(20):
        first, second = (mutate(random.Random(seed), text, PAGE) for _ in range(2))
        assert isinstance(first, str)
        assert first == second


@pytest.mark.parametrize("mutate", mutations.OF_PAGES, ids=lambda each: each.__name__)
def test_a_mutation_changes_a_page(mutate):
    [page] = [text for text in bases.load(None).pages if "The harbour" in text or "ld+json" in text][:1]
    assert any(mutate(random.Random(seed), page, PAGE) != page for seed in range(20))


@pytest.mark.parametrize("body", ["\ud800 خبر", b"\x00\xff\xfe"], ids=["text", "bytes"])
def test_a_case_comes_back_from_its_file_as_it_was(body):
    case = Case(1, 2, ("splice", "text"), RawEvent(body=body, url="http://\u202e/", tags=("a", "b")))
    assert from_json(json.dumps({"problems": ["x"], **as_json(case)})) == case


# What the checks find


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{FIRST}\n\n{SECOND}", []),
        (f"{FIRST}\n\nIt agreed", []),
        (f"{SECOND}\n\n{FIRST}", ["order"]),
        (f"{FIRST}\n\n{FIRST}", ["order"]),
        (f"{FIRST} Never written.", ["text not in the page"]),
        ("The council met on Monday.", ["text not in the page"]),
        ("Monday. It agreed Read also", ["text not in the page"]),
        (f"{FIRST} {SECOND}", []),  # all of a text between may be left out: it can be hidden, or a button
        (f"{FIRST}\n\n", ["paragraphs"]),
        (f"{FIRST}\n{SECOND}", ["paragraphs"]),
        (f" {FIRST}", ["paragraphs"]),
    ],
    ids=[
        "both", "a part", "order", "repeated", "added", "a word left out", "texts out of order", "between", "empty paragraph", "line break",
        "space",
    ],
)  # fmt: skip
def test_paragraphs_stand_on_the_page_in_order(text, expected, monkeypatch):
    assert kinds(RawEvent(body=PAGE), monkeypatch, text=text) == expected


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>Caf&eacute; &amp; cr\u00e8me&nbsp;br\u00fbl\u00e9e</p>", "Caf\u00e9 & cr\u00e8me br\u00fbl\u00e9e"),
        ("<p>cafe\u0301</p>", "caf\u00e9"),
        ("<p>al\u00adpha\u200b be\u202eta</p>", "al\u00adpha\u200b beta"),
        ("<p>al\u00adpha</p>", "alpha"),
        ("<p>a<b>lph</b>a <i>beta</i></p>", "alpha beta"),
        ("<p>alpha<script>x()</script> beta <button>Share</button>gamma</p>", "alpha beta gamma"),
        ("<p>alpha &#x110000;&#1;beta</p>", "alpha \ufffdbeta"),
        ("<p>al\x00pha</p>", "alpha"),
        ("<p>alpha</nosuch foo='<'>beta</p>", "alphabeta"),
        ("<p>هَذَا خَبَر</p>", "هَذَا خَبَر"),
    ],
    ids=["entities", "NFC", "joiners kept", "soft hyphen dropped", "inline", "left out", "odd entities", "NUL", "bad tag", "vowel marks"],
)  # fmt: skip
def test_what_a_reader_may_do_to_a_text_is_no_finding(body, text, monkeypatch):
    assert kinds(RawEvent(body=body, content_type="text/html"), monkeypatch, text=text) == []


@pytest.mark.parametrize(
    "body",
    [
        "<script>alpha beta</script>",
        "<p title='alpha beta'>",
        "<!-- alpha beta -->",
        '<meta content="alpha beta">',
    ],
    ids=["script", "attribute", "comment", "meta"],
)
def test_what_no_reader_of_the_page_sees_is_no_text(body, monkeypatch):
    assert kinds(RawEvent(body=body, content_type="text/html"), monkeypatch, text="alpha beta") == [
        "text not in the page"
    ]


def test_tags_are_text_in_a_dump_and_not_in_a_page(monkeypatch):
    body = "alpha <b>beta</b>"
    assert kinds(RawEvent(body=body), monkeypatch, text=body) == []
    assert kinds(RawEvent(body=body, content_type="text/html"), monkeypatch, text=body) == [
        "text not in the page"
    ]


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "cp1256", "iso8859_6"])
def test_bytes_are_read_in_any_charset(codec, monkeypatch):
    event = RawEvent(body="<p>خبر عاجل</p>".encode(codec), content_type="text/html")
    assert kinds(event, monkeypatch, text="خبر عاجل") == []
    assert kinds(event, monkeypatch, text="خبر قديم") == ["text not in the page"]


def test_a_word_that_only_the_parser_knows_is_found(monkeypatch):
    monkeypatch.setattr(checks, "text_nodes", lambda _root: [type("Node", (), {"data": "alpha omega"})])
    assert kinds(page_of("alpha beta"), monkeypatch, text="alpha omega") == ["word not in the source"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"title": "\u202eabc"}, ["unwanted character"]),
        ({"keywords": ("a", "b\x00")}, ["unwanted character"]),
        ({"lang_confidence": 1.5}, ["shape"]),
        ({"lang": None}, ["wire"]),
        ({"meta": {"a": "\x00"}}, []),
    ],
    ids=["title", "keyword", "confidence", "a field of the wrong type", "the producer's own"],
)
def test_the_rest_of_the_record_is_checked(fields, expected, monkeypatch):
    assert kinds(page_of(FIRST), monkeypatch, **fields) == expected


def test_text_that_is_not_nfc_is_found(monkeypatch):
    text = unicodedata.normalize("NFD", "caf\u00e9")
    assert kinds(page_of("caf\u00e9"), monkeypatch, text=text) == ["not NFC"]


def test_an_exception_is_found(monkeypatch):
    def clean(_batch):
        raise KeyError("x")

    monkeypatch.setattr(stage, "clean", clean)
    [problem] = check(page_of(FIRST)).problems
    assert (problem.kind, problem.detail) == ("exception", "KeyError: 'x'")


@pytest.mark.parametrize(
    "outcomes", [[], [None], [Dropped(RejectReason.STUB, "")]], ids=["none", "odd", "no words"]
)
def test_an_outcome_of_the_wrong_shape_is_found(outcomes, monkeypatch):
    monkeypatch.setattr(stage, "clean", lambda _batch: outcomes)
    assert [problem.kind for problem in check(page_of(FIRST)).problems] == ["shape"]


def test_an_outcome_that_depends_on_the_batch_is_found(monkeypatch):
    dropped = [Dropped(RejectReason.STUB, "one"), Dropped(RejectReason.STUB, "two")]
    monkeypatch.setattr(stage, "clean", lambda batch: [dropped[len(batch) - 1]] * len(batch))
    assert [problem.kind for problem in check(page_of(FIRST), twice=True).problems] == ["not deterministic"]
    assert not check(page_of(FIRST)).problems


def test_a_slow_page_is_found(monkeypatch):
    monkeypatch.setattr(checks, "LIMIT_S", -1.0)
    assert "slow" in [problem.kind for problem in check(page_of(FIRST)).problems]


def test_bare_leaves_letters_and_is_idempotent():
    assert bare("A b\n\u0301\u00ad\u200f\ufffd\x01 \u00e9\u0647\u064e1.") == "Abe\u06471."
    assert bare(bare(PAGE)) == bare(PAGE)


# The watchdog


@pytest.mark.parametrize(
    ("checker", "kind"), [(faults.busy, "hang"), (faults.waiting, "hang"), (faults.crashing, "crash")], ids=["busy", "waiting", "crashing"]
)  # fmt: skip
def test_a_case_that_hangs_or_crashes_is_reported_and_the_others_go_on(checker, kind):
    task = Task(None, 0, 0, 6, checker=checker)
    found = dict(pair for part in run(task, 1, hang_s=0.3, stuck_s=2.0) for pair in part)
    assert {number: verdict.ending for number, verdict in found.items()} == {
        number: kind if number % 3 == 2 else "kept" for number in range(6)
    }


def test_processes_share_the_cases():
    task = Task(None, 3, 10, 17, checker=faults.busy)
    found = [number for part in run(replace(task, end=14), 2) for number, _ in part]
    assert sorted(found) == [10, 11, 12, 13]


# The command


def test_the_command_writes_failing_cases_that_can_be_read_again(tmp_path, capsys, monkeypatch):
    texts = bases.load(None)
    tally = pages.Tally()
    for number in range(3):
        tally.add(
            number,
            checks.Verdict("kept", 0.1 * number, (checks.Problem("order", "x"),) if number == 1 else ()),
        )
    assert pages.write(tally, texts, 5, tmp_path) == 1
    [path] = tmp_path.iterdir()
    assert path.name == "order-5-1.json"
    assert from_json(path.read_text("utf-8")) == case_of(texts, 5, 1)
    assert pages.report(tally, 5)[1].endswith("the slowest 0.20 s (number 2)")
    assert pages.replay(path) == 0  # nothing was wrong with it
    assert "case 1 of seed 5" in capsys.readouterr().out
    monkeypatch.setattr(stage, "clean", lambda batch: [None] * len(batch))
    assert pages.replay(path) == 1


def test_the_command_counts_endings(tmp_path, capsys):
    pages.main(["--pages", "4", "--seed", "11", "--processes", "1", "--failures", str(tmp_path)])
    assert capsys.readouterr().out.startswith("4 cases of seed 11: ")
