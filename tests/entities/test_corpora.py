"""Corpora of marked entities, how they are split, and how what is found is compared with them."""

from workers.entities.evaluate import Score, _without_proclitics
from workers.entities.training.cities import names_by_script
from workers.entities.training.clusters import text_of as clusters_of
from workers.entities.training.corpora import Text, held_out, names_alone, spans_of, texts

RECORD = {
    "id": "1",
    "tokens": ["Anna", "Keller", "in", "Paris", "Rome"],
    "tags": ["B-PER", "I-PER", "O", "B-LOC", "B-LOC"],
}


def test_tags_become_spans_of_the_words_joined_by_spaces() -> None:
    assert spans_of(RECORD) == [(0, 11, "PER"), (15, 20, "LOC"), (21, 25, "LOC")]


def test_records_are_put_together_and_their_spans_moved() -> None:
    [text] = texts([RECORD, RECORD | {"id": "2"}], "wikigold")
    assert [text.text[start:end] for start, end, _ in text.spans] == ["Anna Keller", "Paris", "Rome"] * 2
    assert [text.text[start:end] for _, start, end in text.records] == ["Anna Keller in Paris Rome"] * 2


def test_what_only_refers_to_somebody_is_no_name() -> None:
    spans = ((0, 13, "ORG"), (14, 16, "ORG"), (17, 34, "PER"), (35, 37, "LOC"))
    text = Text("re3d", "The Coalition We foreign secretary UK.", spans, ())
    assert [text.text[start:end] for start, end, _ in names_alone(text).spans] == ["Coalition", "UK"]


def test_a_fifth_is_held_out_in_one_piece() -> None:
    records = [{"id": str(number)} for number in range(10)]
    seen, held = held_out(records, 1)
    assert [record["id"] for record in held] == ["2", "3"]
    assert [record["id"] for record in seen] == list("01456789")


def test_an_arabic_span_is_compared_from_behind_its_proclitics() -> None:
    text = "قال والرئيس وبوتين"
    assert (
        _without_proclitics(text, (4, 11, "PER"))
        == _without_proclitics(text, (7, 11, "PER"))
        == (7, 11, "PER")
    )
    assert _without_proclitics(text, (12, 18, "PER")) == _without_proclitics(text, (13, 18, "PER"))


def test_a_score_counts_spans_with_their_label() -> None:
    score = Score()
    score.add({(0, 3, "PER"), (5, 9, "LOC")}, {(0, 3, "PER"), (5, 9, "ORG")})
    assert score.row() == (1.0, 0.0, 0.0, 0.5, 0.5, 0.5)


def test_names_of_a_city_are_kept_by_script_without_codes_and_romanisations() -> None:
    names = names_by_script(
        "Cairo", ["Le Caire", "CAI", "kairo", "القاهرة", "Каир", "开罗", "Cairo", "Каir", "Kairo 2"]
    )
    assert names == {"LATIN": ["Le Caire"], "ARABIC": ["القاهرة"], "CYRILLIC": ["Каир"], "CJK": ["开罗"]}


def test_a_word_is_in_its_cluster_once_in_its_most_frequent_case() -> None:
    clusters = {"Paris": 7, "paris": 3, "city": 5, "x1": 5, "rare": 5}
    assert (
        clusters_of(clusters, {"Paris": -2.0, "paris": -9.0, "city": -3.0, "x1": -1.0, "rare": -20.0}, 2)
        == "5 city\n7 Paris\n"
    )
