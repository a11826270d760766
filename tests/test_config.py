"""The configuration says everything that is wrong at once, and never a secret."""

from dataclasses import fields
from itertools import product

import pytest

from workers.config import Settings, secret_files, variables
from workers.errors import ConfigError

SECRET = "سر-geheim"


def mistakes_of(**variables_: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        Settings.from_env({f"KHABAR_{name}": value for name, value in variables_.items()})
    first, *rest = str(error.value).splitlines()
    assert first == "The configuration is wrong:"
    return [line.removeprefix("  ") for line in rest]


def settings_of(**variables_: str) -> Settings:
    return Settings.from_env({f"KHABAR_{name}": value for name, value in variables_.items()})


def test_without_variables_every_setting_has_its_default():
    assert Settings.from_env({"PATH": "/bin", "KHABARNOT": "x", "KHABAR_GROUP": " "}) == Settings()


@pytest.mark.parametrize(
    ("variable", "value", "setting"),
    [
        ("GROUP", "أخبار", "أخبار"),
        ("KAFKA", "a:9092, [::1]:9093 ,b.example:9094", ("a:9092", "[::1]:9093", "b.example:9094")),
        ("REDIS", "redis://localhost", "redis://localhost"),
        ("REDIS", "rediss://user:pass@[::1]:6380/2?health_check_interval=5", None),
        ("REDIS", "redis://:p%2Fss@h:6379/0", None),
        ("REDIS", "unix:///run/redis.sock?db=1", None),
        ("KAFKA_SECURITY", "plaintext", "PLAINTEXT"),
        ("LOG_LEVEL", "INFO", "info"),
        ("CREATE_TOPICS", "no", False),
        ("CREATE_TOPICS", "Off", False),
        ("WRITE_BETWEEN", "TRUE", True),
        ("WORKERS", " 3 ", 3),
        ("BATCH_EVENTS", "10000", 10_000),
        ("EVENT_TIMEOUT_S", "0.05", 0.05),
        ("DRAIN_TIMEOUT_S", "0", 0.0),
        ("TOPIC_PREFIX", "staging.articles", "staging.articles"),
        ("METRICS", "127.0.0.1:9464", "127.0.0.1:9464"),
        ("METRICS", "[::]:0", "[::]:0"),
    ],
)
def test_right_values_are_read(variable: str, value: str, setting: object):
    assert getattr(settings_of(**{variable: value}), variable.lower()) == (
        value if setting is None else setting
    )


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("BATCH_EVENTS", "٢٠٠", "takes a whole number from 1 to 10000"),
        ("BATCH_EVENTS", "0", "takes a whole number from 1 to 10000"),
        ("BATCH_EVENTS", "10001", "takes a whole number from 1 to 10000"),
        ("BATCH_EVENTS", "-5", "takes a whole number from 1 to 10000"),
        ("BATCH_EVENTS", "1e3", "takes a whole number from 1 to 10000"),
        ("BATCH_EVENTS", "9" * 5000, "takes a whole number from 1 to 10000"),
        ("EVENT_TIMEOUT_S", "inf", "takes seconds from 0.05 to 600"),
        ("EVENT_TIMEOUT_S", "nan", "takes seconds from 0.05 to 600"),
        ("EVENT_TIMEOUT_S", "601", "takes seconds from 0.05 to 600"),
        ("EVENT_TIMEOUT_S", "10s", "takes seconds from 0.05 to 600"),
        ("CREATE_TOPICS", "نعم", "takes 1 or 0"),
        ("LOG_FORMAT", "xml", "takes one of json, console"),
        ("KAFKA", "localhost", "takes HOST:PORT"),
        ("KAFKA", "a:9092,b", "takes HOST:PORT"),
        ("KAFKA", ",", "takes HOST:PORT"),
        ("KAFKA", "a:0", "takes HOST:PORT"),
        ("METRICS", "9464", "takes HOST:PORT"),
        ("METRICS", "::1:9464", "takes HOST:PORT"),
        ("METRICS", "localhost:65536", "takes HOST:PORT"),
        ("KAFKA", "a:65536", "takes HOST:PORT"),
        ("KAFKA", "http://a:9092", "takes HOST:PORT"),
        ("REDIS", "localhost:6379", "takes redis://"),
        ("REDIS", "redis://", "takes redis://"),
        ("REDIS", "redis://h:port/0", "takes redis://"),
        ("REDIS", "redis://h:65536/0", "takes redis://"),
        ("REDIS", "redis://h/first", "takes redis://"),
        ("REDIS", "redis://[::1/0", "takes redis://"),
        ("REDIS", "unix://", "takes redis://"),
        ("TOPIC_PREFIX", "مقالات", "takes 1 to 200 letters"),
    ],
)
def test_a_wrong_value_is_named_with_what_the_variable_takes(variable: str, value: str, message: str):
    (mistake,) = mistakes_of(**{variable: value})
    assert mistake.startswith(f"KHABAR_{variable}=")
    assert message in mistake
    assert len(mistake) < 250


def test_all_mistakes_are_reported_at_once():
    mistakes = mistakes_of(
        BATCHEVENTS="5",
        WORKERS="٣",
        KAFKA="nowhere",
        REDIS="here",
        KAFKA_SECURITY="SASL_SSL",
        KAFKA_KEY_FILE="key.pem",
    )
    assert [mistake.partition(":")[0].partition("=")[0].split()[0] for mistake in mistakes] == [
        "KHABAR_BATCHEVENTS", "KHABAR_KAFKA", "KHABAR_REDIS", "KHABAR_WORKERS", "KHABAR_KAFKA_SECURITY",
        "KHABAR_KAFKA_CERT_FILE",
    ]  # fmt: skip


def test_an_unknown_variable_is_a_mistake_and_its_value_is_not_shown():
    (mistake,) = mistakes_of(KAFKA_PASWORD=SECRET)
    assert mistake == "KHABAR_KAFKA_PASWORD: no such variable; see `khabar config` for those there are"


LOGIN = {"KAFKA_USERNAME": "khabar", "KAFKA_PASSWORD": SECRET}


@pytest.mark.parametrize(
    ("given_variables", "message"),
    [
        pytest.param({"KAFKA_SECURITY": "SASL_SSL"}, "asks for SASL", id="sasl without a login"),
        pytest.param({"KAFKA_SECURITY": "SASL_SSL", "KAFKA_USERNAME": "khabar"}, "asks for SASL", id="no password"),
        pytest.param(LOGIN, "KHABAR_KAFKA_USERNAME and KHABAR_KAFKA_PASSWORD: not used", id="login without sasl"),
        pytest.param(LOGIN | {"KAFKA_SECURITY": "SSL"}, "not used with KHABAR_KAFKA_SECURITY=SSL", id="login, ssl"),
        pytest.param({"KAFKA_CA_FILE": "ca.pem"}, "KHABAR_KAFKA_CA_FILE: not used", id="authority without tls"),
        pytest.param(LOGIN | {"KAFKA_CA_FILE": "ca.pem", "KAFKA_SECURITY": "SASL_PLAINTEXT"},
                     "KHABAR_KAFKA_CA_FILE: not used", id="authority, sasl without tls"),
        pytest.param({"KAFKA_CERT_FILE": "c.pem", "KAFKA_SECURITY": "SSL"}, "go together", id="certificate, no key"),
        pytest.param({"KAFKA_KEY_FILE": "k.pem", "KAFKA_SECURITY": "SSL"}, "go together", id="key, no certificate"),
        pytest.param({"REDIS": "redis://h", "REDIS_CA_FILE": "ca.pem"}, "rediss://", id="redis authority, no tls"),
    ],
)  # fmt: skip
def test_values_that_contradict_each_other_are_a_mistake(given_variables: dict[str, str], message: str):
    (mistake,) = mistakes_of(**given_variables)
    assert message in mistake


@pytest.mark.parametrize(
    "given_variables",
    [
        LOGIN | {"KAFKA_SECURITY": "SASL_SSL", "KAFKA_CA_FILE": "ca.pem"},
        LOGIN | {"KAFKA_SECURITY": "SASL_PLAINTEXT"},
        {"KAFKA_SECURITY": "SSL", "KAFKA_CERT_FILE": "c.pem", "KAFKA_KEY_FILE": "k.pem"},
        {"REDIS": "rediss://h", "REDIS_CA_FILE": "ca.pem"},
    ],
    ids=["sasl and tls", "sasl", "tls", "redis tls"],
)
def test_values_that_go_together_are_taken(given_variables: dict[str, str]):
    assert settings_of(**given_variables)


def test_a_wrong_security_is_one_mistake_whatever_depends_on_it():
    assert len(mistakes_of(KAFKA_SECURITY="TLS", KAFKA_CA_FILE="ca.pem", **LOGIN)) == 1


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"redis://:{SECRET}@h:6379/0", "redis://***@h:6379/0"),
        (f"rediss://user:a@{SECRET}@h", "rediss://***@h"),
        (f"redis://h:6379/0?password={SECRET}", "redis://h:6379/0"),
        (f"redis://:x@h/0?password=a%40{SECRET}", "redis://***@h/0"),
        (f"unix://user:{SECRET}@/run/redis.sock?db=1", "unix://***@/run/redis.sock"),
    ],
)
def test_a_redis_url_is_shown_without_its_secrets(url: str, shown: str):
    settings = settings_of(REDIS=url)
    assert settings.redis == url
    assert settings.shown()["KHABAR_REDIS"] == shown
    assert SECRET not in repr(settings) + str(settings)


SCHEMES = ["redis://", "rediss://", "unix://", "http://", ""]
BEFORE = ["", ":", "user:", "/", "?", "#", "h/", "[", "h:1/0;", "h:1/0#", "h?a=", "/run/"]
AFTER = ["", "@", "@h", "/@h:6379/0", "#@h/0", "?@h", " @h", "@/run/s", "%@[::1]:1/0"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_password_never_shows_wherever_it_was_put_in_the_url(scheme: str):
    for before, after in product(BEFORE, AFTER):
        url = f"{scheme}{before}{SECRET}{after}"
        try:
            shown = repr(settings_of(REDIS=url))
        except ConfigError as error:
            shown = str(error)
        if "@" not in url:  # then "redis://WORD" and "unix:///run/WORD" name a host and a file
            shown = shown.replace(f"://{SECRET}", "").replace(f"/{SECRET}", "")
        assert SECRET not in shown, url


def test_a_password_is_shown_as_stars_and_never_in_an_error():
    settings = settings_of(KAFKA_SECURITY="SASL_SSL", **LOGIN)
    assert settings.kafka_password == SECRET
    assert settings.shown()["KHABAR_KAFKA_PASSWORD"] == "***"
    assert SECRET not in repr(settings)
    assert SECRET not in "".join(mistakes_of(WORKERS="0", **LOGIN))
    assert SECRET not in "".join(mistakes_of(KAFKA=f"user:{SECRET}@broker:9092"))


def test_variables_lists_every_setting_with_its_default_and_purpose():
    listed = variables()
    assert [name for name, _, _ in listed] == [f"KHABAR_{item.name.upper()}" for item in fields(Settings)]
    assert all(about for _, _, about in listed)
    assert {name: default for name, default, _ in listed} == Settings().shown()


def test_the_defaults_are_themselves_values_that_the_variables_take():
    defaults = {name: default for name, default, _ in variables() if default}
    assert Settings.from_env(defaults) == Settings()


@pytest.fixture
def secret_file(tmp_path):
    """Writes a file of these bytes, and gives its path."""

    def write(content: bytes) -> str:
        path = tmp_path / "secret"
        path.write_bytes(content)
        return str(path)

    return write


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (SECRET.encode(), SECRET),
        (f"{SECRET}\n".encode(), SECRET),
        (f"{SECRET}\r\n".encode(), SECRET),
        (f" {SECRET}\n\n".encode(), f" {SECRET}\n"),
    ],
    ids=["no newline", "newline", "carriage return", "only one newline goes"],
)
def test_a_secret_is_read_from_the_file_that_its_variable_names(secret_file, content, password):
    settings = settings_of(
        KAFKA_SECURITY="SASL_SSL", KAFKA_USERNAME="khabar", KAFKA_PASSWORD_FILE=secret_file(content)
    )
    assert settings.kafka_password == password
    assert SECRET not in repr(settings)


def test_every_secret_can_stand_in_a_file():
    secrets = {item.name.upper() for item in fields(Settings) if item.metadata["secret"]}
    assert secrets >= {"REDIS", "KAFKA_PASSWORD"}
    assert secret_files() == {f"KHABAR_{name}_FILE": f"KHABAR_{name}" for name in secrets}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        ("كلمة".encode("cp1256"), "the file is not UTF-8"),
        (b"x" * 70_000, "the file is larger than 64 KiB"),
        (SECRET.encode(), "takes redis://"),
    ],
    ids=["empty", "white", "another charset", "large", "no URL"],
)
def test_a_wrong_file_is_one_mistake_that_names_it_and_not_what_it_holds(secret_file, content, message):
    path = secret_file(content)
    (mistake,) = mistakes_of(REDIS_FILE=path)
    assert mistake.startswith("KHABAR_REDIS")
    assert message in mistake
    assert SECRET not in mistake
    assert len(mistake) < 250 + len(path)


def test_a_file_that_is_not_there_is_one_mistake_whatever_depends_on_the_secret(tmp_path):
    missing = str(tmp_path / "missing")
    (mistake,) = mistakes_of(KAFKA_SECURITY="SASL_SSL", KAFKA_USERNAME="khabar", KAFKA_PASSWORD_FILE=missing)
    assert mistake == (
        f"KHABAR_KAFKA_PASSWORD_FILE={missing!r}: the file cannot be read: No such file or directory"
    )


def test_a_secret_and_a_file_for_it_are_one_too_many(secret_file):
    path = secret_file(SECRET.encode())
    (mistake,) = mistakes_of(REDIS=f"redis://:{SECRET}@h", REDIS_FILE=path)
    assert mistake == f"KHABAR_REDIS_FILE={path!r}: KHABAR_REDIS is set too; set one of the two"


@pytest.mark.parametrize("value", [f"redis://:{SECRET}@h:6379/0", SECRET])
def test_a_secret_written_where_its_file_belongs_is_not_shown(value: str):
    (mistake,) = mistakes_of(REDIS_FILE=value)
    assert mistake == "KHABAR_REDIS_FILE=***: the file cannot be read: No such file or directory"
