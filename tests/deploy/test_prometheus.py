"""The configuration and the alert rules for Prometheus, by promtool and beside the code."""

import re
from pathlib import Path

import pytest
import yaml

from tests.support.scraping import promtool
from workers.runtime.metrics import LABELS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
CASES = yaml.safe_load((FOLDER / "alerts.test.yml").read_text(encoding="utf-8"))["tests"]
NAMES = [rule["alert"] for rule in RULES]

each_rule = pytest.mark.parametrize("rule", RULES, ids=NAMES)


def test_promtool_takes_the_configuration():
    promtool("check", "config", str(FOLDER / "prometheus.yml"))


def test_alerts_fire_where_they_should_and_nowhere_else():
    promtool("test", "rules", str(FOLDER / "alerts.test.yml"))


@each_rule
def test_an_alert_is_tried_where_it_fires_and_where_it_does_not(rule):
    tried = [
        bool(each["exp_alerts"])
        for case in CASES
        for each in case["alert_rule_test"]
        if each["alertname"] == rule["alert"]
    ]
    assert set(tried) == {True, False}


@each_rule
def test_an_alert_names_metrics_that_there_are(rule, series):
    assert set(re.findall(r"\bkhabar_\w+", rule["expr"])) <= series
    assert set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))) <= {*LABELS, "instance", "component"}


@each_rule
def test_an_alert_says_how_bad_it_is_and_leads_to_what_to_do(rule):
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    path, _, anchor = rule["annotations"]["runbook_url"].partition("/blob/main/")[2].partition("#")
    headings = re.findall(r"^### (.+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {heading.lower() for heading in headings}


def test_a_label_of_the_targets_is_none_of_the_metrics():
    """Prometheus would call the metric's `exported_…`."""
    [job] = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert {each["target_label"] for each in job["relabel_configs"]}.isdisjoint(LABELS)


def test_the_services_that_are_read_are_those_of_the_compose_files_at_the_port_that_they_serve():
    files = [ROOT / "docker-compose.yml", ROOT / "docker-compose.chain.yml"]
    services = {}
    for path in reversed(files):
        services |= yaml.safe_load(path.read_text(encoding="utf-8"))["services"]
    for name in ("boilerplate", "entities", "dedup", "feeds", "web"):
        assert services[name]["environment"]["KHABAR_METRICS"] == "0.0.0.0:9464"
    [job] = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    [found] = job["dns_sd_configs"]
    assert found["port"] == 9464
    assert set(found["names"]) == {"boilerplate", "entities", "dedup", "chain", "feeds", "web"}
    assert set(found["names"]) <= services.keys()
