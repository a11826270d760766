"""The list of feeds, looked at again and again."""

import pytest

from workers.errors import ConfigError
from workers.feeds.model import Feed
from workers.feeds.polling.watched import Given, ListFile


def listed(*urls, more=""):
    return more + "".join(f'[[feed]]\nurl = "{url}"\n' for url in urls)


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "feeds.toml"
    made.write_text(listed("https://a.example/"))
    return made


def urls(feeds):
    return [feed.url for feed in feeds]


def test_a_list_is_given_once_for_each_change(path):
    feeds = ListFile(path)
    assert urls(feeds()) == ["https://a.example/"]
    assert feeds() is None
    path.write_text(listed("https://a.example/", "https://b.example/"))
    assert len(feeds()) == 2
    assert feeds() is None


def test_a_mistake_in_a_changed_list_leaves_the_old_one(path):
    feeds = ListFile(path)
    feeds()
    path.write_text("feed = wrong")
    assert feeds() is None
    path.unlink()
    assert feeds() is None
    path.write_text(listed("https://c.example/feed"))
    assert urls(feeds()) == ["https://c.example/feed"]


def test_how_to_fetch_stays_as_it_was_at_the_start(path):
    path.write_text(listed("https://a.example/", more='[politeness]\ndelay = "3s"\n'))
    feeds = ListFile(path)
    feeds()
    path.write_text(listed("https://b.example/", more='[politeness]\ndelay = "20s"\n'))
    assert urls(feeds()) == ["https://b.example/"]
    assert feeds.fetch.limits.delay_s == 3


def test_a_list_that_is_wrong_from_the_start_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="khabar feeds add URL"):
        ListFile(tmp_path / "missing.toml")


def test_a_list_that_does_not_change_is_given_once():
    feeds = Given([Feed(url="https://a.example/")])
    assert len(feeds()) == 1
    assert feeds() is None
