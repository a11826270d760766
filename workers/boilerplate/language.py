"""Which language a text is in."""

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.boilerplate.ngrams import Ngrams, models
from workers.boilerplate.scripts import language_of_script, read_scripts

UNKNOWN: Final = "und"

_FLOOR: Final = 0.6
"""Of the held-out answers (see `_CALIBRATION`) between 0.5 and 0.6 .54 were right, between 0.6 and 0.7 .68."""
_MOST: Final = 0.999
"""Of the answers that the calibration puts at 1, 2 in 1,000 are in a text that quotes another language at length."""
_CALIBRATION: Final = (2.169, -0.082, 0.416, -1.571)
"""Logistic regression on margin, margin x log bytes, log bytes, and the constant, as
`python -m workers.boilerplate.training.confidence` prints it; it also prints how many answers of a confidence were
right on the half of the texts that it did not learn from."""
_LETTERS_MIN: Final = 5
"""Of an alphabet; the calibration has seen no less."""
_MIXED: Final = 0.9
# A word in Latin letters that is written as a name: in a text in another script it says nothing about the language.
_NAME: Final = re.compile(r"\b[A-Z0-9]\w*")
_PIECES: Final = 3
_PIECE_CHARS: Final = 110
"""Of 7,500 texts no more are told right from 1,000 characters (.9952) than from 200 (.9950)."""
_TAG: Final = re.compile(r"([a-zA-Z]{2,3})(?:[-_].*)?$")
# Addresses and names of accounts are in no language.
_NO_PROSE: Final = re.compile(r"(?:https?://|www\.)\S+|[@\w.-]+@[\w.-]+|@\w+")
# TATWEEL, FATHATAN to SUKUN, SUPERSCRIPT ALEF: newspapers leave them out, so the model has not seen them.
_MARKS: Final = re.compile("[\u0640\u064b-\u0652\u0670]+")

# ALEF WITH HAMZA ABOVE and BELOW, TEH MARBUTA, ALEF MAKSURA; letters of Urdu, Pashto, Kurdish, Uyghur and Sindhi.
_NOT_PERSIAN: Final = re.compile(
    "[\u0623\u0625\u0629\u0649\u0679-\u067d\u067f-\u0685\u0687-\u0697\u0699-\u06a8\u06aa-\u06ae\u06b0-\u06bf"
    "\u06c1-\u06cb\u06cd-\u06d5]"
)
# YEH and KAF, which Persian in windows-1256 is written with, as FARSI YEH and KEHEH.
_PERSIAN_FOR_ARABIC: Final = str.maketrans("\u064a\u0643", "\u06cc\u06a9")

_RESPELT_PART: Final = 0.3
"""On 1,500 Persian texts in Arabic letters and 3,000 Arabic ones, cut to 40 characters, .945 of the Persian ones are told
right instead of .49, and .004 of the Arabic ones wrong; with 0.5 it is .995 and .02."""
_WITH_OWN_LETTERS: Final = frozenset(["ur", "ps", "ckb", "ug"])
_IMPOSSIBLE: Final = 30.0

_WRITTEN_AS: Final = {"nb": "no", "iw": "he", "in": "id", "ji": "yi", "fil": "tl", "mo": "ro"}
"""Other codes of a language: withdrawn ones (ISO 639), and Bokm\u00e5l, which most news in Norwegian is in."""


@dataclass(frozen=True, slots=True)
class Detected:
    """A BCP 47 primary language and the probability (0..1) that it is right.

    `confidence` is None where the text did not tell and a hint stands, or nothing is known (`und`).
    """

    lang: str
    confidence: float | None


def primary_language(tag: str | None) -> str | None:
    """The primary subtag of a BCP 47 tag in lower case ("ar" for "ar-EG"); None when it is no such tag."""
    match = _TAG.match((tag or "").strip())
    code = match.group(1).lower() if match else None
    return None if code in (None, UNKNOWN) else code


def detect(text: str, hint: str | None = None) -> Detected:
    """The language of `text`; `und` rather than a guess.

    `hint` (what the page or the feed says) stands where the text does not tell: where the confidence is below 0.6.
    Of a long text only pieces of its beginning, middle and end are read. Deterministic.
    """
    found = judge(text)
    if found is not None and found.probability >= _FLOOR and found.lang != UNKNOWN:
        return Detected(found.lang, round(found.probability, 3))
    told = primary_language(hint)
    return Detected(_WRITTEN_AS.get(told, told) if told else UNKNOWN, None)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The likeliest language, its probability (0..1), and what that was made of.

    `margin` is the log-odds of the language over the second, `size_bytes` what was read of the text; both are 0 where
    the script decides.
    """

    lang: str
    probability: float
    margin: float = 0.0
    size_bytes: int = 0


def judge(text: str) -> Judgement | None:
    """The likeliest language of `text`, however unlikely; None when there are too few letters."""
    sample = _sample(text)
    scripts = read_scripts(sample)
    if scripts.main == "Latin" and scripts.shares["Latin"] < _MIXED:
        scripts = read_scripts(_NAME.sub(" ", sample))
    script = scripts.main
    if script is None:
        return None
    if alone := language_of_script(sample, script):
        return Judgement(alone, _MOST * scripts.letters / (scripts.letters + 1))
    if scripts.letters < _LETTERS_MIN:
        return None
    if script == "Arabic":
        sample = _MARKS.sub("", sample)
    model = models()[script]
    data = sample.encode("utf-8", "replace")
    odds = model.log_odds(data)
    if script == "Arabic" and not _NOT_PERSIAN.search(sample):
        odds = _arabic_or_persian(model, odds, sample)
    second, first = odds.argsort()[-2:]
    margin = float(odds[first] - odds[second])
    return Judgement(model.languages[first], _probability(margin, len(data)), margin, len(data))


def _arabic_or_persian(model: Ngrams, odds: NDArray[np.float32], sample: str) -> NDArray[np.float32]:
    """The odds of a text without letters that Persian lacks: Persian may stand in it with the Arabic YEH and KAF."""
    respelt = model.log_odds(sample.translate(_PERSIAN_FOR_ARABIC).encode("utf-8", "replace"))
    mixed = (1 - _RESPELT_PART) * odds + _RESPELT_PART * respelt
    others = [at for at, language in enumerate(model.languages) if language in _WITH_OWN_LETTERS]
    mixed[others] = -_IMPOSSIBLE
    return mixed


def _probability(margin: float, size_bytes: int) -> float:
    """How often an answer with this margin is right."""
    of_margin, of_both, of_size, constant = _CALIBRATION
    size = math.log(max(size_bytes, 1))
    log_odds = of_margin * margin + of_both * margin * size + of_size * size + constant
    return min(_MOST, 1 / (1 + math.exp(-max(log_odds, -30))))


def _sample(text: str) -> str:
    """Pieces of the beginning, the middle and the end of `text`, in NFC, without addresses."""
    if len(text) > _PIECES * _PIECE_CHARS:
        step = (len(text) - _PIECE_CHARS) // (_PIECES - 1)
        text = " ".join([text[at * step : at * step + _PIECE_CHARS] for at in range(_PIECES)])
    if "@" in text or "://" in text or "www." in text:
        text = _NO_PROSE.sub(" ", text)
    text = unicodedata.normalize("NFC", text)
    return text.lower() if text.isupper() else text
