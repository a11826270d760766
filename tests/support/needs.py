"""What a test needs of the machine."""

import os

import pytest


def needed(is_there: object, message: str) -> None:
    """Skips the test where something is not there; in CI it fails."""
    if not is_there:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
