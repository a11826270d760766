"""Adding to feeds.toml keeps what is in it, and never leaves it broken."""

import stat
import tomllib

import pytest

from workers.errors import ConfigError
from workers.feeds.feed_list import add_feeds, read_feed_list
from workers.feeds.feed_list.adding import HEAD
from workers.feeds.model import Feed, Want

FEED = Feed(
    url="https://news.example/rss", source='عربي "٢١"\\', site_url="https://news.example/", lang="ar",
    tags=("سياسة", "a'b"), want=Want.CONTENT,
)  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "feeds.toml"


def test_a_new_file_has_a_head_that_explains_it_and_the_feed(path):
    assert add_feeds(path, [FEED]) == [FEED]
    assert path.read_text("utf-8").startswith(HEAD)
    assert read_feed_list(path).feeds == (FEED,)


@pytest.mark.parametrize(
    "before",
    [
        "# mine\n[defaults]   # all\ninterval   =  '10m'\n",
        "[[feed]]\nurl = 'https://a.example/'   # the first\n\n\n[politeness]\ndelay = '2s'\n# the end",
        "[hosts.'b.example']\ndelay = '2s'",
        "\ufeff".strip("\ufeff"),
    ],
)
def test_what_stands_in_a_file_stays_as_it_is(path, before):
    path.write_text(before, "utf-8")
    add_feeds(path, [FEED])
    add_feeds(path, [Feed(url="https://c.example/")])
    after = path.read_text("utf-8")
    assert after.startswith(before.rstrip("\n"))
    assert tomllib.loads(after)["feed"][-1] == {"url": "https://c.example/"}
    assert read_feed_list(path).feeds[-2].source == FEED.source


def test_a_feed_that_is_there_is_not_added_again(path):
    add_feeds(path, [FEED])
    before = path.read_bytes()
    assert add_feeds(path, [Feed(url="http://NEWS.example/rss/"), FEED]) == []
    assert path.read_bytes() == before
    assert len(add_feeds(path, [Feed(url="https://b.example/1"), Feed(url="https://b.example/1#x")])) == 1


def test_a_file_that_is_wrong_is_left_alone(path):
    for text in ("[[feed]]\nurl = 3", "[[feed"):
        path.write_text(text)
        with pytest.raises(ConfigError):
            add_feeds(path, [FEED])
        assert path.read_text() == text


def test_a_file_that_would_be_wrong_then_is_left_alone(path):
    path.write_text("feed = [{url = 'https://a.example/'}]\n")
    with pytest.raises(ConfigError, match="left as it is"):
        add_feeds(path, [FEED])
    assert path.read_text() == "feed = [{url = 'https://a.example/'}]\n"


def test_a_link_stays_a_link_and_the_mode_stays(path, tmp_path):
    real = tmp_path / "real.toml"
    real.write_text("# mine\n")
    real.chmod(0o640)
    path.symlink_to(real)
    add_feeds(path, [FEED])
    assert path.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert "news.example" in real.read_text()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["feeds.toml", "real.toml"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"):
        add_feeds(tmp_path / "missing" / "feeds.toml", [FEED])
