"""khabar feeds: add, check, import, export"""

import pytest
from click.testing import CliRunner

from tests.support.feed_site import POLITENESS
from workers.cli.main import main
from workers.feeds.feed_list import read_feed_list


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `khabar feeds` in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, ["feeds", *arguments])


@pytest.fixture
def write(tmp_path):
    """Makes a list of feeds that may ask loopback, with these addresses."""

    def write(*urls):
        feeds = "".join(f'\n[[feed]]\nurl = "{url}"\n' for url in urls)
        (tmp_path / "feeds.toml").write_text(POLITENESS + feeds)

    return write


def urls_of(tmp_path):
    return [feed.url for feed in read_feed_list(tmp_path / "feeds.toml").feeds]


# add


def test_add_finds_the_best_feed_of_a_site_and_says_what_else_there_is(site, run, write, tmp_path):
    write()
    result = run("add", site.url("/"), "--lang", "ar", "--tag", "a", "--tag", "b")
    assert result.exit_code == 0, result.output
    assert f"added        {site.url('/rss.xml')}" in result.output
    assert f"also found   {site.url('/atom.xml')}" in result.output
    assert "RSS, 3 items, newest" in result.output
    [feed] = read_feed_list(tmp_path / "feeds.toml").feeds
    assert (feed.source, feed.site_url, feed.lang, feed.tags) == (
        "Invented news",
        site.url("/"),
        "ar",
        ("a", "b"),
    )
    again = run("add", site.url("/rss.xml"))
    assert (again.exit_code, "in the list" in again.output) == (0, True)
    assert urls_of(tmp_path) == [site.url("/rss.xml")]


def test_add_all_adds_each(site, run, write, tmp_path):
    write()
    assert run("add", "--all", site.url("/"), "--source", "صحيفة").exit_code == 0
    assert urls_of(tmp_path) == [site.url("/rss.xml"), site.url("/atom.xml")]
    assert {feed.source for feed in read_feed_list(tmp_path / "feeds.toml").feeds} == {"صحيفة"}


def test_add_tries_http_where_nothing_was_said_and_https_is_not_there(site, run, write, tmp_path):
    write()
    assert run("add", site.url("/rss.xml").removeprefix("http://")).exit_code == 0
    assert urls_of(tmp_path) == [site.url("/rss.xml")]


def test_add_without_a_file_asks_no_private_address_and_makes_none(site, run, tmp_path):
    result = run("add", site.url("/"))
    assert (result.exit_code, "allow_private" in result.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_add_goes_on_with_the_next_address(site, run, write, tmp_path):
    write()
    result = run("add", "http://nowhere.invalid/", site.url("/rdf.xml"))
    assert result.exit_code == 1
    assert "no feed      http://nowhere.invalid/" in result.stderr
    assert urls_of(tmp_path) == [site.url("/rdf.xml")]


def test_add_refuses_a_language_that_is_none(run):
    result = run("add", "https://news.example", "--lang", "arabic")
    assert (result.exit_code, "BCP 47" in result.output) == (2, True)


# check


def test_check_says_of_each_feed_how_it_is_in_the_order_of_the_list(site, run, write):
    paths = ["/many.xml", "/rss.xml", "/moved.xml", "/full-gone.xml", "/sitemap-index.xml", "/feed.json"]
    write(*map(site.url, paths))
    result = run("check")
    assert result.exit_code == 0, result.output
    heads = [line.split() for line in result.output.splitlines() if "http" in line and line[0] != " "]
    assert heads == [["ok", site.url(path)] for path in paths]
    for said in (
        "RSS, 5,000 items, 304 when unchanged, page fetched",
        f"has moved for good: write {site.url('/moved-here.xml')}",
        "the page cannot be had, but the feed carries the text",
        "index of sitemaps, 2 sitemaps",
        "no 304",
        "6 feeds, all right",
    ):
        assert said in result.output


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/html.xml", ["malformed:", "is a web page and no feed", "-> Look for another feed"]),
        ("/missing.xml", ["gone:", "404 Not Found", "-> Look for the site's new feed"]),
        ("/billion-laughs.xml", ["unsafe_xml:"]),
        ("/to-private.xml", ["forbidden_address:", "10.0.0.1", "allow_private"]),
        ("/login.xml", ["refused:", "401", "contact"]),
        ("/down.xml", ["http_error:", "500"]),
        ("/page-faults.xml", ["gone, of its first page:", "carries no text either"]),
        ("/private-page.xml", ["forbidden_address, of its first page:"]),
    ],
)
def test_check_says_what_is_wrong_and_what_to_do(site, run, write, path, said):
    write(site.url("/rss.xml"), site.url(path))
    result = run("check", "--quiet")
    assert result.exit_code == 1
    assert result.output.startswith(f"WRONG  {site.url(path)}\n")
    assert result.output.endswith("2 feeds, 1 wrong\n")
    assert [each for each in said if each not in result.output] == []
    assert "Traceback" not in result.output


def test_check_asks_for_no_page_where_the_text_in_the_feed_is_wanted(site, run, write, tmp_path):
    write(site.url("/full-and-page.xml"))
    with (tmp_path / "feeds.toml").open("a") as file:
        file.write('want = "content"\n')
    before = len(site.asked("/story/fr-pommes"))
    result = run("check")
    assert (result.exit_code, "text in the feed" in result.output) == (0, True)
    assert len(site.asked("/story/fr-pommes")) == before


def test_check_takes_addresses_and_files(site, run, write, tmp_path):
    write(site.url("/rdf.xml"))
    result = run("check", site.url("/gzip.xml"), "feeds.toml")
    assert (result.exit_code, "2 feeds, all right" in result.output) == (0, True)


def test_check_without_a_list_or_feeds_says_how_to_make_one(run, write):
    for _ in range(2):
        result = run("check")
        assert (result.exit_code, "khabar feeds add URL" in result.stderr) == (2, True)
        write()


def test_check_says_every_mistake_of_the_list(run, tmp_path):
    (tmp_path / "feeds.toml").write_text("[[feed]]\nurl = 3\n[[feed]]\nurll = 'https://a.example'\n")
    result = run("check")
    assert result.exit_code == 2
    assert [line.split()[0] for line in result.stderr.removeprefix("khabar: ").splitlines()] == [
        "feeds.toml:2:", "feeds.toml:3:", "feeds.toml:4:",
    ]  # fmt: skip


# import, export


def test_what_is_exported_is_imported_again(run, write, tmp_path):
    write("https://a.example/rss", "https://b.example/?x=1&y=2")
    assert run("export", "-o", "x.opml").exit_code == 0
    assert (tmp_path / "x.opml").read_bytes() == run("export").stdout_bytes
    result = run("import", "x.opml", "--file", "other.toml")
    assert (result.exit_code, result.output) == (0, "added 2 of 2 feeds to other.toml\n")
    assert read_feed_list(tmp_path / "other.toml").feeds[1].url == "https://b.example/?x=1&y=2"
    assert run("import", "x.opml").output == "added 0 of 2 feeds to feeds.toml\n"


def test_import_says_what_it_leaves_out(run, tmp_path):
    (tmp_path / "x.opml").write_text(
        '<opml><body><outline xmlUrl="feed:x"/><outline xmlUrl="https://a.example"/></body></opml>'
    )
    result = run("import", "x.opml")
    assert result.exit_code == 1
    assert "left out: xmlUrl 'feed:x'" in result.stderr
    assert urls_of(tmp_path) == ["https://a.example"]


@pytest.mark.parametrize("name", ["missing.opml", "."])
def test_a_file_that_cannot_be_read_is_said(run, name):
    result = run("import", name)
    assert (result.exit_code, "cannot be read" in result.output) == (2, True)


@pytest.mark.parametrize("name", ["add", "check", "import", "export"])
def test_help_needs_nothing(run, name):
    result = run(name, "--help")
    assert (result.exit_code, "Usage: main feeds" in result.output) == (0, True)


@pytest.mark.parametrize("command", ["add", "check"])
@pytest.mark.parametrize(
    "url", ["https://user:zaytun@news.example/a@b", "user:zay@tun@news.example", "http://zaytun@[::1/"]
)
def test_an_address_with_a_login_is_refused_and_not_shown(run, command, url):
    result = run(command, url)
    assert result.exit_code == 2
    assert "***@" in result.output
    assert "takes a URL without user name and password" in result.output
    assert "zaytun" not in result.output
    assert "tun@" not in result.output
