"""Reading sources as `khabar send` does, for tests."""

import io
from collections import Counter
from pathlib import Path

from workers.feeds.outgoing import Mistake, Outgoing
from workers.feeds.sources.inputs import Plan, read, sources
from workers.feeds.sources.kinds import Kind
from workers.feeds.sources.pages import Known
from workers.feeds.sources.step import END, START, Skipped, Step

LIMIT = 1 << 20


def plan_of(*paths: Path, limit: int = LIMIT, kind: Kind | None = None, **known) -> Plan:
    return Plan(paths=paths, max_bytes=limit, format=kind, known=Known(**known))


def steps(plan: Plan, stdin: bytes = b"") -> list[Step]:
    return [step for source in sources(plan.paths) for step in read(plan, source, io.BytesIO(stdin))]


def everything(plan: Plan, stdin: bytes = b"") -> tuple[list[Outgoing], list[Mistake], Counter]:
    """The events, the mistakes, and how many there were of what was skipped, by its reason."""
    found = [step.read for step in steps(plan, stdin)]
    return (
        [item for item in found if isinstance(item, Outgoing)],
        [item for item in found if isinstance(item, Mistake)],
        Counter(item.reason.name for item in found if isinstance(item, Skipped)),
    )


def rest(plan: Plan, at) -> list:
    """What is read of a plan's only file when reading goes on at a place."""
    [source] = sources(plan.paths)
    return [] if at == END else [step.read for step in read(plan, source, None, at)]


def goes_on_everywhere(plan: Plan) -> int:
    """Asserts that reading goes on after each step with what is after it; how many steps there are."""
    found = steps(plan)
    assert rest(plan, START) == [step.read for step in found]
    for number, step in enumerate(found, start=1):
        assert rest(plan, step.place) == [later.read for later in found[number:]], step
    return len(found)
