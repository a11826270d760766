"""Makes the Grafana board of Khabar: `python -m deploy.grafana.board` writes dashboards/khabar.json, `--check` compares.

A board is a long file that nobody can review; this is what it says. Queries take `max` of what every process tells of the
same partition or Redis, and `sum` of what each has done itself.
"""

import json
import sys
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders.common import VizLegendOptions, VizTooltipOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, QueryVariable, Row
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, TooltipDisplayMode
from grafana_foundation_sdk.models.dashboard import DataSourceRef, VariableOption, VariableRefresh

FILE: Final = Path(__file__).parent / "dashboards" / "khabar.json"
UID: Final = "khabar"
DATASOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
"""The variable, so that the board can be imported elsewhere too."""
PROVISIONED_UID: Final = "khabar-prometheus"
"""As provisioning/datasources/khabar.yml has it."""
OF_CHAIN: Final = 'chain=~"$chain"'
ARTICLES: Final = ',outcome=~"published|duplicates"'
REJECTED: Final = ',outcome="rejected"'
TRANSACTION: Final = ',phase="transaction"'
THIRD, SIXTH = 8, 4
"""Of the board's 24 columns."""

Query = tuple[str, str]
"""PromQL, and what its series are called."""


def rate(metric: str, more: str = "") -> str:
    """What a counter grows by a second, in the chains that are chosen."""
    return f"rate({metric}{{{OF_CHAIN}{more}}}[$__rate_interval])"


def quantiles(histogram: str, more: str = "") -> list[Query]:
    """The median and the 95th and 99th percentile."""
    sums = f"sum by (le) ({rate(f'{histogram}_bucket', more)})"
    return [
        (f"histogram_quantile({part}, {sums})", f"p{round(float(part) * 100)}")
        for part in ("0.5", "0.95", "0.99")
    ]


def mean_by(histogram: str, label: str) -> Query:
    """The mean a batch, by a label."""
    return (
        f"sum by ({label}) ({rate(f'{histogram}_sum')}) / sum by ({label}) ({rate(f'{histogram}_count')})",
        f"{{{{{label}}}}}",
    )


LAG: Final = f"max by (topic, partition) (khabar_partition_lag_events{{{OF_CHAIN}}})"

STATS: Final = (
    ("Events a second", "cps", f"sum({rate('khabar_events_total')})"),
    ("Lag", "short", f"sum({LAG})"),
    ("Latency, 95th percentile", "s", quantiles("khabar_event_latency_seconds")[1][0]),
    (
        "Dead letters, last hour",
        "short",
        f'sum(increase(khabar_events_total{{{OF_CHAIN},outcome="dead"}}[1h]))',
    ),
    ("Workers alive", "short", f"sum(khabar_workers_alive{{{OF_CHAIN}}})"),
    ("Redis memory", "percentunit", "max(khabar_redis_memory_used_ratio)"),
)
ROWS: Final[tuple[tuple[str, tuple[tuple[str, str, str, list[Query]], ...]], ...]] = (
    (
        "Flow",
        (
            ("Events by outcome", "What events ended in, a second.", "cps",
             [(f"sum by (outcome) ({rate('khabar_events_total')})", "{{outcome}}")]),
            ("Lag by partition", "Events that are still to be read.", "short", [(LAG, "{{topic}}:{{partition}}")]),
            ("Committed by partition", "Offsets a second.", "cps",
             [(f"max by (topic, partition) (deriv(khabar_partition_committed_offset{{{OF_CHAIN}}}[$__rate_interval]))",
               "{{topic}}:{{partition}}")]),
            ("Latency", "From when an event was put on the topic until it was committed.", "s",
             quantiles("khabar_event_latency_seconds")),
        ),
    ),
    (
        "Outcomes",
        (
            ("Published and duplicates by relation", "What an article is to those before it.", "cps",
             [(f"sum by (reason) ({rate('khabar_events_total', ARTICLES)})", "{{reason}}")]),
            ("Rejected by reason", "Events without an article.", "cps",
             [(f"sum by (reason) ({rate('khabar_events_total', REJECTED)})", "{{reason}}")]),
            ("Dead letters by stage and reason", "Events that could not be processed.", "cps",
             [(f"sum by (stage, reason) ({rate('khabar_dead_letters_total')})", "{{stage}}: {{reason}}")]),
        ),
    ),
    (
        "Batches",
        (
            ("Seconds a batch, by phase", "Mean; fetch is waiting for events.", "s", [mean_by("khabar_phase_seconds", "phase")]),
            ("Seconds a batch, by stage", "Mean, in the stage process.", "s", [mean_by("khabar_stage_seconds", "stage")]),
            ("Seconds of a transaction", "Until Kafka has committed a batch.", "s",
             quantiles("khabar_phase_seconds", TRANSACTION)),
            ("Events in a batch", "", "short", quantiles("khabar_batch_events")),
            ("Bytes of a batch", "", "bytes", quantiles("khabar_batch_bytes")),
            ("Batches refused", "By Kafka, because the partitions had a new owner.", "cps",
             [(f"sum by (chain) ({rate('khabar_batches_refused_total')})", "{{chain}}")]),
        ),
    ),
    (
        "Workers",
        (
            ("Workers", "Configured, alive, and waiting for a service.", "short",
             [(f"sum(khabar_workers_configured{{{OF_CHAIN}}})", "configured"),
              (f"sum(khabar_workers_alive{{{OF_CHAIN}}})", "alive"),
              (f"sum by (service) (khabar_workers_waiting{{{OF_CHAIN}}})", "waiting for {{service}}")]),
            ("Restarts", "Workers that were replaced in ten minutes.", "short",
             [(f"sum by (chain) (increase(khabar_worker_restarts_total{{{OF_CHAIN}}}[10m]))", "{{chain}}")]),
            ("Events in work", "", "short", [(f"sum by (chain) (khabar_in_work_events{{{OF_CHAIN}}})", "{{chain}}")]),
            ("Kafka and Redis", "1 while they answer.", "short",
             [(f"min(khabar_kafka_up{{{OF_CHAIN}}})", "Kafka"), (f"min(khabar_redis_up{{{OF_CHAIN}}})", "Redis")]),
            ("Versions", "Processes by the version that they run.", "short",
             [("count by (version, boilerplate, entities, dedup) (khabar_build_info)",
               "{{version}}: {{boilerplate}}, {{entities}}, {{dedup}}")]),
        ),
    ),
    (
        "Redis and the index",
        (
            ("Memory of Redis", "The limit is maxmemory; 0 is none.", "bytes",
             [("max(khabar_redis_memory_used_bytes)", "used"), ("max(khabar_redis_memory_max_bytes)", "limit")]),
            ("Articles in the index", "At the window each new one takes the place of the oldest.", "short",
             [("max(khabar_index_articles)", "held"), ("max(khabar_index_window_articles)", "window")]),
            ("Index filled", "", "percentunit", [("max(khabar_index_filled_ratio)", "filled")]),
            ("May evict", "1 where Redis may throw the index away.", "short", [("max(khabar_redis_may_evict)", "may evict")]),
        ),
    ),
    (
        "Feeds",
        (
            ("Feeds by state", "", "short", [("sum by (state) (khabar_feeds)", "{{state}}")]),
            ("Polls by outcome", "A second.", "cps",
             [("sum by (outcome) (rate(khabar_feed_polls_total[$__rate_interval]))", "{{outcome}}")]),
            ("Items by outcome", "A second.", "cps",
             [("sum by (outcome) (rate(khabar_feed_items_total[$__rate_interval]))", "{{outcome}}")]),
            ("What could not be had", "A second.", "cps",
             [("sum by (what, fault) (rate(khabar_feed_faults_total[$__rate_interval]))", "{{what}}: {{fault}}")]),
            ("Seconds of a request", "95th percentile.", "s",
             [("histogram_quantile(0.95, sum by (le, what) (rate(khabar_feed_fetch_seconds_bucket[$__rate_interval])))",
               "{{what}}")]),
            ("Items that wait", "", "short", [("max(khabar_feed_items_pending)", "waiting")]),
            ("Oldest success", "Of the feed that waits longest.", "s",
             [("max(khabar_feed_oldest_success_seconds)", "oldest")]),
        ),
    ),
)  # fmt: skip


def board() -> Dashboard:
    """The board, as the SDK builds it."""
    made = (
        Dashboard("Khabar")
        .uid(UID)
        .description(
            "News articles through Khabar. docs/operating.md explains each metric, and what to do about alerts."
        )
        .tags(["khabar"])
        .refresh("30s")
        .time("now-1h", "now")
        .timezone("browser")
        .with_variable(
            DatasourceVariable("datasource")
            .label("Prometheus")
            .type("prometheus")
            .current(VariableOption(text="Prometheus", value=PROVISIONED_UID))
        )
        .with_variable(
            QueryVariable("chain")
            .label("Chain")
            .datasource(DATASOURCE)
            .query("label_values(khabar_workers_configured, chain)")
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .include_all(True)
            .all_value(".*")
            .multi(True)
        )
    )
    for number, (title, unit, query) in enumerate(STATS, 1):
        made.with_panel(
            Stat().id(number).title(title).unit(unit).datasource(DATASOURCE).span(SIXTH).height(4)
            .with_target(target(query, title, 0))
        )  # fmt: skip
    number = len(STATS)
    for title, panels in ROWS:
        number += 1
        made.with_row(Row(title).id(number))
        for panel in panels:
            number += 1
            made.with_panel(chart(number, *panel))
    return made


def chart(number: int, title: str, about: str, unit: str, queries: list[Query]) -> Timeseries:
    """A panel over time, with all its series in the tooltip."""
    legend = (
        VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
    )
    made = (
        Timeseries().id(number).title(title).description(about).unit(unit).min(0).datasource(DATASOURCE)
        .span(THIRD).height(8).fill_opacity(8).legend(legend)
        .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )  # fmt: skip
    for position, (query, name) in enumerate(queries):
        made.with_target(target(query, name, position))
    return made


def target(query: str, name: str, position: int) -> Dataquery:
    """A query of a panel, the first one called A."""
    return Dataquery().expr(query).legend_format(name).ref_id(chr(ord("A") + position)).datasource(DATASOURCE)


def text() -> str:
    """The board's file."""
    return (
        json.dumps(json.loads(JSONEncoder(sort_keys=True).encode(board().build())), indent=1, sort_keys=True)
        + "\n"
    )


def main() -> None:
    """Write the file, or with --check say whether it is as it should be."""
    if sys.argv[1:] == ["--check"]:
        if FILE.read_text(encoding="utf-8") != text():
            sys.exit(f"{FILE.name} is not what this makes: python -m deploy.grafana.board")
        return
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
