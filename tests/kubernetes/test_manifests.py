"""deploy/kubernetes, built by kustomize: what the API and KEDA take, and what Khabar needs of it. No cluster is asked."""

import copy
import shutil
import subprocess
from functools import cache
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator

from workers.config import Settings, secret_files, variables
from workers.runtime.chain import ALL_STAGES, INPUT_ROLES, StageName, group_name
from workers.runtime.supervisor import GRACE_S
from workers.topics import table

ROOT = Path(__file__).parents[2]
OVERLAYS = sorted(
    path.parent.name for path in (ROOT / "deploy/kubernetes/overlays").glob("*/kustomization.yaml")
)
API_VERSIONS = ("1.28", "1.31", "1.34")
"""An old one that is still run, and newer ones; each field has to be known to all."""
CRDS = {
    crd["spec"]["names"]["kind"]: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for crd in (yaml.safe_load(path.read_text()) for path in Path(__file__).with_name("keda").glob("*.yaml"))
}

pytestmark = [
    pytest.mark.kubernetes,
    # The library asks pkg_resources' successors in a way that Python 3.13 warns of.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@cache
def built(overlay: str) -> tuple[dict, ...]:
    kustomize = shutil.which("kustomize")
    assert kustomize, "there is no kustomize: run .ci/kubernetes, which gets it"
    command = [kustomize, "build", str(ROOT / "deploy/kubernetes/overlays" / overlay)]
    output = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    return tuple(yaml.safe_load_all(output))


def of_kind(overlay: str, *kinds: str) -> dict[str, dict]:
    return {each["metadata"]["name"]: each for each in built(overlay) if each["kind"] in kinds}


def check(manifest: dict, version: str = API_VERSIONS[-1]) -> None:
    """Raises an error where the API, or KEDA, would refuse the manifest, or silently leave a field out."""
    if manifest["kind"] in CRDS:
        Draft202012Validator(closed(CRDS[manifest["kind"]])).validate(
            {name: value for name, value in manifest.items() if name != "metadata"}
        )
    else:
        kubernetes_validate.validate(manifest, version, strict=True)


def closed(schema):
    """The schema with unknown fields refused, which the API server leaves out without a word."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    result = {name: closed(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        result.setdefault("additionalProperties", False)
    return result


def config_of(overlay: str) -> dict:
    """The ConfigMap with the variables; kustomize adds a digest to its name."""
    (config,) = [
        each for name, each in of_kind(overlay, "ConfigMap").items() if not name.startswith("khabar-feeds-")
    ]
    return config


overlays = pytest.mark.parametrize("overlay", OVERLAYS)


@overlays
@pytest.mark.parametrize("version", API_VERSIONS)
def test_every_manifest_is_what_the_api_takes(overlay, version):
    for manifest in built(overlay):
        check(manifest, version)


def fields(value, path=()):
    """The paths of all fields whose name the schema knows, as opposed to names that are anybody's to choose."""
    free = {"labels", "matchLabels", "data", "annotations", "requests", "limits", "metadata", "selector"}
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from fields(each, (*path, number))
    elif isinstance(value, dict):
        for name, each in value.items():
            yield (*path, name)
            if name not in free:
                yield from fields(each, (*path, name))


def misspelt(manifest, path):
    result = copy.deepcopy(manifest)
    parent = result
    for part in path[:-1]:
        parent = parent[part]
    parent[f"{path[-1]}x"] = parent.pop(path[-1])
    return result


@pytest.mark.parametrize(
    ("kind", "name"),
    [("Deployment", "dedup"), ("Job", "topics"), ("NetworkPolicy", "feeds-reach-sites"),
     ("PodDisruptionBudget", "dedup"), ("ScaledObject", "dedup"), ("TriggerAuthentication", "kafka")],
)  # fmt: skip
def test_a_misspelt_field_is_refused_wherever_it_stands(kind, name):
    manifest = of_kind("production", kind)[name]
    paths = [path for path in fields(manifest) if path[0] == "spec" and len(path) > 1]
    taken = []
    for path in paths:
        try:
            check(misspelt(manifest, path))
        except Exception:  # noqa: BLE001 - of either library; that it is refused is the point
            continue
        taken.append(path)
    assert [path for path in taken if path[-2:-1] != ("metadata",)] == []
    assert len(paths) >= 2


def pods(overlay: str) -> dict[str, dict]:
    return {
        name: each["spec"]["template"]["spec"] for name, each in of_kind(overlay, "Deployment", "Job").items()
    }


@overlays
def test_every_pod_is_held_to_what_it_needs(overlay):
    assert set(pods(overlay)) == {*ALL_STAGES, "feeds", "web", "topics"}
    for name, pod in pods(overlay).items():
        context = pod["securityContext"]
        assert (context["runAsNonRoot"], context["runAsUser"]) == (True, 10001), name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, name
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}, name
        assert "memory" in container["resources"]["limits"], name


@overlays
@pytest.mark.parametrize("name", [*ALL_STAGES, "feeds"])
def test_a_pod_with_work_in_flight_is_judged_by_it_and_has_time_to_drain(overlay, name):
    pod = pods(overlay)[name]
    (container,) = pod["containers"]
    assert container["args"][:2] == (["feeds", "run"] if name == "feeds" else ["run", name])
    for probe in ("startupProbe", "livenessProbe"):
        assert container[probe]["exec"]["command"] == ["khabar", "health", name]
    assert pod["terminationGracePeriodSeconds"] > Settings().drain_timeout_s + GRACE_S + 5


@overlays
@pytest.mark.parametrize("name", [*ALL_STAGES, "feeds"])
def test_prometheus_is_told_where_the_metrics_are(overlay, name):
    template = of_kind(overlay, "Deployment")[name]["spec"]["template"]
    (port,) = template["spec"]["containers"][0]["ports"]
    config = config_of(overlay)
    assert config["data"]["KHABAR_METRICS"] == f"0.0.0.0:{port['containerPort']}"
    assert template["metadata"]["annotations"] == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(port["containerPort"]),
    }


@overlays
def test_the_variables_are_khabars_and_the_files_of_secrets_are_in_the_secret(overlay):
    config = config_of(overlay)
    known = {name for name, _, _ in variables()} | set(secret_files())
    assert config["data"].keys() <= known
    (secret,) = of_kind(overlay, "Secret").values()
    paths = {Path(value) for value in config["data"].values() if value.startswith("/run/khabar/")}
    assert {path.name for path in paths} == secret["data"].keys()
    for pod in pods(overlay).values():
        (volume,) = [each for each in pod["volumes"] if each["name"] == "secrets"]
        assert volume["secret"]["secretName"] == secret["metadata"]["name"]


@overlays
def test_no_secret_stands_in_a_variable(overlay):
    for name, each in of_kind(overlay, "ConfigMap").items():
        assert not {*secret_files().values()} & each["data"].keys(), name


@overlays
def test_every_stage_may_lose_one_pod_at_a_time(overlay):
    budgets = of_kind(overlay, "PodDisruptionBudget")
    for name in (*ALL_STAGES, "feeds"):
        assert budgets[name]["spec"]["maxUnavailable"] == 1
        selected = budgets[name]["spec"]["selector"]["matchLabels"].items()
        template = of_kind(overlay, "Deployment")[name]["spec"]["template"]
        assert selected <= template["metadata"]["labels"].items()


@overlays
def test_nothing_is_reached_that_no_policy_names(overlay):
    policies = of_kind(overlay, "NetworkPolicy")
    assert policies["nothing-else"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    outside = [
        name
        for name, policy in policies.items()
        for rule in policy["spec"].get("egress", [])
        if any("ipBlock" in to for to in rule["to"])
    ]
    assert outside == ["feeds-reach-sites"]


@pytest.mark.parametrize("name", ALL_STAGES)
def test_a_stage_grows_with_its_lag_to_one_pod_a_partition(name):
    scaled = of_kind("production", "ScaledObject")[name]["spec"]
    config = config_of("production")
    (trigger,) = scaled["triggers"]
    stage = StageName(name)
    assert scaled["scaleTargetRef"]["name"] == name
    assert scaled["maxReplicaCount"] == int(config["data"]["KHABAR_PARTITIONS"])
    assert trigger["metadata"]["topic"] == table()[INPUT_ROLES[stage]].name
    assert trigger["metadata"]["consumerGroup"] == group_name(Settings().group, (stage,))
    assert "replicas" not in of_kind("production", "Deployment")[name]["spec"]
