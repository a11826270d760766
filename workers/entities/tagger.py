"""The built-in tagger: where the texts of a micro-batch name somebody or something, and what the lists know of it."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Final

import numpy as np

from schemas.tagged_article import Label
from workers.entities.gazetteer import gazetteer
from workers.entities.lexicon import lexicon
from workers.entities.listed import Run, Tagged
from workers.entities.model import Model
from workers.entities.options import DEFAULT, Options
from workers.entities.taggers import Span, by_language, load_tagger
from workers.entities.tokens import Tokens, tokens_of

_LABELS: Final = frozenset(label.value for label in Label)


def label_runs(
    texts: Sequence[str], locale: str, model: Model | None = None, options: Options = DEFAULT
) -> Tagged:
    """What is called an entity in texts of a CLDR locale, in order: by `model`, or the tagger that `options` name for the language,
    or the shipped model; without any of these nothing.
    """
    lang = locale.partition("_")[0]
    spec = by_language(options.taggers).get(lang)
    model = model or (None if spec else shipped(lang))
    tokens = tokens_of(texts)
    words, known = lexicon(lang).words(tokens)
    names = gazetteer(locale, options.own)
    found = names.find(tokens, words)
    runs: list[Run] = []
    if model:
        categories = names.categories(tokens, found)
        runs = runs_of(model.label(tokens, words, known, categories), model.labels)
    elif spec:
        runs = runs_in(tokens, load_tagger(spec)(texts))
    return Tagged(tokens, words, known, runs, names, found)


def runs_in(tokens: Tokens, spans: Sequence[Sequence[Span]]) -> list[Run]:
    """The runs of tokens that the spans of each text touch; of spans that share a token the first."""
    starts, ends = tokens.places[tokens.starts], tokens.places[tokens.ends - 1] + 1
    runs: list[Run] = []
    for offset, found in zip(tokens.offsets.tolist(), spans, strict=True):
        for start, end, label in sorted(found):
            first = max(int(np.searchsorted(ends, start + offset, side="right")), runs[-1][1] if runs else 0)
            last = int(np.searchsorted(starts, end + offset))
            if first < last and label in _LABELS:
                runs.append((first, last, label))
    return runs


def runs_of(numbers: np.ndarray, labels: Sequence[str]) -> list[Run]:
    """The runs of tokens that a sequence of labels by number marks."""
    at = np.flatnonzero(numbers)
    if not len(at):
        return []
    kinds = [label[2:] for label in labels]
    kind = np.array([kinds.index(each) for each in kinds])[numbers[at]]
    is_inside = np.array([label[0] == "I" for label in labels])[numbers[at]]
    goes_on = is_inside[1:] & (np.diff(at) == 1) & (kind[1:] == kind[:-1])
    heads = np.flatnonzero(np.append(True, ~goes_on))
    ends = at[np.append(heads[1:], len(at)) - 1] + 1
    rows = zip(at[heads].tolist(), ends.tolist(), kind[heads].tolist(), strict=True)
    return [(first, end, kinds[each]) for first, end, each in rows]


@lru_cache(maxsize=32)
def shipped(lang: str) -> Model | None:
    """The model of a language that comes with Khabar, read when it is first asked for; None where there is none."""
    file = files(__package__).joinpath("data", "models", f"{lang}.npz")
    return Model.load(file) if file.is_file() else None
