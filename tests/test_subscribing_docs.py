"""The Python that the documents show to subscribers is run, on a record that all of it takes."""

import re
import sqlite3
from functools import partial

import pytest

import workers.subscribe
import workers.subscribe_async
from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.tagged_article import Entity, Label, Mention
from schemas.wire import encode
from tests.support.harness import addresses_of, create_topics
from tests.test_docs import README, ROOT, fences, read
from workers.runtime.clients import producer
from workers.topics import Role, table

pytestmark = pytest.mark.integration

GUIDES = [ROOT / "docs" / name for name in ("subscribing.md", "replay.md")]
SNIPPETS = {
    f"{path.name} {number}": block
    for path in (README, *GUIDES)
    for number, block in enumerate(fences(read(path), "python"), start=1)
    if "workers.subscribe" in block
}
TITLE = "Muscat opens a library"
ARTICLE = PublishedArticle(
    id="0123",
    lang="ar-OM",
    title=TITLE,
    text=TITLE,
    entities=(
        Entity(
            id="iso:RU",
            label=Label.LOC,
            name="x",
            salience=1.0,
            mentions=(Mention(start=0, end=1, text="x"),),
        ),
    ),
    duplicate=Duplicate(relation=Relation.UNIQUE, cluster="0123"),
)


@pytest.fixture
def published(settings, monkeypatch):
    """Two records in the published topic, and variables that lead there. Subscriptions end with what is there."""
    create_topics(settings)
    with producer(settings, addresses_of(settings)) as client:
        for number in range(2):
            client.send(
                table(settings.topic_prefix)[Role.PUBLISHED].name, encode(ARTICLE), partition=number
            ).get(20)
    monkeypatch.setenv("KHABAR_KAFKA", ",".join(settings.kafka))
    monkeypatch.setenv("KHABAR_TOPIC_PREFIX", settings.topic_prefix)
    for module, name in ((workers.subscribe, "subscribe"), (workers.subscribe_async, "subscribe_async")):
        monkeypatch.setattr(module, name, partial(getattr(module, name), start="earliest", until_now=True))


@pytest.mark.parametrize("name", SNIPPETS)
def test_what_the_documents_show_runs(name, published, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    group = f"group-{tmp_path.name}"
    code = re.sub(r'group="[^"]*"', f'group="{group}"', SNIPPETS[name])
    exec(compile(code, name, "exec"), {"__name__": "__main__"})
    shown = capsys.readouterr().out
    if (tmp_path / "articles.db").exists():
        database = sqlite3.connect(tmp_path / "articles.db")
        assert database.execute("SELECT * FROM articles").fetchall() == [("0123", TITLE)]
        assert database.execute("SELECT sum(next) FROM offsets").fetchone() == (2,)
    else:
        assert shown.count(TITLE) == 2


def test_the_documents_show_something():
    assert any(name.startswith("README") for name in SNIPPETS)
    assert len(SNIPPETS) >= 6
