"""Make the language model from that of py3langid: `python -m workers.boilerplate.training.language`.

py3langid is of the extra `train`; nothing is downloaded and no text is read, so the same release gives the same file.
"""

from collections import deque
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from workers.boilerplate.ngrams import SEQUENCE_BYTES, hashes

_COLUMNS: Final = {
    "Latin": (
        "af az br bs ca cs cy da de en eo es et eu fi fo fr fy ga gd gl ha hr ht hu id ig is it jv ku la lb lg ln lt lv"
        " mg ms mt nl nn no nso oc om pcm pl pt qu ro rw sk sl sn so sq sr st sv sw tk tl tr uz vi xh yo zu"
    ),
    "Cyrillic": "ba be bg kk ky mk mn ru sr tg tt uk uz",
    "Arabic": "ar ary arz fa ps sdh ug ur uzs",
    "Devanagari": "hi mr ne",
}
"""By script the languages that newspapers are written in, of those that py3langid knows."""
_WRITTEN_AS: Final = {"arz": "ar", "ary": "ar", "sdh": "ckb", "uzs": "und"}
"""Varieties that newspapers write as one language. py3langid's texts in Southern Kurdish are in the letters of Central
Kurdish; other Turkic languages in Arabic letters are taken for Southern Uzbek, so that answer is none."""

_FREQUENT: Final = "ar de en es fa fr it nl pl pt ru tr ur"
_RARE: Final = "ba br eo fo fy gd ht ig jv la lb lg ln mg mt nn nso oc om pcm qu rw sn st tg tk tt yo xh zu"
_PRIORS: Final = {"frequent": 1.0, "rare": -1.0}
"""Log-odds of the languages of most news over the others, and of those of little. On the first 40 characters of 7,741
texts in 20 languages right answers rise from .957 to .982, on 7,114 strings of Django's translations into 80
languages they fall from .937 to .930 (with -2 for the rare); more of it costs the small languages more."""

_STEP: Final = 0.5
_SPREAD_MIN: Final = {"Latin": 2.5, "Cyrillic": 2.0, "Arabic": 2.0, "Devanagari": 1.0}
"""Nats. Rounding to quarters instead, and dropping only below 1, changes no figure by more than .002."""
_SLOT_BITS: Final = {"Latin": 20, "Cyrillic": 17, "Arabic": 17, "Devanagari": 16}
_LEADS: Final = {
    "Latin": (0xC2, 0xCB),
    "Cyrillic": (0xD0, 0xD4),
    "Arabic": (0xD8, 0xDC),
    "Devanagari": (0xE0, 0xE0),
}
_SHARED_LEADS: Final = frozenset({0xC2, 0xE1, 0xE2})
"""First bytes of the punctuation that scripts share, and of the Vietnamese vowels."""
_TARGET: Final = Path(__file__).parent.parent / "data" / "language.npz"


def main() -> None:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    sequences = _sequences(identifier)
    held: dict[str, NDArray[np.generic]] = {
        "scripts": np.array(tuple(_COLUMNS)),
        "step": np.array(_STEP, np.float32),
    }
    for script in _COLUMNS:
        held |= {f"{script}.{name}": value for name, value in _cut(identifier, sequences, script).items()}
        print(script, *held[f"{script}.weights"].shape)
    np.savez_compressed(_TARGET, **held)  # type: ignore[arg-type]  # the stubs take the names for options
    print(f"{_TARGET.name}: {_TARGET.stat().st_size:,} bytes")


def _sequences(identifier: LanguageIdentifier) -> dict[int, bytes]:
    """For each feature of the model its bytes: the shortest that lead its automaton to a state that says it."""
    moves = np.asarray(identifier.tk_nextmove).reshape(-1, 256)
    reached = {0: b""}
    queue = deque([0])
    while queue:
        state = queue.popleft()
        for byte, following in enumerate(moves[identifier.tk_row[state]].tolist()):
            if following not in reached:
                reached[following] = reached[state] + bytes([byte])
                queue.append(following)
    features: dict[int, bytes] = {}
    for state, said in sorted(reached.items(), key=lambda item: (len(item[1]), item[1])):
        feature = identifier.tk_output[state]
        if feature >= 0:
            features.setdefault(feature, said)
    return features


def _cut(
    identifier: LanguageIdentifier, sequences: dict[int, bytes], script: str
) -> dict[str, NDArray[np.generic]]:
    """The part of the model for one script: the sequences that tell its languages apart, most telling first."""
    kept = set(_COLUMNS[script].split())
    columns = [at for at, label in enumerate(identifier.nb_classes) if label in kept]
    labels = [identifier.nb_classes[at] for at in columns]
    features = np.array([feature for feature, said in sequences.items() if _is_of(said, script)])
    values = np.asarray(identifier.nb_ptc)[np.ix_(features, np.array(columns))].astype(np.float32)
    values -= values.min(axis=1, keepdims=True)
    spread = values.max(axis=1)
    order = np.argsort(-spread, kind="stable")
    order = order[spread[order] >= _SPREAD_MIN[script]]
    codes = np.array([int.from_bytes(sequences[int(feature)]) for feature in features[order]], np.uint64)
    shift = np.uint64(64 - _SLOT_BITS[script])
    # Of two sequences with the same hash the less telling one is left out: 1 in 40.
    first = np.sort(np.unique(hashes(codes, shift), return_index=True)[1])
    return {
        "labels": np.array([_WRITTEN_AS.get(label, label) for label in labels]),
        "sequences": codes[first],
        "weights": np.rint(values[order[first]] / _STEP).astype(np.uint8),
        "offsets": np.asarray(identifier.nb_pc)[columns].astype(np.float32),
        "priors": np.array([_prior(label) for label in labels], np.float32),
        "shift": np.array(shift),
    }


def _is_of(said: bytes, script: str) -> bool:
    """Whether a sequence may stand in a text in `script` and says something about it."""
    leads = {byte for byte in said if byte >= 0xC2}
    first, last = _LEADS[script]
    if any(not (first <= lead <= last or lead in _SHARED_LEADS) for lead in leads):
        return False
    if len(said) not in SEQUENCE_BYTES:
        return False
    return bool(leads) or said.isascii() if script == "Latin" else not said.isascii()


def _prior(label: str) -> float:
    if label in _FREQUENT.split():
        return _PRIORS["frequent"]
    return _PRIORS["rare"] if label in _RARE.split() else 0.0


if __name__ == "__main__":
    main()
