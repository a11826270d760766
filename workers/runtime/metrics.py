"""What Prometheus sees of `khabar run`: the numbers of the supervisor and its workers. docs/operating.md explains each.

Labels take values of closed lists (LABELS), or are a topic and its partitions: never an address, an id or a source.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from schemas.dead_letter import DeadReason
from schemas.published_article import Relation
from schemas.rejected_event import RejectReason
from workers import __version__
from workers.runtime.chain import ALL_STAGES, CHAINS, DECODE, OUTPUT_ROLES, VERSIONS, StageName
from workers.runtime.occupancy_reader import OccupancyReader
from workers.runtime.supervisor import Supervisor
from workers.runtime.tally import BUCKETS, Histogram, Measured, Phase, Tally
from workers.topics import OUTCOMES, Role

COUNTER: Final = "counter"
GAUGE: Final = "gauge"
HISTOGRAM: Final = "histogram"

SERVICES: Final = ("kafka", "redis", "original")
"""What a worker can wait for; `original` is an event that another worker has in hand (see workers/dedup/index.py)."""
LABELS: Final[dict[str, Collection[str] | None]] = {
    "chain": tuple(map("-".join, CHAINS)),
    "outcome": tuple(map(str, (*OUTPUT_ROLES.values(), *OUTCOMES))),
    "reason": ("", *map(str, (*Relation, *RejectReason, *DeadReason))),
    "stage": (DECODE, *map(str, ALL_STAGES), "read", "process", "publish"),
    "phase": tuple(map(str, Phase)),
    "service": SERVICES,
    "topic": None,
    "partition": None,
    "version": (__version__,),
    **{str(name): (version,) for name, version in VERSIONS.items()},
}
"""By label the values that it can take; None where these are the topic that is read, and its partitions."""


@dataclass(frozen=True, slots=True)
class Described:
    """A metric as docs/operating.md lists it; a counter's name without the `_total` that it is served with."""

    name: str
    kind: str
    about: str
    labels: tuple[str, ...] = ()

    @property
    def all_labels(self) -> tuple[str, ...]:
        return ("chain", *self.labels)

    def family(self) -> CounterMetricFamily | GaugeMetricFamily:
        """A counter or gauge, without values yet."""
        kind = CounterMetricFamily if self.kind == COUNTER else GaugeMetricFamily
        return kind(self.name, self.about, labels=self.all_labels)

    def histogram(self) -> HistogramMetricFamily:
        """A histogram, without values yet."""
        return HistogramMetricFamily(self.name, self.about, labels=self.all_labels)


OF_WORKERS: Final = tuple(
    Described(*row)
    for row in (
        (Measured.EVENTS, COUNTER, "Events that have ended, by the topic that they ended in and why: the relation of an article, or the reason.", ("outcome", "reason")),
        (Measured.DEAD_LETTERS, COUNTER, "Dead letters by the stage in which the event died, and why.", ("stage", "reason")),
        (Measured.BATCHES_REFUSED, COUNTER, "Batches that Kafka refused because their partitions had a new owner, which did them."),
        (Measured.BATCH_EVENTS, HISTOGRAM, "Events in a committed batch."),
        (Measured.BATCH_BYTES, HISTOGRAM, "Bytes of events in a committed batch."),
        (Measured.PHASE_SECONDS, HISTOGRAM, "Seconds that a batch took in a phase: fetch (waiting for events), stages, index, transaction, confirm.", ("phase",)),
        (Measured.STAGE_SECONDS, HISTOGRAM, "Seconds that a batch took in a stage.", ("stage",)),
        (Measured.LATENCY_SECONDS, HISTOGRAM, "Seconds from when an event was put on the topic that is read until it was committed."),
    )
)  # fmt: skip
OF_THE_SUPERVISOR: Final = tuple(
    Described(*row)
    for row in (
        ("khabar_partition_committed_offset", GAUGE, "Offset up to which the consumer group has committed.", ("topic", "partition")),
        ("khabar_partition_lag_events", GAUGE, "Events that are still to be read.", ("topic", "partition")),
        ("khabar_kafka_up", GAUGE, "1 while Kafka says how far the consumer group is, else 0."),
        ("khabar_workers_configured", GAUGE, "Worker processes that should run."),
        ("khabar_workers_alive", GAUGE, "Worker processes that run."),
        ("khabar_workers_waiting", GAUGE, "Workers that can go on only when a service is back, or an original is committed.", ("service",)),
        ("khabar_worker_restarts", COUNTER, "Workers that were replaced because they ended or made no progress."),
        ("khabar_in_work_events", GAUGE, "Events that the workers have in hand."),
        ("khabar_build_info", GAUGE, "1; the labels are the versions of Khabar and of its stages.", ("version", *map(str, ALL_STAGES))),
    )
)  # fmt: skip
OF_REDIS: Final = tuple(
    Described(*row)
    for row in (
        ("khabar_redis_up", GAUGE, "1 while Redis answers, else 0."),
        ("khabar_redis_memory_used_bytes", GAUGE, "Memory that Redis uses; of a cluster, the fullest master."),
        ("khabar_redis_memory_max_bytes", GAUGE, "Redis's maxmemory; 0 is no limit."),
        ("khabar_redis_memory_used_ratio", GAUGE, "Memory used, of maxmemory; absent without a limit."),
        ("khabar_redis_may_evict", GAUGE, "1 where maxmemory-policy lets Redis throw the index away, else 0."),
        ("khabar_index_articles", GAUGE, "Articles that the index of de-duplication holds."),
        ("khabar_index_window_articles", GAUGE, "Articles that it has room for; then each new one takes the place of the oldest."),
        ("khabar_index_filled_ratio", GAUGE, "Articles held, of those that there is room for."),
    )
)  # fmt: skip
METRICS: Final = (*OF_WORKERS, *OF_THE_SUPERVISOR, *OF_REDIS)
_BY_NAME: Final = {metric.name: metric for metric in METRICS}


_DEATHS: Final = (
    ("read", DeadReason.TOO_LARGE),
    (DECODE, DeadReason.UNDECODABLE),
    (DECODE, DeadReason.INVALID),
    ("process", DeadReason.CRASHED),
    ("process", DeadReason.TOO_SLOW),
    ("publish", DeadReason.RECORD_TOO_LARGE),
    (StageName.DEDUP, DeadReason.INVALID),
    *((stage, DeadReason.STAGE_ERROR) for stage in (StageName.BOILERPLATE, StageName.ENTITIES)),
)
"""Where what happens: workers/runtime/chain.py, isolation.py, pipeline.py and verdicts.py say so."""


class WorkerMetrics(Collector):
    """Collects what a supervisor knows when it is asked. Without `occupancy`, Redis is not among it."""

    def __init__(
        self, supervisor: Supervisor, published: Collection[Relation], occupancy: OccupancyReader | None
    ) -> None:
        self._supervisor = supervisor
        self._occupancy = occupancy
        self._chain = "-".join(supervisor.stages)
        self._zero = _zero(supervisor.stages, published)

    def collect(self) -> Iterator[Metric]:
        yield from self._measured(self._supervisor.measured())
        yield from self._of_partitions()
        yield from self._of_workers()
        if self._occupancy is not None:
            yield from self._of_redis(self._occupancy)

    def _measured(self, tally: Tally) -> Iterator[Metric]:
        tally.add(self._zero)
        outcomes = {outcome for what, outcome, _ in self._zero.counts if what is Measured.EVENTS}
        for described in OF_WORKERS:
            width = len(described.labels)
            if described.kind == HISTOGRAM:
                shown = described.histogram()
                for (what, *values), histogram in tally.histograms.items():
                    if what == described.name:
                        labels = (self._chain, *values[:width])
                        shown.add_metric(labels, *_buckets(BUCKETS[what], histogram))
                yield shown
                continue
            family = described.family()
            for (what, *values), count in tally.counts.items():
                # Between the stages of one chain, records are by the way (KHABAR_WRITE_BETWEEN), and no outcome.
                if what == described.name and (what is not Measured.EVENTS or values[0] in outcomes):
                    family.add_metric((self._chain, *values[:width]), count)
            yield family

    def _of_partitions(self) -> Iterator[Metric]:
        lag = self._supervisor.lag
        committed, behind = (
            self._family(f"khabar_partition_{name}") for name in ("committed_offset", "lag_events")
        )
        for number, count in sorted(lag.behind.items()) if lag else ():
            where = (self._chain, self._supervisor.source, str(number))
            behind.add_metric(where, count)
            committed.add_metric(where, lag.committed.get(number) or 0 if lag else 0)
        yield from (committed, behind, self._gauge("khabar_kafka_up", lag is not None))

    def _of_workers(self) -> Iterator[Metric]:
        status = self._supervisor.status()
        yield self._gauge("khabar_workers_configured", status.workers)
        yield self._gauge("khabar_workers_alive", status.alive)
        yield self._gauge("khabar_worker_restarts", status.restarts)
        yield self._gauge("khabar_in_work_events", status.in_work)
        waiting = [service_of(words) for words in self._supervisor.waiting()]
        family = self._family("khabar_workers_waiting")
        for service in SERVICES:
            family.add_metric((self._chain, service), waiting.count(service))
        yield family
        family = self._family("khabar_build_info")
        family.add_metric((self._chain, __version__, *(VERSIONS[name] for name in ALL_STAGES)), 1)
        yield family

    def _of_redis(self, reader: OccupancyReader) -> Iterator[Metric]:
        found = reader.latest
        yield self._gauge("khabar_redis_up", found is not None)
        if found is None:
            return
        yield self._gauge("khabar_index_articles", found.articles)
        yield self._gauge("khabar_index_window_articles", found.window)
        yield self._gauge("khabar_index_filled_ratio", found.filled_ratio)
        if found.used_bytes is not None and found.limit_bytes is not None:
            yield self._gauge("khabar_redis_memory_used_bytes", found.used_bytes)
            yield self._gauge("khabar_redis_memory_max_bytes", found.limit_bytes)
        if (ratio := found.memory_used_ratio) is not None:
            yield self._gauge("khabar_redis_memory_used_ratio", ratio)
        if found.may_evict is not None:
            yield self._gauge("khabar_redis_may_evict", found.may_evict)

    def _family(self, name: str) -> CounterMetricFamily | GaugeMetricFamily:
        return _BY_NAME[name].family()

    def _gauge(self, name: str, value: float) -> Metric:
        family = self._family(name)
        family.add_metric((self._chain,), value)
        return family


def service_of(words: str) -> str:
    """Which of SERVICES a worker waits for that says so in these words."""
    if words.startswith("A copy waits"):
        return "original"
    return "redis" if words.startswith("Redis") else "kafka"


def _zero(stages: Sequence[StageName], published: Collection[Relation]) -> Tally:
    """What a chain can measure, before it has: the first of a kind is an increase only if there was a 0 before."""
    zero = Tally()
    zero.count(Measured.BATCHES_REFUSED, by=0)
    for outcome, reason in _outcomes(stages, published):
        zero.count(Measured.EVENTS, outcome, reason, by=0)
    deaths = [each for each in _DEATHS if each[0] not in set(ALL_STAGES) - set(stages)]
    for stage, dead_reason in deaths:
        zero.count(Measured.DEAD_LETTERS, stage, dead_reason.value, by=0)
    for what in (Measured.BATCH_EVENTS, Measured.BATCH_BYTES, Measured.LATENCY_SECONDS):
        zero.observe(what, ())
    for phase in Phase:
        zero.observe(Measured.PHASE_SECONDS, (), phase)
    for stage in (DECODE, *stages):
        zero.observe(Measured.STAGE_SECONDS, (), str(stage))
    return zero


def _outcomes(stages: Sequence[StageName], published: Collection[Relation]) -> Iterator[tuple[str, str]]:
    """Outcomes and reasons that a chain can have."""
    if stages[-1] is StageName.DEDUP:
        for relation in Relation:
            role = Role.PUBLISHED if relation in published else Role.DUPLICATES
            yield role.value, relation.value
    else:
        yield OUTPUT_ROLES[stages[-1]].value, ""
    if StageName.BOILERPLATE in stages:
        yield from ((Role.REJECTED.value, reason.value) for reason in RejectReason)
    yield from ((Role.DEAD.value, reason.value) for reason in DeadReason)


def _buckets(bounds: Iterable[float], histogram: Histogram) -> tuple[list[tuple[str, float]], float]:
    """Cumulated, as Prometheus has them, and the sum."""
    names = [f"{bound:g}" if bound < 1e6 else str(int(bound)) for bound in bounds]
    return list(zip([*names, "+Inf"], accumulate(histogram.counts), strict=True)), histogram.total
