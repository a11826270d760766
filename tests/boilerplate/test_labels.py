"""Which blocks are main text, by gold text or segments."""

from workers.boilerplate.training.labels import from_segments, from_text

GOLD = """A bridge in the north was closed on Monday after an inspection.

Background

It was built in 1931, and has been repaired twice. Nobody was hurt when a beam fell."""


def test_blocks_of_the_gold_text_are_found_whatever_their_spaces_and_case():
    blocks = [
        "A BRIDGE in the north was closed  on Monday, after an inspection",
        "Weather for the north on Monday and later",
    ]
    assert from_text(blocks, GOLD).tolist() == [1, 0]


def test_a_short_block_counts_only_where_the_gold_text_has_it():
    blocks = [
        "Background",
        "A bridge in the north was closed on Monday after an inspection.",
        "Background",
        "It was built in 1931, and has been repaired twice. Nobody was hurt when a beam fell.",
        "Background",
    ]
    assert from_text(blocks, GOLD).tolist() == [0, 1, 1, 1, 0]


def test_a_block_that_is_partly_gold_counts_for_its_part():
    [share] = from_text(
        ["It was built in 1931, and has been repaired twice. Read our guide to bridges of the region now."],
        GOLD,
    )
    assert 0.3 < share < 0.7


def test_segments_tell_of_the_blocks_that_hold_them_and_of_no_other():
    blocks = ["It was built in 1931.", "Subscribe now", "Something else"]
    assert from_segments(blocks, ["built in  1931"], ["Subscribe"]).tolist() == [1, 0, -1]
