"""`python -m workers.embedded`: start the stack, print its addresses, stop it at Ctrl-C or SIGTERM."""

import os
import signal
import sys
import time

from workers.config import Settings
from workers.embedded.stack import Stack, default_directory
from workers.errors import ConfigError, KhabarError

_POLL_S = 0.5


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def main() -> int:
    """The exit status: 0 after a stop that was asked for, 1 when the stack could not be started or did not last."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = Settings.from_env(os.environ)
        with Stack(default_directory(settings), settings=settings, on_progress=_say) as stack:
            print(f"KHABAR_KAFKA={stack.addresses.kafka}\nKHABAR_REDIS={stack.addresses.redis}", flush=True)
            _say("Running; Ctrl-C stops it")
            while not (fallen := stack.fallen()):
                time.sleep(_POLL_S)
            raise ConfigError("\n".join(fallen))
    except KeyboardInterrupt:
        _say("Stopped")
    except KhabarError as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
