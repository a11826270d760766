"""Ending on signals."""

import signal

import pytest

from workers.stopping import stop_on_signals


def test_the_first_signal_is_told_and_the_second_one_interrupts() -> None:
    with stop_on_signals() as stop:
        assert not stop()
        signal.raise_signal(signal.SIGTERM)
        assert stop()
        assert stop.exit_code == 128 + signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


def test_a_signal_does_not_wait_for_a_lock_that_the_interrupted_thread_has() -> None:
    """As one that comes while the event is waited for."""
    with stop_on_signals() as stop:
        with stop.event._cond:
            signal.raise_signal(signal.SIGINT)
            assert stop()
        assert stop.event.wait(10)
