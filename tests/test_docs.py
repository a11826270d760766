"""What the documents say is so: tables, commands, links, variables, and the example, which is run.

`python tests/test_docs.py` writes the tables that are made from the code into README.md, each between its two
markers. The table of variables is the affair of test_packaging.py.
"""

import ast
import importlib
import json
import re
from functools import cache
from pathlib import Path

import click
import pytest
from jsonschema import Draft202012Validator

from schemas.dead_letter import DeadReason
from schemas.generate import json_schema
from schemas.published_article import DEFAULT_PUBLISHED, PublishedArticle, Relation
from schemas.rejected_event import RejectReason
from schemas.wire import decode
from workers.cli.card import card
from workers.cli.main import main
from workers.config import secret_files, variables
from workers.demo.events import demo_events, manifest
from workers.runtime.chain import build_chain
from workers.runtime.events import Event, Position
from workers.runtime.verdicts import Deciding, finished
from workers.stores.memory_index import MemoryIndex
from workers.topics import DAY_MS, MIB, OUTCOMES, Role, table

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "ARCHITECTURE.md"
SECURITY = ROOT / "docs" / "security.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "examples" / "README.md"])
EXAMPLE = ROOT / "docs" / "example" / "muscat-library.txt"
ELLIPSIS = "\u2026"  # HORIZONTAL ELLIPSIS

documents = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())


def read(path):
    return path.read_text(encoding="utf-8")


def between(name):
    """What stands in README between the markers `name`, without the white space around it."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    text = read(README)
    assert (text.count(start), text.count(end)) == (1, 1), f"README.md needs one {start} … {end}"
    return text.split(start)[1].split(end)[0].strip()


def fences(text, *languages):
    """The contents of the fenced blocks of these languages."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [body for language, body in blocks if language in languages]


def rows(text):
    """The cells of the first Markdown table in `text`, without its head."""
    lines = re.search(r"(?:^\|.*\|\n?)+", text, re.MULTILINE)[0].strip().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def section(path, title):
    """What stands under the heading `title`, up to the next heading."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", read(path), re.MULTILINE | re.DOTALL)
    assert found, f"{path.name} has no heading {title}"
    return found[1]


# The tables


def topics_table():
    lines = ["| topic | key | schema | kept | largest record | what is in it |", "|---|---|---|---|---|---|"]
    lines += [
        f"| `{topic.name}` | {topic.key} | [`{topic.schema}`](schemas/{topic.schema}.schema.json) "
        f"| {topic.retention_ms // DAY_MS} days | {topic.max_message_bytes // MIB} MiB | {topic.about} |"
        for topic in table().values()
    ]
    return "\n".join(lines)


def reasons_table(schema, reason):
    about = json_schema(schema)["$defs"][reason.__name__]["description"]
    found = dict(re.findall(r"^`(\w+)`: (.+)$", about, re.MULTILINE))
    assert list(found) == [str(each) for each in reason]
    return "\n".join(
        ["| reason | meaning |", "|---|---|", *(f"| `{name}` | {text} |" for name, text in found.items())]
    )


def made_tables():
    return {
        "topics": topics_table(),
        "reject reasons": reasons_table("rejected_event", RejectReason),
        "dead reasons": reasons_table("dead_letter", DeadReason),
    }


@pytest.mark.parametrize("name", made_tables())
def test_the_readme_s_table_is_as_the_code_has_it(name):
    assert between(name) == made_tables()[name], "python tests/test_docs.py writes it"


def test_the_readme_says_of_each_relation_where_it_goes():
    found = {
        cells[0].strip("`"): cells[1].strip("`")
        for cells in rows(section(README, "`duplicate.relation`: what an article is to those before it"))
    }
    topics = table()
    assert found == {
        str(relation): topics[Role.PUBLISHED if relation in DEFAULT_PUBLISHED else Role.DUPLICATES].name
        for relation in Relation
    }


def test_the_architecture_s_topics_are_those_of_the_code():
    found = [
        (name, key, schema, kept) for name, key, schema, _, _, kept in rows(section(ARCHITECTURE, "Topics"))
    ]
    assert found == [
        (f"`{topic.name}`", topic.key, f"`{topic.schema}`", f"{topic.retention_ms // DAY_MS} days")
        for topic in table().values()
    ]


def test_the_audit_and_the_panel_in_the_readme_are_those_of_the_demo():
    expected = {
        str(role): sum(entry.expected.outcome == role for entry in manifest().events) for role in OUTCOMES
    }
    shown = [block for block in fences(read(README), "text") if re.search(r"\bpublished +[0-9]", block)]
    assert len(shown) == 2
    for block in shown:
        assert {role: int(re.search(rf"\b{role} +(\d+)", block)[1]) for role in expected} == expected
    assert all(re.search(rf"\bread\b.* {sum(expected.values())}\b", block) for block in shown)


# The example


def chained(value, headers):
    """The record that the whole chain publishes of a raw event, as bytes."""
    event = Event(Position("articles.raw", 0, 0), None, value, headers)
    [output] = finished(
        [event], build_chain()([(value, headers)]), table(), Deciding(MemoryIndex(window=1000))
    )
    return output.value


@cache
def example_record():
    return json.loads(chained(EXAMPLE.read_bytes(), (("content-type", b"text/plain"),)))


def shown_record():
    [block] = fences(between("example: out"), "json")
    return json.loads(block)


def assert_shows(shown, real, path="record"):
    """`shown` is `real`, but for strings that end in an ellipsis: they begin as the real ones do."""
    if isinstance(real, dict):
        assert list(shown) == list(real), path
        for name, value in real.items():
            assert_shows(shown[name], value, f"{path}.{name}")
    elif isinstance(real, list):
        assert len(shown) == len(real), path
        for number, value in enumerate(real):
            assert_shows(shown[number], value, f"{path}[{number}]")
    elif isinstance(real, str) and shown.endswith(ELLIPSIS):
        assert len(shown) > 4, path
        assert real.startswith(shown.removesuffix(ELLIPSIS)), path
    else:
        assert shown == real, path


def test_the_card_in_the_readme_is_that_of_the_demo_s_article():
    [shown] = [
        block.split("\n\n")[0] for block in fences(read(README), "text") if "duplicate unique" in block
    ]
    [event] = [event for event in demo_events() if event.name == "ar-tram"]
    record = decode(PublishedArticle, chained(event.value, event.headers))
    real = re.sub("[\u2068\u2069]", "", str(card(table()[Role.PUBLISHED].name, record)))  # FSI, PDI: unseen
    assert_shows(shown.splitlines(), real.splitlines())


def test_the_page_in_the_readme_is_the_file_that_it_names():
    [block] = fences(between("example: in"), "text")
    assert block == read(EXAMPLE)


def test_the_record_in_the_readme_is_what_the_chain_makes_of_that_page():
    assert_shows(shown_record(), example_record())


def test_the_record_in_the_readme_fits_the_schema():
    Draft202012Validator(json_schema("published_article")).validate(shown_record())
    Draft202012Validator(json_schema("published_article")).validate(example_record())


def test_every_mention_of_the_example_stands_in_the_text():
    record = example_record()
    mentions = [mention for entity in record["entities"] for mention in entity["mentions"]]
    assert [record["text"][each["start"] : each["end"]] for each in mentions] == [
        each["text"] for each in mentions
    ]
    proclitics = {record["text"][each["start"] - 1] for each in mentions} - {" "}
    assert "\u0644" in proclitics  # ARABIC LETTER LAM, as the README says


# Commands, code, files, variables


def commands(text):
    """What is said to be typed: lines of console and bash blocks, and code in the text."""
    lines = [line for block in fences(text, "console", "bash", "sh") for line in block.splitlines()]
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [line.split("#")[0].strip() for line in [*lines, *re.findall(r"`([^`\n]+)`", prose)]]


def problem(words):
    """What is wrong with a khabar command, or None."""
    command, context = main, click.Context(main)
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        name = words.pop(0)
        found = command.get_command(context, name)
        if found is None:
            return f"there is no {name}"
        command = found
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    unknown = [
        word for word in words if word.startswith("-") and word != "-" and word.split("=")[0] not in known
    ]
    return f"there is no {unknown[0]}" if unknown else None


def khabar_commands(text):
    return [
        line.removeprefix(".venv/bin/").removeprefix("docker compose exec dedup ").split()[1:]
        for line in commands(text)
        if re.match(r"(\.venv/bin/)?khabar( |$)", line)
    ]


@documents
def test_every_khabar_command_and_option_named_exists(document):
    problems = {" ".join(words): problem(words[:]) for words in khabar_commands(read(document))}
    assert {command: why for command, why in problems.items() if why} == {}


def test_the_readme_names_commands_at_all():
    assert {word for words in khabar_commands(read(README)) for word in words[:1]} >= {
        "send",
        "tail",
        "process",
        "audit",
        "dead",
        "run",
    }


@documents
def test_every_make_target_named_exists(document):
    targets = set(re.findall(r"^([a-z]+):", read(ROOT / "Makefile"), re.MULTILINE))
    named = {line.split()[1] for line in commands(read(document)) if re.match(r"make [a-z]", line)}
    assert named <= targets


def test_the_quick_start_is_two_commands_of_the_makefile():
    [block] = fences(section(README, "Start"), "console")
    assert block.splitlines() == ["make run", "make test"]


@documents
def test_every_module_to_be_run_exists(document):
    for line in commands(read(document)):
        for name in re.findall(r"python -m ([a-z_.]+)", line):
            assert name in {"venv", "pytest", "pip"} or (ROOT / f"{name.replace('.', '/')}.py").is_file(), (
                line
            )


@documents
def test_every_name_that_shown_python_imports_exists(document):
    for block in fences(read(document), "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module)
                assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


def anchor(heading):
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@documents
def test_every_link_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", read(document)):
        path, _, fragment = target.partition("#")
        if "://" in path:
            continue
        found = (document.parent / path).resolve() if path else document
        assert found.exists(), target
        if fragment:
            assert fragment in {
                anchor(each) for each in re.findall(r"^#+ (.+)$", read(found), re.MULTILINE)
            }, target


@documents
def test_every_file_named_exists(document):
    named = re.findall(r"`((?:workers|schemas|tests|docs|examples)/[\w./-]*)`", read(document))
    placeholders = {"NAME"}
    assert [
        path
        for path in named
        if not placeholders & set(re.split(r"[/.]", path)) and not (ROOT / path).exists()
    ] == []


def test_what_the_operator_is_said_to_see_stands_in_the_code():
    said = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", section(ARCHITECTURE, "What breaks, and what then")))
    code = "".join(read(path) for path in (ROOT / "workers" / "runtime").glob("*.py"))
    known = {name for name in said if f'"{name}"' in code} | set(DeadReason)
    assert len(said) > 10
    assert said - known == set()


def test_each_threat_names_tests_that_are_there_or_says_that_nothing_holds_it():
    threats = read(SECURITY).split("## Least rights in Kafka")[0]
    found = [rows(block) for block in re.findall(r"(?:^\|.*\|\n)+", threats, re.MULTILINE)]
    assert len(found) == 8
    for _, holds, proof in (row for block in found for row in block):
        files = re.findall(r"`(tests/[^`]+)`", proof)
        assert bool(files) != holds.startswith("nothing"), holds
        assert [
            file for file in files if not re.search(r"^(async )?def test_", read(ROOT / file), re.MULTILINE)
        ] == []


@documents
def test_every_variable_named_exists(document):
    of_tests = {
        "KHABAR_TEST_REDIS_SERVER",
        "KHABAR_TEST_SOAK_S",
        "KHABAR_TEST_SOAK_SEED",
        "KHABAR_FAULTS_REPORT",
    }
    known = {name for name, _, _ in variables()} | set(secret_files()) | of_tests
    assert set(re.findall(r"\bKHABAR_[A-Z_]+[A-Z]\b", read(document))) <= known


if __name__ == "__main__":
    filled = read(README)
    for name, made in made_tables().items():
        head, rest = filled.split(f"<!-- {name} -->")
        tail = rest.split(f"<!-- /{name} -->")[1]
        filled = f"{head}<!-- {name} -->\n{made}\n<!-- /{name} -->{tail}"
    README.write_text(filled, encoding="utf-8")
