"""The memory that the boilerplate stage takes above what it reads; run by tests/benchmarks/extraction.py.

`python -m tests.benchmarks.memory FILE`: prints, in megabytes (10^6 bytes) of resident memory, what this process has
with the pages of FILE loaded and nothing of Khabar (`corpus_mb`), with the stage warm (`warm_mb`), and at most while
the stage reads the pages in batches (`peak_mb`). Linux only: the kernel's high-water mark is set back once the corpus is loaded.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

STATUS = Path("/proc/self/status")
SET_BACK = Path("/proc/self/clear_refs")
"""Writing 5 sets VmHWM back to the memory in use: proc_pid_clear_refs(5)."""


LENGTH_BYTES = 8
BATCH = 100
"""More than the stage looks at together; what it holds must not grow with it."""


def write(path: Path, pages: Iterable[str]) -> None:
    """Each page behind its length, so that reading it leaves no free memory behind that the stage could take."""
    with path.open("wb") as file:
        for page in pages:
            body = page.encode()
            file.write(len(body).to_bytes(LENGTH_BYTES, "big") + body)


def read(path: Path) -> Iterator[bytes]:
    """The pages of a file that `write` wrote."""
    with path.open("rb", buffering=0) as file:
        while length := file.read(LENGTH_BYTES):
            yield file.read(int.from_bytes(length, "big"))


def main(path: str) -> None:
    bodies = list(read(Path(path)))
    SET_BACK.write_text("5")
    corpus_mb = _megabytes("VmRSS")
    # Late, so that what the stage imports counts.
    from schemas.raw_event import RawEvent
    from workers.boilerplate import stage

    stage.warm_up()
    warm_mb = _megabytes("VmRSS")
    for at in range(0, len(bodies), BATCH):
        stage.clean([RawEvent(body=body, content_type="text/html") for body in bodies[at : at + BATCH]])
    peak_mb = _megabytes("VmHWM")
    print(json.dumps({"pages": len(bodies), "corpus_mb": corpus_mb, "warm_mb": warm_mb, "peak_mb": peak_mb}))


def _megabytes(name: str) -> float:
    """As /proc tells it, in kB of 1,024 bytes."""
    found = re.search(rf"^{name}:\s+([0-9]+) kB$", STATUS.read_text(), re.MULTILINE)
    assert found, name
    return int(found[1]) * 1024 / 1e6


if __name__ == "__main__":
    main(sys.argv[1])
