"""Takes the picture of `khabar top` for the documents: `python -m tests.pictures.top`, from the repository's root.

Starts a Kafka, a Redis and two workers in a temporary folder, runs `khabar top --once` while the demo flows, and writes what it
printed as docs/pictures/top.png with Debian's chromium.
"""

import io
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.support import browser as browsers
from tests.support import harness
from tests.support.texts import page
from workers.cli.up import put_demo
from workers.config import Settings
from workers.embedded.stack import Stack
from workers.runtime.chain import build_chain
from workers.runtime.flow import FlowReader

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "top.png"
COLUMNS = 100
READING_S = 2.0
"""By then it reads; it looks for some four seconds more."""
PAGE = '<!doctype html><meta charset="utf-8"><style>{stylesheet} body {{ margin: 0; background: {background}; }} pre {{ margin: 0; padding: 16px; color: {foreground}; font: 15px/1.35 "DejaVu Sans Mono", monospace; display: inline-block; }}</style><pre>{code}</pre>'


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="khabar-pictures-") as folder,
        Stack(Path(folder), settings=Settings()) as stack,
    ):
        settings = Settings(kafka=(stack.addresses.kafka,), redis=stack.addresses.redis)
        harness.create_topics(settings)
        with harness.supervised(settings, partial(build_chain), workers=2) as supervisor:
            reader = FlowReader(settings, harness.addresses_of(settings))
            reader.start()
            assert harness.wait_for(lambda: [each.members for each in reader.latest.groups] == [2], 120)
            reader.stop()
            harness.send(settings, map(page, range(8)))
            assert harness.wait_for(lambda: sum(supervisor.status().outcomes.values()) == 8, 120)
            printed = _printed(settings)
    _shoot(_html(printed))
    sys.stdout.write(f"{PICTURE.name}: {PICTURE.stat().st_size:,} bytes\n")


def _printed(settings: Settings) -> str:
    """What `khabar top` says while the demo flows, with the codes of its colours."""
    assert settings.kafka
    base = {name: value for name, value in os.environ.items() if not name.startswith("KHABAR_")}
    own = {"KHABAR_KAFKA": settings.kafka[0], "KHABAR_REDIS": settings.redis or ""}
    look = {"FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    command = [sys.executable, "-c", "from workers.cli.main import main; main()", "top", "--once"]
    with subprocess.Popen(command, env=base | own | look, stdout=subprocess.PIPE, text=True) as process:
        time.sleep(READING_S)
        put_demo(settings, harness.addresses_of(settings))
        printed, _ = process.communicate(timeout=120)
    return printed


def _html(printed: str) -> str:
    console = Console(record=True, file=io.StringIO(), width=COLUMNS, force_terminal=True)
    console.print(Text.from_ansi(printed), soft_wrap=True)
    return console.export_html(theme=MONOKAI, code_format=PAGE)


def _shoot(html: str) -> None:
    with browsers.chromium() as browser:
        page = browser.new_page(viewport={"width": 1000, "height": 800})
        page.set_content(html)
        page.locator("pre").screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
