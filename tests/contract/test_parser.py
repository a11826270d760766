"""The official parser reads schemas/asyncapi.json and has nothing to say, and it would say something."""

import json
from pathlib import Path

import pytest

from tests.support.node import node
from workers.asyncapi import FILE

pytestmark = pytest.mark.contract

HERE = Path(__file__).parent


def test_the_official_parser_finds_neither_errors_nor_warnings():
    done = node(HERE, "validate.mjs", str(FILE))
    assert (done.returncode, done.stdout, done.stderr) == (0, "7 channels, 7 operations\n", "")


def broken_reference(document):
    document["operations"]["receiveDead"]["channel"]["$ref"] = "#/channels/none"


def wrong_binding(document):
    document["channels"]["raw"]["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"] = "delete"


def older_version(document):
    document["asyncapi"] = "3.0.0"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(broken_reference, "error invalid-ref at operations.receiveDead", id="broken reference"),
        pytest.param(wrong_binding, "error asyncapi-document-resolved at", id="binding of another type"),
        pytest.param(older_version, "asyncapi-latest-version", id="no more than a hint"),
    ],
)
def test_the_check_fails_for_a_document_that_is_wrong(tmp_path: Path, spoil, said: str):
    document = json.loads(FILE.read_bytes())
    spoil(document)
    file = tmp_path / "asyncapi.json"
    file.write_text(json.dumps(document), "utf-8")
    done = node(HERE, "validate.mjs", str(file))
    assert done.returncode == 1
    assert said in done.stdout
