"""A benchmark as a command: a folder for what it needs, its mistakes without a traceback, its figures in a file."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workers.errors import ConfigError


def run(benchmark: Callable[[argparse.Namespace, Path], dict[str, Any]], options: argparse.Namespace) -> None:
    """Run it in a folder of its own; what it gives goes to the file that `options.json` names, if any."""
    sys.warnoptions.append(
        "ignore:resource_tracker:UserWarning"
    )  # workers end without clean-up; see workers/cli/run.py
    try:
        with tempfile.TemporaryDirectory(prefix="khabar-bench-") as directory:
            result = benchmark(options, Path(directory))
    except ConfigError as error:
        sys.exit(str(error))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")


def positive(value: str) -> int:
    """For argparse."""
    if not (value.isascii() and value.isdigit() and int(value)):
        raise argparse.ArgumentTypeError(f"{value!r} is not a whole number above 0")
    return int(value)


def show(*lines: str) -> None:
    """What was found."""
    for line in lines:
        print(line, flush=True)


def say(line: str) -> None:
    """What is being done."""
    print(line, file=sys.stderr, flush=True)
