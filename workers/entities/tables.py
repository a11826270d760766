"""The tagger's data files: UTF-8, tab-separated, with their sources in the comments at their heads."""

from collections.abc import Iterator
from importlib.resources import files


def read_table(name: str) -> Iterator[list[str]]:
    """The cells of each line of data/`name`; lines with # are comments."""
    text = files(__package__).joinpath("data", name).read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield [cell.strip() for cell in line.split("\t")]
