"""The evaluation command: scores that were computed by hand, the scorer of the data, and readers in one run."""

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
import turbohtml

from workers.boilerplate import evaluate
from workers.boilerplate.evaluation import corpora, letters, readers, runs, tables, visible
from workers.boilerplate.evaluation.scores import (
    SegmentScore,
    TextScore,
    score_segments,
    score_text,
    segment_means,
    text_means,
    words,
)

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "extraction"
HAS_PEERS = not readers.missing_peers()

SENTENCE = (
    "The harbour council, which met on Monday, agreed to repair both cranes before the first winter storms. "
)
PAGE = (
    "<html><head><title>Cranes</title></head><body><nav><a href='/'>Home</a> <a href='/sport'>Sport</a></nav>"
    f"<article><h1>Cranes to be repaired</h1><p>{SENTENCE * 3}</p><p>{SENTENCE * 2}</p></article>"
    "<footer>Imprint</footer></body></html>"
)
GOLD = f"{SENTENCE * 3}\n\n{SENTENCE * 2}"


def reads_title():
    """A reader that finds the title of a page and nothing else."""
    return lambda event: turbohtml.parse(event.body).select_one("title").text


def write(path: Path, *rows: dict) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    page = {"url": "https://example.org/1", "html": PAGE, "lang": "en", "kind": "article"}
    write(
        tmp_path / "html.wcxb.jsonl.gz",
        {"id": "w/1", "source": "wcxb", "gold": GOLD, **page},
        {"id": "w/2", "source": "wcxb", "gold": "Shop", **page, "kind": "product"},
    )
    write(
        tmp_path / "html.traf.jsonl.gz",
        {
            "id": "t/1",
            "source": "traf",
            "with": [SENTENCE.strip()],
            "without": ["Imprint", "Sport"],
            **page,
            "kind": "page",
        },
    )
    write(
        tmp_path / "text.mixed.jsonl.gz",
        {"id": "text/1", "source": "made", "lang": "ar", "text": f"Home\n\n{GOLD}\n\nImprint", "gold": GOLD},
    )
    return tmp_path


# Scores


@pytest.mark.parametrize(
    ("text", "gold", "precision", "recall", "f1", "is_exact"),
    [
        # Shingles of the gold: abcd bcde cdef; of the text: abcd bcde cdeX deXY.
        ("a b c d e x y", "a b c d e f", 2 / 4, 2 / 3, 4 / 7, False),
        # The text repeats abcd, which the gold has once: abcd bcda cdab dabc abcd.
        ("a b c d a b c d", "a b c d", 1 / 5, 1.0, 1 / 3, False),
        ("a, b. c d", "a b\n\nc d", 1.0, 1.0, 1.0, True),
        ("A b c d", "a b c d", 0.0, 0.0, 0.0, False),
        ("a b", "a b c", 0.0, 0.0, 0.0, False),  # fewer than four words are one shingle
        ("a b c", "a b c", 1.0, 1.0, 1.0, True),
        ("", "a b c", None, 0.0, 0.0, False),
        ("...", "a b c", None, 0.0, 0.0, False),
        ("a b c", "...", 0.0, 0.0, 0.0, False),
        ("...", "!", 1.0, 1.0, 1.0, True),
    ],
    ids=["half", "repeated", "marks", "case", "two words", "three words", "none", "no word", "gold without", "both"],
)  # fmt: skip
def test_a_text_is_scored_by_runs_of_four_words(text, gold, precision, recall, f1, is_exact):
    score = score_text(text, gold)
    assert score == TextScore(precision, recall, is_exact)
    assert score.f1 == pytest.approx(f1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("أعلنت البلدية، اليوم", ["أعلنت", "البلدية", "اليوم"]),
        ("北京2024年 news", [*"北京2024年", "news"]),
        ("ข่าว día_1", [*"ข", *"าว", "día_1"]),
        ("e\u0301te\u0301", ["e", "te"]),
    ],
    ids=["Arabic", "Chinese", "Thai", "combining marks end a word"],
)
def test_words_of_dense_scripts_are_cut_into_characters(text, expected):
    assert words(text) == expected


def test_segments_are_found_whatever_the_white_space():
    score = score_segments(
        "The first  part.\nThe\u00a0second.", ["first part.", "The second.", "third"], ["menu", "The first"]
    )
    assert score == SegmentScore(found=2, missed=1, taken=1, left_out=1)


def test_means_are_over_pages_and_leave_an_empty_text_out_of_precision_alone():
    means = text_means([TextScore(0.5, 1.0, False), TextScore(None, 0.0, False), TextScore(1.0, 1.0, True)])
    assert means.precision == pytest.approx(0.75)
    assert means.recall == pytest.approx(2 / 3)
    assert means.f1 == pytest.approx(2 * 0.75 * (2 / 3) / (0.75 + 2 / 3))
    assert means.f1_by_page == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert (means.exact_ratio, means.failed_ratio) == (pytest.approx(1 / 3), pytest.approx(1 / 3))


def test_segments_are_counted_over_all_pages():
    means = segment_means([SegmentScore(1, 1, 0, 2), SegmentScore(5, 0, 3, 0)])
    assert (means.precision, means.recall) == (6 / 9, 6 / 7)
    assert means.f1 == pytest.approx(2 * 6 / (2 * 6 + 3 + 1))


def test_there_are_no_means_of_no_pages():
    assert text_means([]) is None
    assert segment_means([]) is None


@pytest.mark.skipif(not (DATA / "score.py").is_file(), reason="the scorer is not on this machine")
def test_figures_agree_with_the_scorer_of_the_data(tmp_path):
    rng = random.Random(4)
    cases, predictions = [], []
    for number in range(60):
        gold = [
            rng.choice(["river", "مدينة", "北京", "día", "ขา", "x1", "a,b"])
            for _ in range(rng.randrange(1, 40))
        ]
        text = [word for word in gold if rng.random() < 0.9] + ["menu"] * rng.randrange(4)
        wanted = [" ".join(gold[:2]), " ".join(gold[-3:])]
        cases.append(
            {"id": number, "gold": " ".join(gold), "with": wanted, "without": ["menu", "river menu"]}
        )
        predictions.append({"id": number, "text": "" if number % 9 == 0 else "\n".join(text)})
    for name, rows in (("cases.jsonl", cases), ("predictions.jsonl", predictions)):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    command = [
        sys.executable,
        DATA / "score.py",
        tmp_path / "cases.jsonl",
        tmp_path / "predictions.jsonl",
        "--json",
    ]
    theirs = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    pairs = [(case, row["text"]) for case, row in zip(cases, predictions, strict=True)]
    texts = text_means(score_text(text, case["gold"]) for case, text in pairs)
    segments = segment_means(score_segments(text, case["with"], case["without"]) for case, text in pairs)
    assert {
        "F1": texts.f1, "P": texts.precision, "R": texts.recall, "F1doc": texts.f1_by_page,
        "exact": texts.exact_ratio, "fail": texts.failed_ratio,
        "segF1": segments.f1, "segP": segments.precision, "segR": segments.recall,
    } == pytest.approx({name: theirs[name] for name in ("F1", "P", "R", "F1doc", "exact", "fail", "segF1", "segP", "segR")}, abs=5e-5)  # fmt: skip
    assert 0 < texts.exact_ratio < 1  # the cases tell something apart
    assert 0 < segments.precision < 1


# Corpora


def test_a_folder_holds_sets_of_pages_and_of_dumps(folder):
    assert corpora.names(folder) == ["traf", "wcxb", "text.mixed"]
    [case] = corpora.read(folder, "traf")
    assert (case.gold, len(case.wanted), len(case.unwanted), case.is_dump) == (None, 1, 2, False)
    [case] = corpora.read(folder, "text.mixed")
    assert (case.gold, case.is_dump, case.event.content_type) == (GOLD, True, "text/plain")


def test_only_articles_of_wcxb_are_counted(folder):
    assert [case.id for case in corpora.read(folder, "wcxb")] == ["w/1"]


def test_a_reader_is_told_the_id_and_not_the_gold(folder):
    [case] = corpora.read(folder, "wcxb")
    assert case.event.meta == {"id": "w/1", "lang": "en"}
    assert (case.event.lang, case.event.title, case.event.published_at) == (None, None, None)


# Letters


@pytest.mark.parametrize("alphabet", ["abcdefghijklmnopqrstuvwxyz", "αβγδεζηθικλμνξοπρστυφχψω", "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"], ids=["Latin", "Greek", "Cyrillic"])  # fmt: skip
def test_letters_of_an_alphabet_become_as_many_arabic_ones_and_cases_are_alike(alphabet):
    found = letters.mapped(alphabet)
    assert len(set(found)) == len(alphabet)
    assert all("\u0620" <= char <= "\u06d3" for char in found)
    assert letters.mapped(alphabet.upper()) == found


def test_alphabets_do_not_share_arabic_letters():
    assert not set(letters.mapped("abcxyz")) & set(letters.mapped("αβγχυζ")) & set(letters.mapped("авсхуз"))


def test_a_letter_counts_as_the_one_without_its_mark_however_it_is_written():
    assert letters.mapped("\u00c9te\u0301") == letters.mapped("ete")
    assert letters.mapped("\u0130stanbul") == letters.mapped("istanbul")
    assert letters.mapped("هَذَا 12 北京.") == "هَذَا 12 北京."


def test_commas_semicolons_and_question_marks_become_arabic_ones():
    assert letters.mapped("1, 2; 3? 4.") == "1\u060c 2\u061b 3\u061f 4."


def test_a_page_keeps_its_structure_and_its_scripts():
    html = "<p class='lead' title='abc'>Fish &amp; &lt;b&gt;<script>var fish = 1 < 2;</script><br>chips</p><!-- fish -->"
    before, after = turbohtml.parse(html), turbohtml.parse(letters.mapped_page(html))
    assert [node.tag for node in before.select("*")] == [node.tag for node in after.select("*")]
    assert after.select_one("p").attrs["title"] == "abc"
    assert after.select_one("script").text == "var fish = 1 < 2;"
    assert [node.data for node in visible.text_nodes(after)] == [
        letters.mapped("Fish & <b>"),
        letters.mapped("chips"),
    ]


def test_gold_is_mapped_as_its_page_is(folder):
    for name in corpora.names(folder):
        [case] = corpora.read(folder, name)
        mapped = letters.in_arabic_letters(case)
        text = mapped.event.body if case.is_dump else visible.lines(mapped.event.body)
        for wanted in (*mapped.wanted, *filter(None, [mapped.gold])):
            assert score_segments(text, [wanted.split("\n")[0]], []).found == 1
            assert "harbour" not in wanted


def test_pages_of_other_scripts_are_not_mapped(folder):
    [case] = corpora.read(folder, "text.mixed")
    assert letters.can_be_mapped(case)
    assert not letters.can_be_mapped(corpora._case({"id": 1, "html": "", "gold": "北京 BBC 和 Reuters 上海 天津 大学 新闻 社会 经济 文化"}, "x"))  # fmt: skip


# Runs and tables


def test_every_reader_reads_every_page_and_only_ours_and_the_trivial_one_read_dumps(folder):
    cases = list(corpora.read_all(folder, corpora.names(folder)))
    factories = {
        "khabar": readers.own,
        "resiliparse": reads_title,
        "all text": readers.all_text,
        "new": reads_title,
    }
    found = runs.run([case for case in cases if not case.is_dump], factories, processes=1)
    assert [(each.id, each.reader) for each in found] == [
        (id_, name) for id_ in ("t/1", "w/1") for name in factories
    ]
    del factories["new"]
    found = list(runs.run([case for case in cases if case.is_dump], factories, processes=1))
    assert [each.reader for each in found] == ["khabar", "all text"]
    assert all(each.cpu_s >= 0 and each.score for each in found)


def test_two_processes_find_what_one_finds(folder):
    cases = list(corpora.read_all(folder, corpora.names(folder)))
    factories = {"khabar": readers.own, "all text": readers.all_text}
    found = [
        [(each.id, each.reader, each.text) for each in runs.run(cases, factories, processes=n)]
        for n in (1, 2)
    ]
    assert found[0] == found[1]


def test_our_reader_is_the_stage_and_a_rejected_page_has_no_text(folder):
    read = readers.own()
    [case] = corpora.read(folder, "wcxb")
    assert SENTENCE.strip() in read(case.event)
    assert read(corpora.RawEvent(body="<html><body><p>Short.</p></body></html>")) == ""


@pytest.mark.skipif(not HAS_PEERS, reason="the peers are an extra")
@pytest.mark.parametrize("name", readers.PEERS)
def test_every_peer_finds_the_article_and_reads_a_page_without_text(name, folder):
    read = readers.PEERS[name]()
    [case] = corpora.read(folder, "wcxb")
    text = read(case.event)
    assert score_segments(text, [SENTENCE.strip()], ["Imprint"]) == SegmentScore(1, 0, int(name == "all text"), int(name != "all text"))  # fmt: skip
    for body in ("<html></html>", "<!-- -->", "<html><body><p>x"):
        assert len(read(corpora.RawEvent(body=body))) <= 2


def test_the_command_prints_each_set_and_groups(folder, capsys):
    reader = "trivial=workers.boilerplate.evaluation.readers:all_text"
    evaluate.main(
        [str(folder), "--sets", "wcxb,traf", "--by", "lang", "--reader", reader, "--processes", "1"]
    )
    out = capsys.readouterr().out.splitlines()
    trivial = next(line for line in out[out.index("wcxb: 1") :] if "trivial" in line).split()
    assert trivial[3] == "1.0000"  # all of the article is in all of the page
    assert 0 < float(trivial[2]) < 1
    assert trivial[7:10] == ["-"] * 3
    own = next(line for line in out[out.index("traf: 1") :] if "khabar" in line).split()
    assert own[1:10] == ["-"] * 6 + ["1.0000", "1.0000", "1.0000"]
    assert ["en", "1", "1.0000", "0.5000"] in [line.split() for line in out]


def test_mapped_pages_stand_beside_the_originals(folder, capsys):
    reader = "trivial=workers.boilerplate.evaluation.readers:all_text"
    evaluate.main([str(folder), "--arabic-letters", "--processes", "1", "--reader", reader])
    out = capsys.readouterr().out
    rows = [line.split() for line in out.splitlines() if line.startswith(("wcxb ", "traf "))]
    assert [row[:2] for row in rows] == [
        [name, reader] for name in ("traf", "wcxb") for reader in ("khabar", "trivial")
    ]
    for _, reader, original, mapped, difference in rows:
        assert float(mapped) - float(original) == pytest.approx(float(difference), abs=1e-4)
        assert reader != "trivial" or mapped == original  # page and gold were mapped alike
    assert "text.mixed" not in out


def test_sets_are_pooled_and_segments_are_not_where_some_pages_have_none():
    def result(corpus: str, segments: SegmentScore | None) -> runs.Result:
        score = TextScore(1.0, 0.5, is_exact=False)
        fields = {"id": corpus, "lang": "ar", "source": corpus, "reader": "khabar", "text": "", "cpu_s": 0.0}
        return runs.Result(corpus=corpus, score=score, segments=segments, **fields)

    results = [result("one", SegmentScore(1, 0, 0, 0)), result("two", None)]
    lines = [line.split() for line in tables.main_table(results)]
    one, two, pooled = (line[1:10] for line in lines if line[:1] == ["khabar"])
    assert one[6:] == ["1.0000"] * 3
    assert two[6:] == pooled[6:] == ["-"] * 3
    assert pooled[:3] == ["0.6667", "1.0000", "0.5000"]
    assert ["all", "pages", "with", "gold", "text:", "2"] in lines


def test_details_hold_every_text_with_its_scores(folder, tmp_path):
    target = tmp_path / "details.jsonl"
    evaluate.main([str(folder), "--sets", "wcxb", "--processes", "1", "--details", str(target)])
    [row] = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert (row["id"], row["reader"], row["lang"]) == ("w/1", "khabar", "en")
    assert row["f1"] == score_text(row["text"], GOLD).f1
    assert row["score"]["recall"] == 1


HEAD = (
    "<title>Cranes to be repaired</title>"
    '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Cranes to be repaired", '
    '"datePublished": "2025-03-04T05:06:00Z"}</script><meta name="author" content="Nora Vale">'
)


@pytest.mark.skipif(not HAS_PEERS, reason="the peers are an extra")
def test_metadata_are_scored_with_and_without_json_ld(folder, capsys):
    html = PAGE.replace("<title>Cranes</title>", HEAD).replace("<html>", "<html lang='en'>")
    page = {
        "id": "f/1",
        "url": "https://example.org/1",
        "lang": "en",
        "source": "fundus",
        "gold": GOLD,
        "html": html,
    }
    write(folder / "html.fundus.jsonl.gz", page)
    gold = {
        "id": "f/1",
        "title": "Cranes to be repaired",
        "authors": ["Nora Vale"],
        "published_at": "2025-03-04 05:06:00+00:00",
    }
    (folder / "metadata.fundus.jsonl").write_text(json.dumps(gold) + "\n", "utf-8")
    arguments = [str(folder), "--sets", "fundus", "--metadata", "--processes", "1"]
    evaluate.main([*arguments, "--peers"] if HAS_PEERS else arguments)
    out = capsys.readouterr().out
    table = [line.split() for line in out[out.index("metadata, 1 pages") :].splitlines()]
    assert table[0][3:] == ["title", "minute", "day", "authors", "lang"]
    own = [row[1:] for row in table if row[0] == "khabar"]
    assert own == [["1.0000"] * 5, ["1.0000", "-", "-", "1.0000", "1.0000"]]
    if HAS_PEERS:
        first = {row[0]: row[1:] for row in reversed(table[1:])}  # of the pages as they are
        assert first["htmldate"] == ["-", "0.0000", "1.0000", "-", "-"]
        assert first["trafilatura"] == ["1.0000", "0.0000", "1.0000", "1.0000", "-"]


@pytest.mark.parametrize(
    ("arguments", "words_"),
    [
        (["{folder}", "--sets", "wcxb,nosuch"], "has no set nosuch"),
        (["{folder}/empty"], "holds no html."),
        (["{folder}", "--metadata"], "--metadata needs"),
        (["{folder}", "--by", "colour"], "colour: only lang and source are known"),
        (["{folder}", "--reader", "x=nosuch.module:f"], "is not NAME=MODULE:FUNCTION"),
    ],
    ids=["set", "folder", "metadata", "key", "reader"],
)
def test_a_mistaken_option_is_explained(arguments, words_, folder, capsys):
    with pytest.raises(SystemExit) as stopped:
        evaluate.main([argument.format(folder=folder) for argument in arguments])
    assert stopped.value.code == 2
    assert words_ in capsys.readouterr().err


def test_a_file_that_is_no_corpus_is_named(folder, capsys):
    (folder / "html.bad.jsonl.gz").write_bytes(b"not gzip")
    with pytest.raises(SystemExit):
        evaluate.main([str(folder), "--sets", "bad"])
    assert "cannot be read" in capsys.readouterr().err
