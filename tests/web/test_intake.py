"""What is read faster than the window takes it in."""

import pytest

from tests.support import harness
from tests.support.web import article, dead, received
from workers.web.intake import Intake
from workers.web.window import Window


def ids(window):
    return [each.card.id for each in window.newest().entries]


def test_articles_that_wait_are_taken_in_as_they_came():
    window = Window(10, 1 << 20)
    intake = Intake(window)
    for offset in range(3):
        intake.put(received(article(f"n{offset}"), offset))
    assert ids(window) == []
    intake.start()
    assert harness.wait_for(lambda: ids(window) == ["n2", "n1", "n0"])
    intake.put(received(article("later"), 9))
    assert harness.wait_for(lambda: ids(window)[0] == "later")
    intake.stop()
    assert not intake.is_alive


@pytest.mark.parametrize(
    ("most", "size_bytes"), [(10, 1 << 30), (1000, 200_000)], ids=["in number", "in bytes"]
)
def test_the_oldest_are_let_go_before_they_cost_anything_and_no_dead_letter_is(most, size_bytes, monkeypatch):
    window = Window(most, size_bytes)
    taken = []
    monkeypatch.setattr(window, "add", lambda each: taken.append(each.offset))
    intake = Intake(window)
    intake.put(dead(0))
    for offset in range(1, 500):
        intake.put(received(article(text="خبر " * 1000), offset))
    intake.start()
    assert harness.wait_for(lambda: taken[-1] == 499)
    intake.stop()
    assert taken[0] == 0
    assert 1 < len(taken) <= 40
    assert taken[1:] == list(range(500 - len(taken) + 1, 500))
