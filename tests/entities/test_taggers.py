"""Taggers of other packages in the built-in one's place, and the two that Khabar knows how to ask."""

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import EntryPoint

import pytest

from schemas.cleaned_article import CleanedArticle
from workers.entities import taggers
from workers.entities.options import Options
from workers.entities.stage import find_entities, tag
from workers.entities.tagger import runs_in
from workers.entities.taggers import Span, load_taggers
from workers.entities.tokens import tokens_of
from workers.errors import ConfigError
from workers.outcomes import Kept

TEXT = "Anna Keller met Vladimir Putin in Paris. Keller left."


def words_in_capitals(argument: str) -> Callable[[Sequence[str]], list[list[Span]]]:
    """A tagger that names every listed word a person."""
    if argument == "none":
        raise ValueError("names nothing")
    wanted = argument.split("+")
    return lambda texts: [
        [(text.index(word), text.index(word) + len(word), "PER") for word in wanted if word in text]
        for text in texts
    ]


def missing(argument: str) -> None:
    raise ImportError("No module named 'brain'")


@pytest.fixture(autouse=True)
def offered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two taggers of this module, as a package would offer them."""
    points = [
        EntryPoint(name, f"{__name__}:{name}", taggers.GROUP) for name in ("words_in_capitals", "missing")
    ]
    known = taggers.entry_points
    monkeypatch.setattr(taggers, "entry_points", lambda *, group: [*points, *known(group=group)])
    monkeypatch.setattr(EntryPoint, "load", _load(EntryPoint.load))
    taggers.load_tagger.cache_clear()
    yield
    taggers.load_tagger.cache_clear()


def _load(real: Callable[[EntryPoint], object]) -> Callable[[EntryPoint], object]:
    def load(self: EntryPoint) -> object:
        return globals()[self.attr] if self.module == __name__ else real(self)

    return load


def names(lang: str, spec: str, text: str = TEXT) -> list[list[str]]:
    entities = find_entities(text, lang, options=Options(taggers=(spec,)))
    return sorted([mention.text for mention in entity.mentions] for entity in entities)


def test_another_tagger_labels_and_khabar_groups_and_links() -> None:
    entities = find_entities(TEXT, "en", options=Options(taggers=("en=words_in_capitals:Anna Keller",)))
    found = {entity.id: [mention.text for mention in entity.mentions] for entity in entities}
    assert ["Anna Keller", "Keller"] in found.values()
    assert found["wikidata:Q7747"] == ["Vladimir Putin"]  # a sure name of the lists


def test_other_languages_keep_the_built_in_tagger() -> None:
    text = "زار فلاديمير بوتين موسكو"
    chosen = Options(taggers=("en=words_in_capitals:x",))
    assert find_entities(text, "ar", options=chosen) == find_entities(text, "ar")


def test_the_record_says_which_tagger_found_its_entities() -> None:
    def said(lang: str, *chosen: str) -> str:
        article = CleanedArticle(id="1", lang=lang, text=TEXT, versions={"boilerplate": "3"})
        [outcome] = tag([article], options=Options(taggers=chosen))
        assert isinstance(outcome, Kept)
        return outcome.record.versions["tagger"]

    assert said("en") == "built-in"
    assert said("sw") == "lists"
    assert said("en", "en=words_in_capitals:Anna") == "words_in_capitals:Anna"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param("en=nobody", "there is no tagger 'nobody'; installed packages offer ", id="unknown"),
        pytest.param(
            "en=missing", r"No module named 'brain'; pip install 'khabar\[missing\]'", id="not installed"
        ),
        pytest.param(
            "en=words_in_capitals:none", "words_in_capitals:none: names nothing", id="wrong argument"
        ),
    ],
)
def test_a_tagger_that_cannot_be_had_stops_the_start_with_the_reason(spec: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_taggers([spec])


def test_spans_become_the_tokens_that_they_touch_and_never_overlap() -> None:
    tokens = tokens_of(["ab cd", "ef gh ij"])
    assert runs_in(tokens, [[(1, 2, "PER")], [(0, 5, "LOC"), (3, 8, "PER"), (0, 2, "DATE")]]) == [
        (0, 1, "PER"), (2, 4, "LOC"), (4, 5, "PER"),
    ]  # fmt: skip


def test_natasha_reads_russian_with_exact_offsets() -> None:
    pytest.importorskip("slovnet", reason="natasha is an extra")
    text = "Мэр Варфоломей Зюзин прилетел в Казань. Зюзина встретили в аэропорту."
    entities = find_entities(text, "ru", options=Options(taggers=("ru=natasha",)))
    found = {entity.name: [text[m.start : m.end] for m in entity.mentions] for entity in entities}
    assert found["Варфоломей Зюзин"] == ["Варфоломей Зюзин", "Зюзина"]
    assert found["Казань"] == ["Казань"]
    with pytest.raises(ConfigError, match="natasha:x: takes no argument"):
        load_taggers(["ru=natasha:x"])


def test_a_pipeline_of_spacy_reads_its_language_with_exact_offsets() -> None:
    pytest.importorskip("fr_core_news_sm", reason="spaCy and its pipelines are extras")
    text = "Maëlle Oberkirchner a rencontré le maire de Strasbourg."
    entities = find_entities(text, "fr", options=Options(taggers=("fr=spacy:fr_core_news_sm",)))
    assert {entity.name for entity in entities} >= {"Maëlle Oberkirchner", "Strasbourg"}
    with pytest.raises(ConfigError, match="no pipeline 'xx_none' is installed"):
        load_taggers(["fr=spacy:xx_none"])
