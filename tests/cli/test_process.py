"""`khabar process`: files in, records out, without Kafka."""

import gzip
import json
import unicodedata
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from schemas.cleaned_article import CleanedArticle
from schemas.published_article import PublishedArticle
from schemas.tagged_article import TaggedArticle
from schemas.wire import decode
from tests.support import chains
from workers.cli import main as cli
from workers.cli.process import minimal_record
from workers.demo.events import demo_events
from workers.files import Entry, Reader, Unreadable
from workers.identity import article_id

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
PAGES = ROOT / "workers/demo/pages"
TEXT = "Damascus and Amman agreed on a new railway. The trains will run twice a day, the ministers said. " * 4
BUTIN = "\u0628\u0648\u062a\u064a\u0646"  # ARABIC LETTERS BEH, WAW, TEH, YEH, NOON
LAM = "\u0644"  # ARABIC LETTER LAM


@pytest.fixture
def process(monkeypatch):
    """process(PATH..., input=b"...") gives (exit code, output lines as objects, standard error)."""

    def run(*arguments, input=b"", **environ):  # noqa: A002  (as CliRunner calls it)
        environ = dict.fromkeys(("KHABAR_KAFKA", "KHABAR_REDIS")) | environ
        result = CliRunner().invoke(cli.main, ["process", *map(str, arguments)], input=input, env=environ)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()], result.stderr

    return run


def lines(*objects):
    return b"".join(orjson.dumps(each) + b"\n" for each in objects)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the sample is not part of the repository")
def test_the_sample_dump_gives_its_first_article_and_the_fields_around_it(process):
    code, (record,), _ = process(SHARED / "samples/arabi21-page.txt")
    with gzip.open(SHARED / "data/extraction/dev/text.arabi21.jsonl.gz") as file:
        gold = json.loads(file.readline())["gold"]
    assert code == 0
    paragraphs = [line.strip() for line in gold.splitlines() if line.strip()]
    assert len(paragraphs) == 11
    assert record["text"] == unicodedata.normalize("NFC", "\n\n".join(paragraphs))
    assert record["lang"] == "ar"
    name = record["source"]["name"]
    assert [unicodedata.name(each) for each in name[:2]] == ["ARABIC LETTER AIN", "ARABIC LETTER REH"]
    assert name.endswith("21")
    assert len(record["related"]) == 9
    assert len(record["keywords"]) == len(set(record["keywords"])) > 0
    mentions = [mention for entity in record["entities"] for mention in entity["mentions"]]
    assert all(record["text"][each["start"] : each["end"]] == each["text"] for each in mentions)
    assert BUTIN in {each["text"] for each in mentions}


def test_a_name_is_tagged_without_its_proclitic(process):
    text = f"{BUTIN}. {LAM}{BUTIN}."
    _, (record,), _ = process("-", "--only", "entities", input=lines({"text": text, "lang": "ar"}))
    (entity,) = record["entities"]
    assert [(each["start"], each["text"]) for each in entity["mentions"]] == [(0, BUTIN), (8, BUTIN)]


def test_the_demo_pages_of_a_folder_end_as_their_names_say(process, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("ar-tram.html", "en-comet.html", "empty.txt", "wrong-type.json"):
        (tmp_path / name).write_bytes((PAGES / name).read_bytes())
    (tmp_path / "in" / "again.htm.gz").write_bytes(gzip.compress((PAGES / "ar-tram.html").read_bytes()))
    (tmp_path / "logo.png").write_bytes((PAGES / "logo.png").read_bytes())
    code, records, errors = process(tmp_path)
    assert [record["duplicate"]["relation"] for record in records] == ["unique", "unique", "exact"]
    assert [record["lang"] for record in records] == ["ar", "en", "ar"]
    assert f"{tmp_path}/empty.txt: rejected: the body is empty" in errors
    assert f"{tmp_path}/wrong-type.json:1: dead: invalid: `body`: expected" in errors
    assert errors.splitlines()[-1] == (
        "read 5, published 2, duplicates 1, rejected 1, dead 1, could not be read 1"
    )
    assert code == 1


@pytest.mark.parametrize("jobs", [1, 3])
def test_records_come_in_the_order_of_the_lines_whatever_the_jobs(process, jobs):
    events = [{"body": f"{TEXT} {n} {n * 7919}", "meta": {"n": n}} for n in range(150)]
    code, records, _ = process("-", "--jobs", jobs, input=lines(*events))
    assert code == 0
    assert [record["meta"]["n"] for record in records] == list(range(150))


def test_all_outcomes_can_be_written_and_told_apart(process):
    events = [{"body": TEXT}, {"body": TEXT}, {"body": " "}, {"body": 3}]
    _, records, errors = process("-", "--outcome", "all", input=lines(*events))
    assert [record["duplicate"]["relation"] for record in records[:2]] == ["unique", "exact"]
    assert records[2]["reason"] == "empty"
    assert (records[3]["dead"]["reason"], records[3]["dead"]["origin"]) == ("invalid", "-:0:4")
    assert "rejected: the" not in errors
    _, records, _ = process("-", "--outcome", "rejected", input=lines(*events))
    assert [record["reason"] for record in records] == ["empty"]


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"\n\n" + lines({"body": TEXT}, {"body": TEXT + " more"}), 2),
        (b"\xef\xbb\xbf" + lines({"body": TEXT}), 1),
        (json.dumps({"body": TEXT}, indent=1).encode(), 1),
        (f"<html><body><p>{TEXT}</p></body></html>".encode(), 1),
        (TEXT.encode("utf-16"), 1),
        (gzip.compress(lines({"body": TEXT}, {"body": TEXT})), 2),
    ],
    ids=["lines", "byte-order-mark", "object-over-lines", "page", "utf-16", "gzip"],
)
def test_standard_input_is_lines_when_the_first_one_is_an_object_and_else_a_page(process, data, count):
    code, records, errors = process("-", input=data)
    assert (code, len(records)) == (0, count), errors


def test_what_cannot_be_read_is_said_and_the_rest_is_done(process, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(lines({"body": TEXT}) * 9)[:-20])
    (tmp_path / "bad.jsonl").write_bytes(lines({"body": TEXT}) + b"{oops\n" + lines({"body": TEXT + " new"}))
    named = [tmp_path / name for name in ("missing.html", "folder", "cut.jsonl.gz", "bad.jsonl")]
    code, records, errors = process(*named)
    assert code == 1
    assert f"{tmp_path}/missing.html: cannot be read: No such file or directory" in errors
    assert f"{tmp_path}/folder: there are no pages in this folder" in errors
    assert f"{tmp_path}/cut.jsonl.gz: cannot be read: Compressed file ended" in errors
    assert f"{tmp_path}/bad.jsonl:2: dead: undecodable: not JSON" in errors
    assert len(records) >= 2
    assert "Traceback" not in errors


def test_an_event_over_the_limit_is_dead_and_is_not_loaded(process, tmp_path):
    (tmp_path / "big.jsonl").write_bytes(lines({"body": "x" * 5000}, {"body": TEXT}))
    (tmp_path / "big.txt").write_bytes(b"x" * 7000)
    code, records, errors = process(tmp_path, KHABAR_MAX_EVENT_BYTES="1024")
    assert "big.jsonl:1: dead: too_large: The event has 5,011 bytes; the limit is 1,024" in errors
    assert "big.txt: dead: too_large: The event has 7,000 bytes" in errors
    assert len(records) == 1
    assert code == 0


def test_pages_that_hang_or_end_the_process_cost_themselves_only(process, monkeypatch):
    monkeypatch.setattr("workers.cli.process.chain_factory", lambda *_: chains.troubled)
    data = b'{"a":1}\n' + chains.HANG + b"\n" + chains.CRASH + b"\n" + b'{"a":2}\n'
    _, records, _ = process("-", "--outcome", "all", input=data, KHABAR_EVENT_TIMEOUT_S="1")
    assert [list(record) for record in records] == [["a"], ["dead"], ["dead"], ["a"]]
    assert [record["dead"]["reason"] for record in records[1:3]] == ["too_slow", "crashed"]


def test_a_colon_or_a_byte_that_is_no_utf8_in_a_name_does_no_harm(process, tmp_path):
    name = (
        (str(tmp_path) + "/a:1\udcff.txt")
        .encode("utf-8", "surrogateescape")
        .decode("utf-8", "surrogateescape")
    )
    Path(name).write_text(TEXT)
    code, records, _ = process(name)
    assert (code, len(records)) == (0, 1)


@pytest.mark.parametrize(
    ("stage", "field", "record_type"),
    [
        ("boilerplate", "body", CleanedArticle),
        ("entities", "text", TaggedArticle),
        ("dedup", "text", PublishedArticle),
    ],
)
def test_one_stage_writes_its_record_for_minimal_lines_with_id_and_meta_kept(
    process, stage, field, record_type
):
    given = [
        {"id": "a/1", field: TEXT, "lang": "en", "source": "Al Raqib", "meta": {"n": 1}},
        {field: TEXT + " Paris."},
        {"id": 7, field: TEXT, "title": None, "source": None},
    ]
    code, records, _ = process("-", "--only", stage, input=lines(*given))
    assert code == 0
    decoded = [decode(record_type, orjson.dumps(record | {"id": str(record["id"])})) for record in records]
    assert [record.text.split()[0] for record in decoded] == ["Damascus"] * 3
    assert (decoded[0].id, decoded[0].source.name, decoded[0].meta) == ("a/1", "Al Raqib", {"n": 1})
    assert decoded[1].id == article_id(given[1][field], None)
    assert decoded[2].id == "7"


@pytest.mark.parametrize("stage", ["boilerplate", "entities", "dedup"])
def test_one_stage_gives_a_line_for_every_line_in_order(process, stage):
    field = "body" if stage == "boilerplate" else "text"
    given = [{"id": str(n), field: f"{TEXT} {n}", "meta": {"n": n}} for n in range(300)]
    data = (
        lines(*given[:100]) + b"{oops\n\n" + lines({"id": "bad", field: 3, "meta": {"n": -1}}, *given[100:])
    )
    code, records, errors = process("-", "--only", stage, input=b'{"id":"0"}\n' + data)
    assert code == 1
    assert len(records) == 303
    assert [records[0]["id"], records[101]["id"], records[102]["id"]] == ["0", None, "bad"]
    assert [records[n]["text"] for n in (0, 101, 102)] == ["", "", ""]
    assert records[101]["dead"]["reason"] == "undecodable"
    assert (records[102]["dead"]["reason"], records[102]["meta"]) == ("invalid", {"n": -1})
    rest = records[1:101] + records[103:]
    assert [record["meta"]["n"] for record in rest] == list(range(300))
    assert "-:102: dead: undecodable" in errors


def test_one_stage_says_what_it_rejects_in_the_events_place(process):
    _, (record,), _ = process(
        "-", "--only", "boilerplate", input=lines({"id": "x", "body": "", "meta": {"k": 1}})
    )
    assert (record["id"], record["text"], record["meta"]) == ("x", "", {"k": 1})
    assert record["rejected"]["reason"] == "empty"


def test_pages_go_through_the_boilerplate_stage_alone(process):
    _, (record,), _ = process("--only", "boilerplate", PAGES / "ar-tram.html")
    assert record["lang"] == "ar"
    assert "entities" not in record


def test_an_outcome_cannot_be_chosen_in_one_stage_mode(process):
    code, _, errors = process("-", "--only", "dedup", "--outcome", "dead", input=b"")
    assert code == 2
    assert "--outcome does not go with it" in errors


@pytest.mark.parametrize("value", [b"[1]", b"{oops", b"3", b'"x"'])
def test_what_is_no_object_is_left_for_the_stage_to_refuse(value):
    assert minimal_record({}, value) == value


def test_a_reader_knows_how_far_it_is(tmp_path):
    for n in range(3):
        (tmp_path / f"{n}.txt").write_text("x" * 1000)
    reader = Reader([tmp_path], None, 10_000)
    assert reader.total_bytes == 3000
    seen = []
    for entry in reader:
        assert isinstance(entry, Entry)
        seen.append(reader.done_bytes)
    assert seen == [1000, 2000, 3000]
    assert reader.done_bytes == 3000


def test_lines_are_read_one_at_a_time(tmp_path):
    path = tmp_path / "many.jsonl"
    with path.open("wb") as file:
        for _ in range(40):
            file.write(orjson.dumps({"body": "x" * 200_000}) + b"\n")
    reader = Reader([path], None, 1 << 20)
    entries = iter(reader)
    next(entries)
    assert 0 < reader.done_bytes <= 2 << 20
    entries.close()


def test_a_folder_without_pages_is_said(tmp_path):
    (found,) = Reader([tmp_path], None, 1000)
    assert isinstance(found, Unreadable)


def test_every_form_of_the_demo_gives_the_records_of_the_chain(process, tmp_path):
    events = [event for event in demo_events() if not event.headers]
    data = b"".join(event.value.replace(b"\n", b" ") + b"\n" for event in events)
    _, records, _ = process("-", "--outcome", "all", input=data)
    assert len(records) == len(events)
