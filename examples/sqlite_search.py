"""A search index of the articles in one SQLite file, each stored exactly once.

    python examples/sqlite_search.py follow news.db
    python examples/sqlite_search.py search news.db Egypt library

Where the reading stands is kept in the same file and written in the same transaction as the article. So a crash can part
neither from the other, and a second `follow` that still holds an article which another one has stored leaves it out.
"""

import argparse
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing

from folding import fold

from schemas.published_article import PublishedArticle
from workers.errors import KhabarError
from workers.subscribe import Partition, Position, subscribe

SCHEMA = """
CREATE TABLE IF NOT EXISTS articles (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, url TEXT, title TEXT, lang TEXT NOT NULL, source TEXT,
    published_at TEXT, text TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS offsets (
    topic TEXT, partition INTEGER, next INTEGER NOT NULL, PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (title, text, names, tokenize = 'unicode61');
"""

# No row is changed where somebody else has come further.
ADVANCE = """
INSERT INTO offsets VALUES (:topic, :partition, :next)
ON CONFLICT DO UPDATE SET next = excluded.next WHERE offsets.next < excluded.next
"""

# An article comes again under its id in a replay (docs/replay.md): the newer record counts.
STORE = """
INSERT INTO articles (id, url, title, lang, source, published_at, text)
VALUES (:id, :url, :title, :lang, :source, :published_at, :text)
ON CONFLICT (id) DO UPDATE SET url = excluded.url, title = excluded.title, lang = excluded.lang,
    source = excluded.source, published_at = excluded.published_at, text = excluded.text
RETURNING number
"""

SEARCH = """
SELECT articles.lang, articles.title, articles.url FROM words JOIN articles ON articles.number = words.rowid
WHERE words MATCH ? ORDER BY bm25(words, 5, 1, 3) LIMIT 20
"""


def connect(file: str) -> sqlite3.Connection:
    """The index in `file`, made where there is none."""
    database = sqlite3.connect(file, timeout=30, isolation_level=None)
    database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + SCHEMA)
    return database


def load(database: sqlite3.Connection, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
    """Where to go on reading, of the partitions that were read before."""
    stored = {Partition(topic, number): at for topic, number, at in database.execute("SELECT * FROM offsets")}
    return {partition: stored[partition] for partition in partitions if partition in stored}


def store(database: sqlite3.Connection, article: PublishedArticle, position: Position) -> bool:
    """The article and its offset in one transaction; False, and nothing done, if it is stored already."""
    place = {"topic": position.topic, "partition": position.partition, "next": position.next}
    names = {name for entity in article.entities for name in (entity.name, entity.name_en) if name}
    row = {
        "id": article.id,
        "url": article.url,
        "title": article.title,
        "lang": article.lang,
        "source": article.source.name or article.source.domain,
        "published_at": article.published_at and article.published_at.isoformat(),
        "text": article.text,
    }
    database.execute("BEGIN IMMEDIATE")
    with database:  # commits, or after an error rolls back
        if database.execute(ADVANCE, place).rowcount == 0:
            return False
        [(number,)] = database.execute(STORE, row).fetchall()
        database.execute("DELETE FROM words WHERE rowid = ?", [number])
        database.execute(
            "INSERT INTO words (rowid, title, text, names) VALUES (?, ?, ?, ?)",
            [number, fold(article.title or ""), fold(article.text), fold(" ".join(sorted(names)))],
        )
    return True


def search(database: sqlite3.Connection, query: str) -> list[tuple[str, str | None, str | None]]:
    """Language, title and address of the articles with all the words of `query`, the best first."""
    words = [word.replace('"', '""') for word in fold(query).split()]
    match = " ".join(f'"{word}"' for word in words)
    return database.execute(SEARCH, [match]).fetchall() if words else []


def follow(database: sqlite3.Connection, group: str, *, until_now: bool) -> int:
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
            count += store(database, article, articles.position)
    return count


def main() -> None:
    parser = argparse.ArgumentParser(
        description="A search index of the published articles in one SQLite file."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    following = commands.add_parser("follow", help="store articles as they are published")
    following.add_argument("file")
    following.add_argument("--group", default="sqlite-search", help="consumer group (%(default)s)")
    following.add_argument(
        "--until-now", action="store_true", help="end when all is stored that is there now"
    )
    searching = commands.add_parser("search", help="print the articles with all these words")
    searching.add_argument("file")
    searching.add_argument("words", nargs="+")
    options = parser.parse_args()
    try:
        with closing(connect(options.file)) as database:
            if options.command == "follow":
                print(f"{follow(database, options.group, until_now=options.until_now)} articles stored")
            else:
                for lang, title, url in search(database, " ".join(options.words)):
                    print(lang, title or "(no title)", url or "", sep="\t")
    except (KhabarError, sqlite3.Error) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
