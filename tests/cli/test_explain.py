"""`khabar explain`: what is taken from a page and why, in the terminal and as one page for the browser."""

import dataclasses
import gzip
import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
import turbohtml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from schemas.cleaned_article import CleanedArticle, Extent, Related, Source
from schemas.raw_event import RawEvent
from workers.boilerplate.explain import Explanation, explain
from workers.boilerplate.page import Judged
from workers.cli import main as cli
from workers.cli.card import FSI, PDI
from workers.cli.report import findings
from workers.cli.report.page import report
from workers.cli.report.terminal import shown
from workers.outcomes import Kept

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "workers/demo/pages"
CSS = Path(__file__).parents[2] / "workers" / "web" / "static" / "article.css"
SHARED = ROOT.parent / "shared"
TEXT = "The harbour will close for two days, the council said. Ferries will run from the old pier. " * 3
NEWS = "\u062e\u0628\u0631"  # ARABIC LETTERS KHAH, BEH, REH
PROGRAM = "from workers.cli.main import main; main()"
RLO = "\u202e"  # RIGHT-TO-LEFT OVERRIDE
HOSTILE = '"><script src=//x.example/a.js>alert(1)</script><img src=x onerror=alert(1)>'
ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "header", "footer", "main", "div", "section", "article", "h1", "h2",
    "p", "a", "b", "i", "bdi", "span", "mark", "code", "table", "tbody", "tr", "th", "td", "ul", "ol", "li", "details", "summary",
}  # fmt: skip


@pytest.fixture
def khabar():
    """khabar(ARGUMENT..., input=b"...") runs the command and gives its result."""

    def run(*arguments, input=b"", **environ):  # noqa: A002  (as CliRunner calls it)
        clean = {name: None for name in os.environ if name.startswith("KHABAR_")}
        result = CliRunner().invoke(
            cli.main, ["explain", *map(str, arguments)], input=input, env=clean | environ
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def block(text, *, kept=False, score=0.01, reason="mostly links", kind="li"):
    return Judged(text, kind, kept, reason, score)


def explanation(*blocks, form="html", **fields):
    given = {"id": "i", "text": "\n\n".join(each.text for each in blocks if each.kept)} | fields
    return Explanation(Kept(CleanedArticle(**given)), blocks, form)


def terminal(explained, width=None, *, is_whole=False):
    lines = shown(explained, RawEvent(body=""), "page.html", width=width, is_whole=is_whole)
    return [line.plain for line in lines]


def without_isolates(text):
    return text.replace(FSI, "").replace(PDI, "")


# The terminal


@pytest.mark.parametrize("name", ["ar-tram.html", "fa-saffron.txt", "en-comet.html", "ru-metro.html"])
def test_every_paragraph_of_the_record_stands_marked_and_with_a_reason(khabar, name):
    result = khabar(PAGES / name)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    lines = without_isolates(result.stdout).splitlines()
    assert lines[0] == f"article  {PAGES / name}"
    outcome = explain(RawEvent(body=(PAGES / name).read_bytes())).outcome
    kept = [number for number, line in enumerate(lines) if line.startswith("+ ")]
    assert [lines[number][2:] for number in kept] == outcome.record.text.split("\n\n")
    assert all(re.fullmatch(r"  \S.*, [0-9]+%", lines[number + 1]) for number in kept)
    assert sum(line.startswith("- ") for line in lines) > 1
    assert any(line.startswith(f"  blocks     {len(kept)} kept, ") for line in lines)


def test_the_head_says_what_the_record_says_and_what_is_missing():
    article = explanation(
        block(TEXT, kept=True),
        title="Harbour",
        authors=("A. Bee", "C. Dee"),
        source=Source(name="Quay", domain="quay.example"),
        lang="en",
        lang_confidence=0.987,
        published_at=datetime(2024, 10, 13, 9, tzinfo=UTC),
        published_zone="+03:00",
        modified_at=datetime(2024, 10, 13, 10, 30, tzinfo=UTC),
        extent=Extent.STUB,
        keywords=("sea", "ships"),
        related=(Related(title="Pier"), Related(title="Boats")),
    )
    lines = terminal(article)
    assert lines[:16] == [
        "article  page.html",
        "  title      Harbour",
        "  authors    A. Bee, C. Dee",
        "  published  2024-10-13 12:00 +03:00 (2024-10-13 09:00 UTC)",
        "  modified   2024-10-13 10:30 UTC (the page names no zone)",
        "  source     Quay, quay.example",
        "  language   en (98.7% sure)",
        "  url        \u2013",  # EN DASH
        "  canonical  \u2013",
        "  image      \u2013",
        "  extent     stub: the beginning, the rest stands elsewhere",
        "  keywords   sea, ships",
        "  related    Pier",
        "             Boats",
        f"  blocks     1 kept, 0 dropped of an HTML page; {len(TEXT):,} characters of text",
        "",
    ]


@pytest.mark.parametrize(
    ("name", "reason"), [("fr-login.html", "login_wall"), ("empty.txt", "empty"), ("logo.png", "not_text")]
)
def test_what_is_rejected_is_said_with_reason_and_detail(khabar, name, reason):
    result = khabar(PAGES / name)
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()[:2]
    assert first == f"rejected: {reason}  {PAGES / name}"
    assert re.fullmatch(r"  because    \S.*", second)


@pytest.mark.parametrize("width", [20, 40, 60, 84, 120, 200])
@pytest.mark.parametrize("name", ["ar-tram.html", "en-comet.html"])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(name, width):
    explained = explain(RawEvent(body=(PAGES / name).read_bytes()))
    lines = terminal(explained, width, is_whole=True)
    assert max(cell_len(without_isolates(line)) for line in lines) <= width
    words = "".join(without_isolates("".join(terminal(explained, width, is_whole=True))).split())
    for each in explained.blocks:
        assert "".join(each.text.split())[:10] in words


def test_right_to_left_text_ends_at_the_right_of_its_column_between_isolates():
    explained = explanation(block(" ".join([NEWS] * 40), kept=True))
    texts = [line for line in terminal(explained, 60) if NEWS in line]
    assert len(texts) == 3
    assert all(line.endswith(PDI) and cell_len(without_isolates(line)) == 60 for line in texts)
    assert texts[0].startswith("+ ")


def test_a_long_run_of_menu_lines_is_folded_and_all_unfolds_it():
    menu = [block(f"Menu {number}") for number in range(45)]
    explained = explanation(*menu, block(TEXT, kept=True), *menu[:5])
    lines = terminal(explained)
    assert "  \u2026 43 more blocks like this: mostly links" in lines  # HORIZONTAL ELLIPSIS
    assert sum(line.startswith("- ") for line in lines) == 2 + 5
    assert sum(line.startswith("- ") for line in terminal(explained, is_whole=True)) == 45 + 5


def test_a_dropped_block_that_the_model_was_unsure_of_is_never_folded():
    menu = [block(f"Menu {number}") for number in range(8)]
    lines = terminal(explanation(*menu, block("Perhaps", score=0.45), *menu))
    assert "- Perhaps" in lines
    assert sum("6 more blocks" in line for line in lines) == 2


def test_a_fold_names_the_two_most_frequent_reasons():
    blocks = [block(str(number), reason=reason) for number, reason in enumerate("xxababac")]
    assert findings.runs(blocks)[-1].summary == "6 more blocks like this: a; b; other reasons"


def test_dropped_text_is_cut_and_kept_text_never_unless_all_is_asked_for():
    long = " ".join([NEWS] * 100)
    lines = terminal(explanation(block(long), block(long, kept=True)))
    assert [len(line) > 400 for line in lines if NEWS in line] == [False, True]
    lines = terminal(explanation(block(long), block(long, kept=True)), is_whole=True)
    assert [len(line) > 400 for line in lines if NEWS in line] == [True, True]


def test_a_terminal_gets_colours_and_none_with_no_color(tmp_path):
    def printed(**environ):
        ours, theirs = pty.openpty()
        given = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "COLUMNS": "100"} | environ
        command = [sys.executable, "-c", PROGRAM, "explain", str(PAGES / "en-comet.html")]
        process = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=given, cwd=ROOT)
        os.close(theirs)
        pieces = []
        try:
            while piece := os.read(ours, 1 << 16):
                pieces.append(piece)
        except OSError:  # Linux says EIO when the other end is closed
            pass
        os.close(ours)
        assert process.wait() == 0
        return b"".join(pieces).decode()

    coloured, plain = printed(), printed(NO_COLOR="1")
    assert "\x1b[" in coloured
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_what_steers_a_terminal_does_not_reach_it():
    explained = explanation(block(f"a\x1b[31mb{RLO}c\x07", kept=True), title="\x1b]0;t\x07x")
    assert not any("\x1b" in line or RLO in line or "\x07" in line for line in terminal(explained))


# What is read


def test_standard_input_an_envelope_and_a_packed_page_are_read(khabar, tmp_path):
    page = (PAGES / "en-comet.html").read_bytes()
    (tmp_path / "page.html.gz").write_bytes(gzip.compress(page))
    envelope = orjson.dumps({"body": page.decode(), "url": "https://x.example/1"})
    assert khabar("-", input=page).stdout.startswith("article  standard input\n")
    assert khabar(tmp_path / "page.html.gz").stdout.startswith("article  ")
    assert "  url        https://x.example/1\n" in khabar("-", input=envelope).stdout
    assert (
        "  url        https://x.example/1\n"
        in khabar("-", "--url", "https://y.example", input=envelope).stdout
    )
    assert "  url        https://y.example\n" in khabar("-", "--url", "https://y.example", input=page).stdout


def test_of_json_lines_the_first_event_is_explained_and_line_chooses_another(khabar):
    events = b"\n".join(orjson.dumps({"body": TEXT * 2, "title": title}) for title in ("One", "Two")) + b"\n"
    first, second = khabar("-", input=events), khabar("-", "--line", 2, input=events)
    assert "  title      One\n" in first.stdout
    assert first.stderr == "-:1: the first event is explained; --line chooses another\n"
    assert "  title      Two\n" in second.stdout
    assert second.stderr == ""


def test_the_content_type_option_says_how_a_page_is_encoded(khabar, tmp_path):
    page = (PAGES / "ru-metro.html").read_bytes().decode("cp1251").replace("charset=windows-1251", "")
    (tmp_path / "page").write_bytes(page.encode("koi8-r", "xmlcharrefreplace"))
    result = khabar(tmp_path / "page", "--content-type", "text/html; charset=koi8-r")
    first = turbohtml.parse(page).select_one("h1").text
    assert first in result.stdout
    assert "of an HTML page" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.html"], "none.html: cannot be read: No such file or directory"),
        (["."], ".: is a folder; name one file in it"),
        (["lines.jsonl"], "lines.jsonl: there is no event in it"),
        (["one.jsonl", "--line", "7"], "one.jsonl: there is no event on line 7"),
        (["wrong.json"], "wrong.json:1: is no event: `body`: expected a string, found a number"),
        (["cut.html.gz"], "cut.html.gz: cannot be read: "),
        (["large.html"], "large.html: has 5,000 bytes; the limit is 1,024 (KHABAR_MAX_EVENT_BYTES)"),
    ],
    ids=["missing", "folder", "no lines", "no such line", "no event", "damaged", "too large"],
)
def test_what_cannot_be_read_is_said_in_one_line(khabar, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    Path("lines.jsonl").write_text("\n")
    Path("one.jsonl").write_text('{"body": "x"}\n')
    Path("wrong.json").write_text('{"body": 1}')
    Path("cut.html.gz").write_bytes(gzip.compress(b"page" * 99)[:-9])
    Path("large.html").write_text("x" * 5000)
    result = khabar(*arguments, KHABAR_MAX_EVENT_BYTES="1024" if "large" in arguments[0] else None)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(said)
    assert result.stderr.count("\n") == 1


def test_a_page_that_cannot_be_written_is_said_in_one_line(khabar, tmp_path):
    result = khabar(PAGES / "en-comet.html", "--html", tmp_path)
    assert result.exit_code == 2
    assert result.stderr == f"khabar: --html {tmp_path}: cannot be written: Is a directory\n"


# The page


def elements(page):
    return turbohtml.parse(page).find_all()


def test_the_page_shows_the_article_its_fields_and_every_block(khabar, tmp_path):
    target = tmp_path / "report.html"
    result = khabar(PAGES / "ar-tram.html", "--html", target)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"wrote {target}\n")
    page = target.read_text("utf-8")
    explained = explain(RawEvent(body=(PAGES / "ar-tram.html").read_bytes()))
    document = turbohtml.parse(page)
    prose = [each.text for each in document.select(".prose p")]
    assert "\n\n".join(prose) == explained.outcome.record.text
    assert [each.text for each in document.select(".block.kept .text")] == prose
    assert [each.text for each in document.select(".block .text")] == [each.text for each in explained.blocks]
    assert document.select_one("h1").text == explained.outcome.record.title
    rows = {row.select_one("th").text: row.select_one("td").text for row in document.select("tr")}
    assert rows["image"] == explained.outcome.record.image
    assert rows["published"] == "2025-11-09 10:20 +02:00 (2025-11-09 08:20 UTC)"
    assert document.select("details .block")


def test_the_page_goes_to_standard_output_too(khabar):
    result = khabar(PAGES / "en-comet.html", "--html", "-")
    assert result.stdout.startswith("<!DOCTYPE html>")


def hostile():
    return explanation(
        block(HOSTILE, kept=True, kind="p"),
        *(block(f"{HOSTILE}{number}", reason=HOSTILE, kind=HOSTILE) for number in range(9)),
        title=HOSTILE,
        authors=(HOSTILE,),
        source=Source(name=HOSTILE, domain="javascript:alert(1)"),
        lang='ar" onload="alert(1)',
        url="javascript:alert(1)",
        canonical_url=HOSTILE,
        image="javascript:alert(1)",
        keywords=(HOSTILE,),
        related=(Related(title=HOSTILE, url="javascript:alert(1)"),),
    )


def assert_harmless(page):
    for each in elements(page):
        assert each.tag in ELEMENTS
        assert not any(name.startswith("on") for name in each.attrs)
        assert set(dict(each.attrs)).isdisjoint({"src", "srcset", "action", "background", "data"})
        assert each.attrs.get("href", "#").startswith("#")
    style = turbohtml.parse(page).select_one("style").text
    assert not re.search(r"url\(|@import|expression", style)


def test_a_hostile_page_gets_nothing_into_the_report_but_text():
    page = report(hostile(), RawEvent(body=""), HOSTILE)
    assert_harmless(page)
    document = turbohtml.parse(page)
    assert document.select_one("h1").text == HOSTILE
    assert document.select_one(".block.kept .text").text == HOSTILE
    assert document.select_one("article").attrs.get("lang") is None
    policy = document.select_one("meta[http-equiv]").attrs
    assert policy["content"].startswith("default-src 'none'; style-src 'unsafe-inline'")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.sampled_from("<>&\"'/=! -$\x00\r\nabscript{}"), min_size=1), min_size=1))
def test_no_text_breaks_out_of_its_element(texts):
    blocks = [block(text, kept=True, kind=text, reason=text) for text in texts]
    page = report(explanation(*blocks, title=texts[0], image=texts[0]), RawEvent(body=""), texts[0])
    assert_harmless(page)
    assert len(turbohtml.parse(page).select(".block")) == len(texts)


def test_control_characters_and_those_that_reorder_are_left_out():
    page = report(explanation(block(f"a\x00\x1b{RLO}\ud800b", kept=True)), RawEvent(body=""), "x")
    assert turbohtml.parse(page).select_one(".block .text").text == "ab"


@pytest.mark.parametrize(
    ("lang", "direction"),
    [
        ("ar", "rtl"),
        ("fa", "rtl"),
        ("he", "rtl"),
        ("ur", "rtl"),
        ("ar-EG", "rtl"),
        ("en", "ltr"),
        ("zh", "ltr"),
    ],
)
def test_article_and_blocks_have_the_languages_direction(lang, direction):
    page = report(explanation(block(TEXT, kept=True), lang=lang), RawEvent(body=""), "x")
    document = turbohtml.parse(page)
    for each in (document.select_one("article"), document.select_one(".blocks ol")):
        assert (each.attrs["lang"], each.attrs["dir"]) == (lang, direction)
    assert (document.select_one("html").attrs["lang"], document.select_one("html").attrs["dir"]) == (
        "en",
        "ltr",
    )
    assert all(each.attrs["dir"] == "auto" for each in document.select(".block .text, .prose p"))


@pytest.mark.parametrize(("text", "direction"), [(NEWS, "rtl"), ("news", "ltr")], ids=["Arabic", "English"])
def test_without_a_known_language_the_blocks_tell_the_direction(text, direction):
    page = report(explanation(block(text), lang="und"), RawEvent(body=""), "x")
    assert turbohtml.parse(page).select_one(".blocks ol").attrs["dir"] == direction


@pytest.mark.parametrize("name", ["fr-login.html", "logo.png"])
def test_a_rejected_page_has_its_reason_for_a_heading(khabar, name):
    page = khabar(PAGES / name, "--html", "-").stdout
    headings = turbohtml.parse(page).select("h1")
    assert [each.text.partition(":")[0] for each in headings] == ["Rejected"]
    assert not turbohtml.parse(page).select("article")


def test_the_same_explanation_gives_the_same_page_with_one_of_each_id():
    explained = explain(RawEvent(body=(PAGES / "en-comet.html").read_bytes()))
    page = report(explained, RawEvent(body=""), "x")
    assert page == report(dataclasses.replace(explained), RawEvent(body=""), "x")
    ids = [each.attrs["id"] for each in elements(page) if "id" in each.attrs]
    assert len(ids) == len(set(ids))
    assert {each.attrs["href"][1:] for each in elements(page) if "href" in each.attrs} <= set(ids)


def luminance(colour):
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_all_text_has_the_contrast_that_wcag_asks_for(mode):
    root = re.findall(r":root \{(.*?)\}", CSS.read_text("utf-8"), re.DOTALL)[mode]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", root))
    for ink in ("ink", "soft", "kept", "rejected", "dead", "link"):
        for ground in ("paper", "sheet", "faint", "kept-tint"):
            one, other = sorted((luminance(colours[ink]), luminance(colours[ground])))
            assert (other + 0.05) / (one + 0.05) >= 4.5, (ink, ground)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the sample is not part of the repository")
def test_the_sample_is_explained_to_the_paragraph(khabar):
    result = khabar(SHARED / "samples/arabi21-page.txt")
    assert sum(line.startswith("+ ") for line in result.stdout.splitlines()) == 11


ARTICLE = (
    "قال فلاديمير بوتين في موسكو أمس إن المحادثات مستمرة، وإن بوتين سيزور القاهرة قريبا بدعوة من الحكومة. "
    * 4
)


def test_who_and_what_the_article_names_is_told_by_kind_with_ids(khabar, tmp_path):
    file = tmp_path / "event.jsonl"
    file.write_bytes(orjson.dumps({"body": f"<article><h1>خبر</h1><p>{ARTICLE}</p></article>", "lang": "ar"}))
    lines = khabar(file).output.splitlines()
    assert any(line.startswith("  persons") and "(Vladimir Putin, wikidata:Q7747)" in line for line in lines)
    assert any(line.startswith("  places") and "(Moscow, geonames:524901)" in line for line in lines)
    page = tmp_path / "page.html"
    khabar(file, "--html", page)
    marks = turbohtml.parse(page.read_text("utf-8")).find_all("mark")
    assert {mark.text for mark in marks} >= {"فلاديمير بوتين", "بوتين", "موسكو", "القاهرة"}
    assert {mark.attrs["title"] for mark in marks} >= {
        "PER: Vladimir Putin, wikidata:Q7747",
        "LOC: Cairo, geonames:360630",
    }


def test_entities_of_the_user_s_own_list_are_told_too(khabar, tmp_path):
    own = tmp_path / "own.tsv"
    own.write_text("id\tlabel\tar\nacme:7\tORG\tالمحادثات\n", "utf-8")
    file = tmp_path / "event.jsonl"
    file.write_bytes(orjson.dumps({"body": f"<article><p>{ARTICLE}</p></article>", "lang": "ar"}))
    assert "المحادثات ×4 (acme:7)" in khabar(file, KHABAR_ENTITIES=str(own)).output
