"""Every error of Khabar, in three families named by what the harness does with them."""

from schemas.dead_letter import DeadReason


class KhabarError(Exception):
    """Base of all errors that Khabar raises on purpose. `str()` is a message for a user."""


class ConfigError(KhabarError):
    """The configuration or the environment is wrong: stop at start, and say everything that is wrong."""


class TransientError(KhabarError):
    """A broker or a store is away: wait with back-off and try again; nothing is committed meanwhile."""


class PoisonEventError(KhabarError):
    """An event that will never pass: no retry, it becomes a dead letter.

    `reason` goes into headers and metric labels; `error` is the class of what was behind it.
    """

    def __init__(self, message: str, reason: DeadReason, *, error: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.error = error or type(self).__name__

    def __reduce__(self) -> tuple[object, ...]:
        """Errors cross from the stage process to the worker."""
        return _rebuild_poison, (self.message, self.reason, self.error)


def _rebuild_poison(message: str, reason: DeadReason, error: str) -> PoisonEventError:
    return PoisonEventError(message, reason, error=error)
