"""Cards: legible, and safe to print."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from schemas.cleaned_article import Source
from schemas.dead_letter import DeadLetter, DeadReason
from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.raw_event import RawEvent
from schemas.rejected_event import RejectedEvent, RejectReason
from schemas.tagged_article import Entity, Label, Mention
from workers.cli.card import FSI, PDI, card, clean, isolated

NEWS = "\u062e\u0628\u0631"  # ARABIC LETTERS KHAH, BEH, REH
ROUSSIA = "\u0631\u0648\u0633\u064a\u0627"  # ARABIC LETTERS REH, WAW, SEEN, YEH, ALEF
RLO = "\u202e"  # RIGHT-TO-LEFT OVERRIDE
RLI = "\u2067"  # RIGHT-TO-LEFT ISOLATE
ZWNJ = "\u200c"  # ZERO WIDTH NON-JOINER
SHY = "\u00ad"  # SOFT HYPHEN


def article(**changed):
    fields = {
        "id": "b2a1",
        "title": NEWS,
        "source": Source(name=NEWS, domain="arabi21.com"),
        "lang": "ar",
        "published_at": datetime(2024, 10, 13, 9, tzinfo=UTC),
        "text": " ".join([NEWS] * 200),
        "entities": (
            Entity(
                id="iso:RU",
                label=Label.LOC,
                name=ROUSSIA,
                salience=1.0,
                mentions=(Mention(start=0, end=5, text=ROUSSIA),) * 2,
            ),
        ),
        "duplicate": Duplicate(relation=Relation.NEAR, of="a1", similarity=0.934, cluster="a1"),
    }
    return PublishedArticle(**fields | changed)


def test_an_article_shows_what_there_is_to_know_with_foreign_text_last_on_its_line():
    lines = card("articles.duplicates", article()).plain.split("\n")
    assert lines[:8] == [
        "articles.duplicates",
        f"  title     {FSI}{NEWS}{PDI}",
        f"  source    arabi21.com  {FSI}{NEWS}{PDI}",
        "  language  ar",
        "  date      2024-10-13 09:00 UTC",
        f"  entities  LOC \u00d72  {FSI}{ROUSSIA}{PDI}",  # MULTIPLICATION SIGN
        "  duplicate near of a1 (93% alike)",
        "  id        b2a1",
    ]
    assert lines[8].startswith(f"  text      {FSI}{NEWS} ")
    assert lines[8].endswith(f"\u2026{PDI}")  # HORIZONTAL ELLIPSIS
    assert len(lines) == 9


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (RejectedEvent(id="i", reason=RejectReason.NO_ARTICLE, detail="a list"), ["no_article", "a list", "i"]),
        (
            DeadLetter(
                reason=DeadReason.TOO_SLOW, message="10 s", error="E", stage="boilerplate",
                origin="t.raw:0:1", topic="t.raw", partition=0, offset=1,
            ),
            ["too_slow", "10 s", "boilerplate", "t.raw:0:1"],
        ),
        (RawEvent(body=b"1234", url="https://x"), ["4 bytes", "https://x"]),
        (article(entities=(), duplicate=Duplicate(relation=Relation.REVISION, cluster="c", revision=2)), ["revision 2"]),
        (
            article(duplicate=Duplicate(relation=Relation.CONTAINED_IN, of="c", similarity=0.2, cluster="c")),
            ["contained in c (20% alike)"],
        ),
        (
            article(duplicate=Duplicate(relation=Relation.UNIQUE, contains="c", similarity=0.2, cluster="d")),
            ["unique, contains c (20% alike)"],
        ),
    ],
    ids=["rejected", "dead", "raw", "revision", "alert", "story"],
)  # fmt: skip
def test_other_records_show_what_they_have(record, words):
    shown = card("t", record).plain
    assert all(word in shown for word in words), shown


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred", "red"),
        ("\x1bPdevice\x1b\\text", "text"),
        ("\x1bcreset", "reset"),
        (f"abc{RLO}def", "abcdef"),
        (f"{RLI}{NEWS}{PDI}{PDI}", NEWS),
        ("a\r\nb\tc\x00\x08d", "a b cd"),
        ("a\u2028b", "a b"),  # LINE SEPARATOR
        ("\ud800a", "a"),
        (f"co{SHY}op", "coop"),
        (f"\u0645\u06cc{ZWNJ}\u0631\u0648\u062f", f"\u0645\u06cc{ZWNJ}\u0631\u0648\u062f"),  # Persian "goes"
        ("[bold]x[/bold]", "[bold]x[/bold]"),
    ],
)
def test_what_steers_a_terminal_is_gone_and_spelling_is_kept(hostile, harmless):
    assert clean(hostile) == harmless


@given(st.text())
def test_a_clean_text_has_no_control_no_bidi_formatting_and_is_clean_already(text):
    shown = clean(text)
    assert clean(shown) == shown
    for character in shown:
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(character) not in {
            "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
        }  # fmt: skip


@given(st.text(), st.text(), st.integers(1, 200))
def test_no_text_breaks_out_of_its_line(title, name, width):
    record = article(title=title, text=title, source=Source(name=name))
    for line in card("t", record, width=width).plain.split("\n"):
        assert line.count(FSI) == line.count(PDI) <= 1
        assert not any(unicodedata.category(character) == "Cc" for character in line)


def test_lines_keep_to_the_width_and_each_part_is_isolated():
    shown = card("t", article(title=" ".join([NEWS] * 50)), width=60).plain.split("\n")
    titles = shown[1 : [line.split()[0] for line in shown].index("source")]
    assert len(titles) > 2
    assert all(line.rstrip().endswith(PDI) and FSI in line for line in titles)
    assert all(cell_len(line.replace(FSI, "").replace(PDI, "")) <= 60 for line in shown)


def test_only_right_to_left_text_is_isolated():
    assert isolated("abc") == "abc"
    assert isolated(f"abc {NEWS}") == f"{FSI}abc {NEWS}{PDI}"
