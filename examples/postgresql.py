"""The articles in PostgreSQL, with their entities in a table of their own, each stored exactly once.

    pip install 'psycopg[binary]'
    python examples/postgresql.py follow 'postgresql:///news'
    python examples/postgresql.py search 'postgresql:///news' Egypt library
    python examples/postgresql.py entities 'postgresql:///news'

Where the reading stands is kept in the same database and written in the same transaction as the article. So a crash can
part neither from the other, and a second `follow` that still holds an article which another one has stored leaves it out.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from folding import fold
from psycopg.types.json import Jsonb

from schemas.published_article import PublishedArticle
from workers.errors import KhabarError
from workers.subscribe import Partition, Position, subscribe

SCHEMA = """
CREATE TABLE IF NOT EXISTS articles (
    id text PRIMARY KEY, title text, url text, lang text NOT NULL, source text, published_at timestamptz,
    text text NOT NULL, record jsonb NOT NULL, words tsvector NOT NULL
);
CREATE INDEX IF NOT EXISTS articles_words ON articles USING gin (words);
CREATE TABLE IF NOT EXISTS entities (
    id text PRIMARY KEY, label text NOT NULL, name text NOT NULL, name_en text, country text
);
CREATE TABLE IF NOT EXISTS article_entities (
    article text REFERENCES articles ON DELETE CASCADE, entity text REFERENCES entities, salience real NOT NULL,
    mentions integer NOT NULL, PRIMARY KEY (article, entity)
);
CREATE INDEX IF NOT EXISTS article_entities_entity ON article_entities (entity);
CREATE TABLE IF NOT EXISTS offsets (topic text, partition integer, next bigint NOT NULL, PRIMARY KEY (topic, partition));
"""

# No row is changed where somebody else has come further; who comes second waits here for the first.
ADVANCE = """
INSERT INTO offsets VALUES (%s, %s, %s)
ON CONFLICT (topic, partition) DO UPDATE SET next = excluded.next WHERE offsets.next < excluded.next
"""

# An article comes again under its id in a replay (docs/replay.md): the newer record counts.
STORE = """
INSERT INTO articles VALUES (
    %(id)s, %(title)s, %(url)s, %(lang)s, %(source)s, %(published_at)s, %(text)s, %(record)s,
    setweight(to_tsvector('simple', %(heading)s), 'A') || setweight(to_tsvector('simple', %(names)s), 'B')
        || to_tsvector('simple', %(body)s)
)
ON CONFLICT (id) DO UPDATE SET title = excluded.title, url = excluded.url, lang = excluded.lang,
    source = excluded.source, published_at = excluded.published_at, text = excluded.text, record = excluded.record,
    words = excluded.words
"""
STORE_ENTITY = "INSERT INTO entities VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
STORE_LINK = "INSERT INTO article_entities VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"

SEARCH = """
SELECT lang, title, url FROM articles, plainto_tsquery('simple', %s) AS query WHERE words @@ query
ORDER BY ts_rank(words, query) DESC LIMIT 20
"""
NAMED_MOST = """
SELECT label, coalesce(name_en, name), count(*) FROM article_entities JOIN entities ON entities.id = entity
GROUP BY entities.id ORDER BY count(*) DESC, entities.id LIMIT 20
"""


def connect(address: str) -> psycopg.Connection:
    """The database, with its tables made where there are none."""
    database = psycopg.connect(address, autocommit=True)
    # A crash of the server may lose the last commits, articles and offsets alike: they are read again.
    database.execute("SET synchronous_commit = off")
    with database.transaction():
        database.execute(
            "SELECT pg_advisory_xact_lock(hashtext('khabar tables'))"
        )  # of two at once, one makes them
        database.execute(SCHEMA)
    return database


def load(database: psycopg.Connection, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
    """Where to go on reading, of the partitions that were read before."""
    stored = {Partition(topic, number): at for topic, number, at in database.execute("SELECT * FROM offsets")}
    return {partition: stored[partition] for partition in partitions if partition in stored}


def store(
    database: psycopg.Connection, article: PublishedArticle, position: Position, record: dict[str, Any]
) -> bool:
    """The article, its entities and its offset in one transaction; False, and nothing done, if it is stored already."""
    names = {name for entity in article.entities for name in (entity.name, entity.name_en) if name}
    row = without_nul(
        {
            "id": article.id,
            "title": article.title,
            "url": article.url,
            "lang": article.lang,
            "source": article.source.name or article.source.domain,
            "published_at": article.published_at,
            "text": article.text,
            "record": record,
            "heading": fold(article.title or ""),
            "names": fold(" ".join(sorted(names))),
            "body": fold(article.text),
        }
    )
    row["record"] = Jsonb(row["record"])
    # In one order for all, so that of two transactions none waits for the other for ever.
    entities = sorted(article.entities, key=lambda entity: entity.id)
    things = [without_nul([each.id, each.label, each.name, each.name_en, each.country]) for each in entities]
    links = [without_nul([article.id, each.id, each.salience, len(each.mentions)]) for each in entities]
    with database.transaction(), database.cursor() as cursor:
        if cursor.execute(ADVANCE, (position.topic, position.partition, position.next)).rowcount == 0:
            return False
        cursor.execute(STORE, row)
        cursor.execute("DELETE FROM article_entities WHERE article = %s", [row["id"]])
        cursor.executemany(STORE_ENTITY, things)
        cursor.executemany(STORE_LINK, links)
    return True


def without_nul(value: Any) -> Any:  # noqa: ANN401  (any JSON)
    """`value` without the character U+0000, which PostgreSQL has no place for."""
    if isinstance(value, dict):
        return {without_nul(key): without_nul(part) for key, part in value.items()}
    if isinstance(value, list):
        return [without_nul(part) for part in value]
    return value.replace("\0", "") if isinstance(value, str) else value


def search(database: psycopg.Connection, query: str) -> list[tuple[str, str | None, str | None]]:
    """Language, title and address of the articles with all the words of `query`, the best first."""
    return database.execute(SEARCH, [fold(query)]).fetchall()


def follow(database: psycopg.Connection, group: str, *, until_now: bool) -> int:
    """Store articles as they are published, until Ctrl-C; how many they were."""
    count = 0
    with subscribe(
        "articles.published",
        group=group,
        start="earliest",
        offsets=lambda partitions: load(database, partitions),
        until_now=until_now,
    ) as articles:
        for article in articles:
            count += store(database, article, articles.position, json.loads(articles.received.value))
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description="The published articles in PostgreSQL.")
    commands = parser.add_subparsers(dest="command", required=True)
    following = commands.add_parser("follow", help="store articles as they are published")
    following.add_argument("database", help="postgresql://USER@HOST/DATABASE")
    following.add_argument("--group", default="postgresql", help="consumer group (%(default)s)")
    following.add_argument(
        "--until-now", action="store_true", help="end when all is stored that is there now"
    )
    searching = commands.add_parser("search", help="print the articles with all these words")
    searching.add_argument("database")
    searching.add_argument("words", nargs="+")
    commands.add_parser("entities", help="print who and what is named most").add_argument("database")
    options = parser.parse_args()
    try:
        with connect(options.database) as database:
            if options.command == "follow":
                print(f"{follow(database, options.group, until_now=options.until_now)} articles stored")
            elif options.command == "search":
                for lang, title, url in search(database, " ".join(options.words)):
                    print(lang, title or "(no title)", url or "", sep="\t")
            else:
                for label, name, count in database.execute(NAMED_MOST):
                    print(label, name, count, sep="\t")
    except (KhabarError, psycopg.Error) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
