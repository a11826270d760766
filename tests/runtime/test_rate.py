"""How many a second."""

from workers.runtime.rate import Rate


def test_the_rate_is_that_of_the_last_seconds():
    rate = Rate()
    assert rate.update(100, 0.0) == 0
    assert rate.update(110, 1.0) == 10
    for second in range(2, 12):
        found = rate.update(110, float(second))
    assert found == 0
