"""Where the blocks of pages stand: in which elements, beside which blocks, among which of their kind."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from workers.boilerplate.blocks import Blocks
from workers.boilerplate.tokens import Ints

LEVELS: Final = 6
"""So many elements around a block are looked at, from the innermost outwards."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the N blocks stand in their pages and elements.

    `chain` (K, N) are rows of elements from the innermost outwards; `held_first` (K, N) is the
    first block that each of these holds, `held_behind` the one behind its last. `group` (N,) numbers blocks of one kind: of one page, and with the same name and class of their
    element and of the one around it. `weight` (N,) is their length in letters. `begin` and `end` (N,) are the first
    block of the page and the one behind its last, `page` (N,) is the page's number.
    """

    chain: Ints
    held_first: Ints
    held_behind: Ints
    group: Ints
    weight: Ints
    begin: Ints
    end: Ints
    page: Ints

    def held(self, column: Ints) -> Ints:
        """What each element of `chain` (K, N) holds of a column (N,)."""
        sums = running(column)
        result: Ints = sums[self.held_behind] - sums[self.held_first]
        return result

    def of_page(self, column: Ints) -> Ints:
        """The sum of a column over the whole page of each block."""
        sums = running(column)
        result: Ints = sums[self.end] - sums[self.begin]
        return result

    def before(self, column: Ints) -> Ints:
        """The sum of a column over what stands before each block on its page."""
        sums = running(column)
        result: Ints = sums[:-1] - sums[self.begin]
        return result

    def around(self, column: Ints, reach: int) -> tuple[Ints, Ints]:
        """The sums of a column over `reach` blocks before each and behind it, fewer at the ends of the page."""
        sums = running(column)
        number = np.arange(len(column))
        low, high = np.maximum(number - reach, self.begin), np.minimum(number + reach + 1, self.end)
        return sums[:-1] - sums[low], sums[high] - sums[1:]

    def shifted(self, columns: NDArray[Any], by: int) -> NDArray[Any]:
        """The values of columns (..., N) of the block `by` places further on; 0 beyond the page."""
        number = np.arange(columns.shape[-1]) + by
        is_there = (number >= self.begin) & (number < self.end)
        result: NDArray[Any] = columns[..., np.where(is_there, number, 0)] * is_there
        return result

    def of_group(self, column: Ints) -> Ints:
        """The sum of a column over the blocks of the same kind."""
        sums = np.bincount(self.group, weights=column).astype(np.int64)  # exact below 2**53
        result: Ints = sums[self.group]
        return result


def running(column: Ints) -> Ints:
    """The sum (N + 1,) of what stands before each block, and of all."""
    sums = np.zeros(len(column) + 1, np.int64)
    np.cumsum(column, out=sums[1:])
    return sums


def layout_of(blocks: Blocks, weight: Ints) -> Layout:
    """Where the blocks stand; `weight` (N,) is their length."""
    elements = blocks.elements
    chain = np.empty((LEVELS, len(blocks.row)), np.int64)
    chain[0] = blocks.row
    for level in range(1, LEVELS):
        chain[level] = elements.parent[chain[level - 1]]
    page = blocks.page
    kinds = int(elements.kind.max(initial=0)) + 1
    keys = (page * kinds + elements.kind[chain[0]]) * kinds + elements.kind[chain[1]]
    return Layout(
        chain=chain,
        held_first=elements.first[chain],
        held_behind=elements.last[chain] + 1,
        group=np.unique(keys, return_inverse=True)[1],
        weight=weight,
        begin=blocks.pages[page],
        end=blocks.pages[page + 1],
        page=page,
    )
