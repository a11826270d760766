"""`python -m workers.asyncapi`: schemas/asyncapi.json, the topics as an AsyncAPI 3 document, made from the code.

With --check it writes nothing, and fails when the file is not what the code says. The document is written for an
application beside Khabar: it sends to articles.raw, and receives from the others.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from schemas import generate
from workers.config import Settings
from workers.origin import ORIGIN_HEADER, READ_HEADER, REPLAY_HEADER, REPLAY_NAME_HEADER, TRACE_HEADER
from workers.runtime.dead_letters import DEAD_LETTER_HEADER
from workers.topics import DAY_MS, MIB, Role, Topic, table

FILE: Final = generate.FOLDER / "asyncapi.json"
VERSION: Final = "1.0.0"
"""Of the document. The first number is the version of every record in it; the second grows with added fields."""

Json = dict[str, Any]

_PROJECT: Final = "https://github.com/khabar-news/khabar"
_KAFKA_BINDING: Final = "0.5.0"
_ABOUT: Final = """\
Khabar reads news pages from Kafka and publishes each article once, with the persons, organisations and places named \
in it, and with a word on whether it repeats an earlier one.

This document is written for an application beside Khabar: `send` is what that application sends, `receive` what it \
can receive. Every page sent to `articles.raw` ends in exactly one of `articles.published`, `articles.duplicates`, \
`articles.rejected` and `articles.dead`.

**Read with `isolation.level=read_committed`.** Other readers also see records of work that was broken off and done \
again.

**Versions.** These topics carry records of version 1. Within it, optional fields are only added: ignore fields that \
you do not know. A version 2 would come in topics of other names.

The first part of the topics' names, `articles`, is configuration (`KHABAR_TOPIC_PREFIX`)."""

_LINEAGE: Final[Json] = {
    ORIGIN_HEADER: {
        "type": "string",
        "pattern": "^.+:[0-9]+:[0-9]+$",
        "description": "TOPIC:PARTITION:OFFSET of the page in articles.raw that this was made from. Unique in "
        "published, duplicates, rejected and dead taken together, unless the page was replayed.",
    },
    READ_HEADER: {
        "type": "string",
        "pattern": "^.+:[0-9]+:[0-9]+$",
        "description": "The page that was really read, where that is another one: of a replay. It repeats the page that "
        f"{ORIGIN_HEADER} names. Of records with one origin, the one with the larger offset here is the newer.",
    },
    REPLAY_HEADER: {
        "type": "string",
        "pattern": "^[1-9][0-9]*$",
        "description": "In which replay of all pages this was made: 1, 2, …; absent before the first. Of records with "
        "one origin, the highest number is the newest.",
    },
    REPLAY_NAME_HEADER: {
        "type": "string",
        "description": "In which replay of a window of time this was made; absent in none.",
    },
    TRACE_HEADER: {
        "type": "string",
        "description": "The context of the trace that this belongs to, by W3C Trace Context; absent without traces.",
    },
}

# What a bare page's headers may say; the envelope has a field for each.
_PAGE_HEADERS: Final = {
    "content-type": "Media type of the value, such as text/html; charset=windows-1256. JSON would make it an envelope.",
    "url": "Address of the page.",
    "source": "Name of who published it, as readers know it.",
    "fetched-at": "When it was fetched, RFC 3339.",
    "title": "Headline, as the feed has it.",
    "published-at": "When it was published, RFC 3339 if the feed knows how.",
    "lang": "Language, BCP 47.",
    "author": "Who wrote it.",
    "tags": "Keywords, separated by commas, Latin or Arabic.",
    "meta": "A JSON object of your own; it comes out again, untouched, in the record.",
}


def document() -> Json:
    """The AsyncAPI document of the topics as they are named by default."""
    topics = table()
    return {
        "asyncapi": "3.1.0",
        "id": "urn:khabar:v1",
        "info": {
            "title": "Khabar",
            "version": VERSION,
            "description": _ABOUT,
            "contact": {"name": "Khabar", "url": _PROJECT},
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [{"name": "news"}, {"name": "kafka"}],
            "externalDocs": {
                "url": f"{_PROJECT}/blob/main/docs/contract.md",
                "description": "The contract in words: keys, headers, versions, exactly-once recipes",
            },
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {str(role): _channel(topic) for role, topic in topics.items()},
        "operations": dict(_operation(topic) for topic in topics.values()),
        "components": {
            "messages": {name: _message(name) for name in generate.RECORD_TYPES}
            | {"bare_page": _bare_page()},
            "schemas": _schemas(),
            "securitySchemes": _SECURITY,
        },
    }


def main(arguments: Sequence[str], file: Path = FILE) -> int:
    """Write the document, or check it with --check; the exit status."""
    if list(arguments) not in ([], ["--check"]):
        print("usage: python -m workers.asyncapi [--check]", file=sys.stderr)
        return 2
    text = json.dumps(document(), ensure_ascii=False, indent=2) + "\n"
    if file.is_file() and file.read_text("utf-8") == text:
        return 0
    if arguments:
        print(f"schemas/{file.name} is not what the code says: run python -m workers.asyncapi")
        return 1
    file.write_text(text, "utf-8")
    print(f"wrote schemas/{file.name}")
    return 0


_SECURITY: Final[Json] = {
    "scram": {"type": "scramSha512", "description": "SASL with SCRAM-SHA-512, or SCRAM-SHA-256."},
    "plain": {"type": "plain", "description": "SASL with PLAIN."},
    "certificate": {"type": "X509", "description": "A client certificate."},
}


def _servers() -> Json:
    variables: Json = {
        "host": {"default": "localhost", "description": "A broker of the cluster; clients find the others."},
        "port": {"default": "9092", "description": "`khabar up` chooses a free one, and shows it."},
    }
    where: Json = {"host": "{host}:{port}", "variables": variables}
    return {
        "open": where | {"protocol": "kafka", "description": "Kafka without login and encryption."},
        "secured": where
        | {
            "protocol": "kafka-secure",
            "description": "Kafka with TLS, and a login or a client certificate.",
            "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY],
        },
    }


def _channel(topic: Topic) -> Json:
    return {
        "address": topic.name,
        "title": topic.name,
        "summary": topic.about,
        "description": f"Key: {topic.key}. Kept for {topic.retention_ms // DAY_MS} days. The largest record has "
        f"{topic.max_message_bytes // MIB} MiB: let your client fetch as much. Not compacted. The number of "
        "partitions is configuration, the one here its default; all records of one key are in one of them, in order.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _messages_of(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": Settings().partitions,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": topic.retention_ms,
                    "max.message.bytes": topic.max_message_bytes,
                },
                "bindingVersion": _KAFKA_BINDING,
            }
        },
    }


def _messages_of(topic: Topic) -> list[str]:
    return [topic.schema, "bare_page"] if topic.role is Role.RAW else [topic.schema]


def _operation(topic: Topic) -> tuple[str, Json]:
    action = "send" if topic.role is Role.RAW else "receive"
    role = str(topic.role)
    operation: Json = {
        "action": action,
        "channel": {"$ref": f"#/channels/{role}"},
        "title": f"{action} {topic.name}",
        "summary": topic.about,
        "messages": [{"$ref": f"#/channels/{role}/messages/{name}"} for name in _messages_of(topic)],
    }
    if action == "receive":
        group = {"type": "string", "description": "Your own; consumers of one group share the partitions."}
        operation["bindings"] = {"kafka": {"groupId": group, "bindingVersion": _KAFKA_BINDING}}
    return f"{action}{role.capitalize()}", operation


def _message(name: str) -> Json:
    """The message whose value, or with a dead letter whose header, is the record that RECORD_TYPES calls `name`."""
    schema = {"$ref": f"#/components/schemas/{generate.RECORD_TYPES[name].__name__}"}
    example = json.loads((generate.FOLDER / f"{name}.example.json").read_bytes())
    message: Json = {
        "name": name,
        "title": f"{name}, version 1",
        "summary": generate.json_schema(name)["description"].split("\n")[0],
        "contentType": "application/json",
        "x-khabar-schema": f"urn:khabar:v1:{name}",
    }
    if name == "raw_event":
        media = {"type": "string", "pattern": "json", "description": "application/json. May be left out."}
        headers, key = (
            _headers({"content-type": media}),
            "The same for all versions of a page, so that they stay in order.",
        )
        return message | _body(schema, headers, key, {"content-type": "application/json"}, example)
    if name == "dead_letter":
        return message | _dead_letter(schema, example)
    headers, key = _headers(_LINEAGE, required=[ORIGIN_HEADER]), "The article id, as in the record."
    return message | _body(schema, headers, key, {ORIGIN_HEADER: "articles.raw:3:4711"}, example)


def _dead_letter(schema: Json, example: Json) -> Json:
    why = {
        "type": "string",
        "contentMediaType": "application/json",
        "description": "Why and where the page died: JSON of the schema DeadLetter.",
        "x-khabar-content-schema": schema,
    }
    headers = _headers(_LINEAGE | {DEAD_LETTER_HEADER: why}, required=[ORIGIN_HEADER, DEAD_LETTER_HEADER])
    given = {ORIGIN_HEADER: example["origin"], DEAD_LETTER_HEADER: json.dumps(example, ensure_ascii=False)}
    value = {"type": "string", "description": "The value as it was sent, byte for byte, in whatever form."}
    body = _body(value, headers, "As in the event.", given, '{"body": "…", "source": 3}')
    return body | {"contentType": "application/octet-stream"}


def _bare_page() -> Json:
    described = {name: {"type": "string", "description": about} for name, about in _PAGE_HEADERS.items()}
    value = {"type": "string", "description": "The page itself, HTML or plain text, in any charset."}
    given = {
        "content-type": "text/html; charset=utf-8",
        "url": "https://akhbar.example/thaqafa/2024/10/13/maktaba",
    }
    page = json.loads((generate.FOLDER / "raw_event.example.json").read_bytes())["body"]
    return {
        "name": "bare_page",
        "title": "bare page",
        "summary": "A page as it was fetched, without an envelope; what is known of it stands in headers, as UTF-8.",
        "contentType": "text/html",
        **_body(
            value,
            _headers(described),
            "The same for all versions of a page, so that they stay in order.",
            given,
            page,
        ),
    }


def _headers(properties: Mapping[str, Json], required: Sequence[str] = ()) -> Json:
    return {"type": "object", "properties": dict(properties)} | (
        {"required": list(required)} if required else {}
    )


def _body(payload: Json, headers: Json, key: str, given: Json, example: object) -> Json:
    return {
        "payload": payload,
        "headers": headers,
        "bindings": {
            "kafka": {"key": {"type": "string", "description": key}, "bindingVersion": _KAFKA_BINDING}
        },
        "examples": [
            {"name": "example", "summary": "Of an invented article.", "headers": given, "payload": example}
        ],
    }


def _schemas() -> Json:
    """The JSON Schemas of all records side by side, their definitions once."""
    found: Json = {}
    for name, record_type in generate.RECORD_TYPES.items():
        schema = generate.json_schema(name)
        definitions = schema.pop("$defs", {}) | {record_type.__name__: schema}
        for dialect in ("$schema", "$id"):
            del schema[dialect]
        found |= _moved(definitions)
    return dict(sorted(found.items()))


def _moved(value: Any) -> Any:  # noqa: ANN401  (any JSON)
    """`value` with its references into $defs leading to the document's components."""
    if isinstance(value, dict):
        return {
            key: part.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _moved(part)
            for key, part in value.items()
        }
    return [_moved(part) for part in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
