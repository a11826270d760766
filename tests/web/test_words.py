"""The words of the interface: each in both languages, none missing, none unused."""

import re
from pathlib import Path

import pytest

from schemas.cleaned_article import Extent
from schemas.published_article import Relation
from workers.runtime.chain import StageName
from workers.web import words as module
from workers.web.arrows import Arrow
from workers.web.words import WORDS, Ui, words

FOLDER = Path(module.__file__).parent
SOURCES = "\n".join(
    path.read_text("utf-8") for path in [*(FOLDER / "templates").iterdir(), *FOLDER.glob("*.py")]
)
CLOSED = {
    *Relation,
    *StageName,
    *(f"arrow_{arrow}" for arrow in Arrow),
    *(extent for extent in Extent if extent is not Extent.FULL),
}


@pytest.mark.parametrize("name", WORDS)
def test_each_word_is_said_in_both_languages(name):
    english, arabic = WORDS[name]
    if name != "in_other":
        assert re.search("[A-Za-z/]", english)
        assert not re.search("[\u0600-\u06ff]", english)
        assert re.search("[\u0600-\u06ff]", arabic)
    assert english.strip() == english
    assert arabic.strip() == arabic


def test_every_word_that_a_template_says_is_there_and_every_word_is_said():
    said = set(re.findall(r"""\bt\(["']([a-z_]+)["']\)""", SOURCES)) | CLOSED
    assert said <= set(WORDS)
    templates = "\n".join(path.read_text("utf-8") for path in (FOLDER / "templates").iterdir())
    said |= set(re.findall(r"""["']([a-z_]+)["']""", templates))  # those in lists
    said |= set(re.findall(r'word="([a-z_]+)"', SOURCES))
    assert set(WORDS) - said == set()


def test_a_word_that_is_not_there_is_a_fault():
    with pytest.raises(KeyError):
        words(Ui.EN)("nothing_of_the_kind")
