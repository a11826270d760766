"""A user's own entities: what a file may hold, what is said of a wrong one, and that they win over the model."""

import json
from pathlib import Path

import pytest

from schemas.tagged_article import Label
from workers.entities.options import Options
from workers.entities.own import OwnEntity, read_own
from workers.entities.stage import find_entities
from workers.errors import ConfigError

TABLE = """# my list
id\tlabel\tcountry\ten\tar\t*
acme:1\tORG\t\tAcme Widgets|Acme\tأكمي\t
acme:2\tLOC\tEG\tParis\t\tX-9
"""


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_table_and_json_say_the_same(tmp_path: Path) -> None:
    listed = [
        {"id": "acme:1", "label": "ORG", "names": {"en": ["Acme Widgets", "Acme"], "ar": "أكمي"}},
        {"id": "acme:2", "label": "LOC", "country": "EG", "names": {"en": ["Paris"], "*": ["X-9"]}},
    ]
    table = read_own(written(tmp_path, "own.tsv", TABLE))
    assert table == read_own(written(tmp_path, "own.json", json.dumps(listed)))
    assert table[0] == OwnEntity(
        "acme:1", Label.ORG, None, (("ar", ("أكمي",)), ("en", ("Acme Widgets", "Acme")))
    )


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        pytest.param("ar", "قال مدير أكمي أمس", {"acme:1": ["أكمي"]}, id="ar: its name in the language"),
        pytest.param("ar", "اجتماع لأكمي", {"acme:1": ["أكمي"]}, id="ar: behind a proclitic"),
        pytest.param("en", "Acme fell", {"acme:1": ["Acme"]}, id="en"),
        pytest.param("en", "in Paris today", {"acme:2": ["Paris"]}, id="en: before the lists of Khabar"),
        pytest.param("fr", "le X-9 est", {"acme:2": ["X-9"]}, id="fr: a name for every language"),
        pytest.param("sw", "kampuni ya Acme", {"acme:1": ["Acme"]}, id="sw: a language without a model"),
    ],
)
def test_own_entities_are_found_with_their_id_and_label(
    tmp_path: Path, lang: str, text: str, expected: dict[str, list[str]]
) -> None:
    own = read_own(written(tmp_path, "own.tsv", TABLE))
    entities = find_entities(text, lang, options=Options(own))
    assert {entity.id: [mention.text for mention in entity.mentions] for entity in entities} == expected
    assert {entity.id: entity.label for entity in entities}.items() <= {
        "acme:1": Label.ORG,
        "acme:2": Label.LOC,
    }.items()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param(
            "a.tsv", "id\tlabel\ten\nx\tFOO\tA\n", "line 2: label 'FOO'", id="a label that there is not"
        ),
        pytest.param("a.tsv", "id\tlabel\ten\nx y\tPER\tA\n", "line 2: id 'x y'", id="an id with a space"),
        pytest.param("a.tsv", "id\tlabel\ten\nx\tPER\t\n", "line 2: no names", id="no name"),
        pytest.param("a.tsv", "id\tlabel\ten\nx\tPER\tA||B\n", "names in en", id="an empty name"),
        pytest.param(
            "a.tsv",
            "id\tlabel\ten\nx\tPER\tA\n\nx\tPER\tB\n",
            "line 4: the id x stands in line 2",
            id="twice",
        ),
        pytest.param(
            "a.tsv", "id\tlabel\tcountry\ten\nx\tLOC\tEgypt\tA\n", "country 'Egypt'", id="a country's name"
        ),
        pytest.param("a.tsv", "name\ten\nx\tA\n", "line 1: no column id and label", id="no header"),
        pytest.param("a.tsv", "", "is empty", id="empty"),
        pytest.param("a.tsv", b"id\tlabel\ten\nx\tPER\t\xe9\n", "line 2: not UTF-8", id="another charset"),
        pytest.param("a.json", "{", "is no JSON", id="broken JSON"),
        pytest.param("a.json", "{}", "is no list of entities", id="JSON, but no list"),
        pytest.param("a.json", "[3]", "entity 1: id None", id="a list of something else"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_and_the_reason(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        read_own(written(tmp_path, name, content))
    assert said in str(raised.value)
    assert str(tmp_path / name) in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read: .*none\.tsv: No such file"):
        read_own(tmp_path / "none.tsv")


def test_many_mistakes_are_counted_and_not_all_told(tmp_path: Path) -> None:
    lines = "".join(f"{number}\tFOO\tA\n" for number in range(50))
    with pytest.raises(ConfigError, match="and 30 more"):
        read_own(written(tmp_path, "own.tsv", f"id\tlabel\ten\n{lines}"))
