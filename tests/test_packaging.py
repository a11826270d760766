"""What is installed, and what is said about it: the wheel, the pinned versions, the README's table of variables.

`python tests/test_packaging.py` prints the table as it has to stand in README.md, between its two markers.
"""

import importlib.metadata
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections import deque
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from workers.config import variables

ROOT = Path(__file__).parents[1]
PACKAGES = ("workers", "schemas")
MARKERS = ("<!-- variables -->\n", "<!-- /variables -->")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BY_HAND = (
    "import sys, workers; from workers.demo import demo_events; print(workers.__file__, len(demo_events()))"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout, built as `pip install` builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel):
    on_disk = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    assert {name for name in packed if ".dist-info/" not in name} == on_disk


@pytest.mark.parametrize(
    "pattern",
    [
        r"schemas/[a-z_]+\.schema\.json",
        r"schemas/[a-z_]+\.example\.json",
        r"(schemas|workers)/py\.typed",
        r"workers/boilerplate/data/markers\.json",
        r"workers/entities/data/[a-z_]+\.tsv",
        r"workers/stores/lua/[a-z_]+\.lua",
        r"workers/web/templates/[a-z_]+\.html",
        r"workers/web/static/[a-z]+\.(css|js|svg)",
        r"workers/demo/manifest\.json",
        r"workers/demo/pages/[a-z-]+\.(html|txt|json|png)",
        r"workers/embedded/(kafka\.lock|log4j2\.properties)",
        r"khabar-[^/]+\.dist-info/licenses/(LICENSE|NOTICE)",
    ],
)
def test_the_wheel_holds_data_of_each_kind(wheel, pattern):
    with zipfile.ZipFile(wheel) as archive:
        assert any(re.fullmatch(pattern, name) for name in archive.namelist())


@pytest.mark.integration
def test_the_command_works_from_the_wheel_in_a_fresh_environment(wheel, tmp_path):
    """The dependencies are those of the running environment, lent by their path: installing them is pip's affair."""
    venv.create(tmp_path / "venv", with_pip=True)
    binaries = tmp_path / "venv" / "bin"
    install = [
        str(binaries / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        str(wheel),
    ]
    subprocess.run(install, check=True, timeout=100, capture_output=True)
    (site,) = (tmp_path / "venv" / "lib").glob("python3.*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("KHABAR_", "PYTHON"))
    }

    def run(*command):
        return subprocess.run(
            command, cwd=tmp_path, env=environ, check=True, capture_output=True, text=True, timeout=60
        ).stdout

    place, events = run(str(binaries / "python"), "-c", BY_HAND).split()
    assert Path(place).is_relative_to(site)
    assert int(events) >= 24
    assert run(str(binaries / "khabar"), "--version") == f"khabar, version {PROJECT['version']}\n"
    assert "articles.published" in run(str(binaries / "khabar"), "topics", "ls")


def pinned():
    """Package to its pinned versions; one whose version depends on the machine has several lines."""
    pins: dict[str, list[str]] = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            ((operator, version),) = [(each.operator, each.version) for each in requirement.specifier]
            assert operator == "==", line
            pins.setdefault(canonicalize_name(requirement.name), []).append(version)
    return pins


def declared():
    extras = PROJECT["optional-dependencies"].values()
    return [Requirement(line) for lines in (PROJECT["dependencies"], *extras) for line in lines]


@pytest.mark.parametrize("requirement", declared(), ids=lambda requirement: requirement.name)
def test_a_declared_dependency_is_pinned_to_versions_that_it_allows(requirement):
    versions = pinned().get(canonicalize_name(requirement.name))
    assert versions, f"constraints.txt does not pin {requirement.name}"
    assert [each for each in versions if not requirement.specifier.contains(each)] == []


def _requires(name):
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # of an extra that is not installed here
        return []


def test_what_the_dependencies_need_is_pinned_too():
    pins, seen, unpinned = pinned(), set(), []
    waiting = deque((requirement, "khabar") for requirement in declared())
    while waiting:
        requirement, by = waiting.popleft()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        if key[0] not in pins:
            unpinned.append(f"{requirement} (for {by})")
        for line in _requires(key[0]):
            needed = Requirement(line)
            extras = ("", *requirement.extras)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append((needed, requirement.name))
    assert unpinned == []
    assert len(seen) > len(declared())


def variables_table():
    """The variables as the README's table."""
    rows = [
        f"| `{name}` | {f'`{default}`' if default else ''} | {about.replace('|', chr(92) + '|')} |"
        for name, default, about in variables()
    ]
    return "\n".join(["| variable | default | what it does |", "|---|---|---|", *rows]) + "\n"


def test_the_readme_lists_the_variables_as_they_are():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    start, end = MARKERS
    assert (text.count(start), text.count(end)) == (1, 1), f"README.md needs one {start.strip()} … {end}"
    listed = text.split(start)[1].split(end)[0].strip()
    assert listed == variables_table().strip(), (
        "python tests/test_packaging.py prints the table that belongs there"
    )


if __name__ == "__main__":
    sys.stdout.write(variables_table())
