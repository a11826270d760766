"""Apache Kafka's jars: a pinned list, downloaded once by jgo and checked at every start.

`kafka.lock` holds every jar with its digest. `python -m workers.embedded.jars` writes it anew for the
versions in `TOP`; a start only reads it, so it resolves nothing and needs no network once the jars are there.
"""

import contextlib
import hashlib
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.embedded.locks import FileLock
from workers.errors import ConfigError

TOP = ("org.apache.kafka:kafka_2.13:4.1.2", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3")
KAFKA_VERSION = TOP[0].rpartition(":")[2]
LOCK_FILE = Path(__file__).with_name("kafka.lock")

DOWNLOAD_TIMEOUT_S = 30
"""Silence of the network for so long is a failure; a slow download is not."""
LOCK_TIMEOUT_S = 600.0
"""Another process may be downloading the same jars; on a slow line that takes minutes."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar of Kafka's class path: Maven coordinates, length and SHA-256 of the file."""

    group: str
    artifact: str
    version: str
    size_bytes: int
    sha256: str

    @property
    def path(self) -> Path:
        """Where a Maven repository keeps it."""
        return Path(
            *self.group.split("."), self.artifact, self.version, f"{self.artifact}-{self.version}.jar"
        )

    def is_intact(self, repository: Path) -> bool:
        file = repository / self.path
        try:
            if file.stat().st_size != self.size_bytes:
                return False
            with file.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest() == self.sha256
        except FileNotFoundError:
            return False


def locked_jars() -> tuple[Jar, ...]:
    """The jars that `kafka.lock` names, in the order of the class path."""
    jars = []
    for line in LOCK_FILE.read_text(encoding="utf-8").splitlines():
        coordinates, size, sha256 = line.split()
        group, artifact, version = coordinates.split(":")
        jars.append(Jar(group, artifact, version, int(size), sha256))
    return tuple(jars)


def class_path(repository: Path, on_progress: Callable[[str], None]) -> list[Path]:
    """The jars' paths in `repository`, downloaded where they are missing or damaged.

    Raises ConfigError that says what could not be downloaded, why, and what to do instead.
    """
    jars = locked_jars()
    try:
        if not all(jar.is_intact(repository) for jar in jars):
            repository.mkdir(parents=True, exist_ok=True)
            with FileLock.held(repository / "download.lock", LOCK_TIMEOUT_S):
                _download([jar for jar in jars if not jar.is_intact(repository)], repository, on_progress)
    except OSError as error:
        raise ConfigError(_failure(f"the cache folder {repository} cannot be used: {error}")) from error
    return [repository / jar.path for jar in jars]


def _download(missing: Sequence[Jar], repository: Path, on_progress: Callable[[str], None]) -> None:
    context = _maven(repository)
    total_mb = sum(jar.size_bytes for jar in missing) / 1e6
    done_mb = 0.0
    for number, jar in enumerate(missing, start=1):
        on_progress(
            f"Downloading Apache Kafka {KAFKA_VERSION}: file {number} of {len(missing)}, "
            f"{done_mb:.0f} of {total_mb:.0f} MB"
        )
        with _clean_after_failure(repository / jar.path):
            _fetch(context, jar)
            if not jar.is_intact(repository):
                raise ConfigError(
                    _failure(f"{jar.path.name} arrived damaged: its SHA-256 is not {jar.sha256}")
                )
        done_mb += jar.size_bytes / 1e6
    on_progress(f"Downloaded Apache Kafka {KAFKA_VERSION}: {total_mb:.0f} MB in {repository}")


def _fetch(context: Any, jar: Jar) -> None:  # noqa: ANN401 - jgo carries no types
    requests = importlib.import_module("requests")
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    try:
        artifact.resolve()
    except requests.RequestException as error:
        raise ConfigError(_failure(f"fetching {jar.path.name} failed: {_innermost(error)}")) from error
    except RuntimeError as error:  # jgo's word for "no repository has it"
        raise ConfigError(_failure(str(error))) from error


def _maven(repository: Path) -> Any:  # noqa: ANN401 - jgo carries no types
    """Maven's repositories as jgo sees them: its default one and those in the user's jgo configuration."""
    try:
        maven = importlib.import_module("jgo.maven")
        config = importlib.import_module("jgo.config")
    except ModuleNotFoundError as error:
        raise ConfigError(
            "Kafka's jars are not here and jgo, which downloads them, is not installed: "
            "pip install 'khabar[embedded]', or set KHABAR_KAFKA to brokers of your own"
        ) from error
    context = maven.MavenContext(repo_cache=repository, timeout=DOWNLOAD_TIMEOUT_S)
    context.remote_repos.update(config.GlobalSettings.load().repositories)
    return context


@contextlib.contextmanager
def _clean_after_failure(file: Path) -> Iterator[None]:
    """Leave no half-written file: jgo writes under the final name, and takes what it finds there for the jar."""
    file.unlink(missing_ok=True)
    try:
        yield
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _innermost(error: BaseException) -> str:
    """The cause at the bottom: what requests wraps around it hides the sentence that helps."""
    reason: object = error
    while isinstance(reason, BaseException):
        inner = getattr(reason, "reason", None) or next(
            (arg for arg in reason.args if isinstance(arg, BaseException)), None
        )
        if inner is None or inner is reason:
            break
        reason = inner
    return str(reason)


def _failure(what: str) -> str:
    return (
        f"Apache Kafka {KAFKA_VERSION} could not be downloaded: {what}\n"
        "Check the network (HTTPS_PROXY and REQUESTS_CA_BUNDLE are honoured) and the free disk space, "
        "then try again: what has arrived is kept. Or set KHABAR_KAFKA to brokers of your own."
    )


def write_lock(repository: Path) -> None:
    """Resolve `TOP` with jgo, download every jar into `repository`, and write `kafka.lock`."""
    jgo = importlib.import_module("jgo")
    context = _maven(repository)
    lines = set()
    for top in TOP:  # one at a time: together, jgo lets log4j's parent choose Kafka's versions
        for found in jgo.resolve(top):
            file = (
                context.project(found.groupId, found.artifactId)
                .at_version(found.version)
                .artifact()
                .resolve()
            )
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            lines.add(f"{found.groupId}:{found.artifactId}:{found.version} {file.stat().st_size} {digest}\n")
    projects = [line.rpartition(":")[0] for line in lines]
    if len(set(projects)) != len(projects):
        raise ConfigError("two versions of one jar: " + ", ".join(sorted(lines)))
    LOCK_FILE.write_text("".join(sorted(lines)), encoding="utf-8")


if __name__ == "__main__":
    write_lock(Path(sys.argv[1]))
