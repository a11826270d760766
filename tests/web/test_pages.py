"""The pages as HTML, on a site whose Kafka is away: what is in the window is shown, and hostile content is text."""

import asyncio
import re
from itertools import pairwise
from urllib.parse import quote

import pytest
import turbohtml
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from schemas.cleaned_article import Related, Source
from schemas.published_article import Duplicate, Relation
from schemas.tagged_article import Label
from tests.support import harness
from tests.support.records import published_articles
from tests.support.web import NOWHERE, article, asking, dead, named, received, site_of
from workers.config import Settings
from workers.topics import Role
from workers.web.markup import harmless

SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
OVERRIDE = "\u202e"  # RIGHT-TO-LEFT OVERRIDE
COPY = Duplicate(relation=Relation.NEAR, of="a1", similarity=0.5, cluster="a1")
PAGES = (
    "/",
    "/articles",
    "/articles/a1",
    "/duplicates",
    "/duplicates/duplicates:0:2",
    "/dead",
    "/search?text=a",
)
HOST = {"Host": "localhost"}


def site():
    text = "افتتحت القاهرة حديقة جديدة على ضفة النيل، وقال الوزير إن خمسين بيتا بنيت.\n\nوانتهى الحفل."
    return site_of(
        received(article(text=text, entities=(named(text, "القاهرة"),), keywords=("حدائق",)), 1),
        received(article("a2", text=text.replace("خمسين", "ستين"), duplicate=COPY), 2, role=Role.DUPLICATES),
        dead(3),
    )


def hostile():
    text = f"{SCRIPT} {OVERRIDE}Cairo"
    record = article(
        SCRIPT,
        title=SCRIPT + OVERRIDE,
        text=text,
        lang=SCRIPT,
        url="javascript:alert(1)",
        canonical_url='https://news.example/?"><script>',
        image="data:text/html,<script>alert(1)</script>",
        source=Source(name=SCRIPT, domain=SCRIPT),
        authors=(SCRIPT,),
        keywords=(SCRIPT,),
        related=(Related(title=SCRIPT, url="javascript:alert(1)"), Related(title="x", url="//evil.example")),
        meta={SCRIPT: SCRIPT},
        versions={SCRIPT: SCRIPT},
        entities=(named(text, "Cairo", entity_id=SCRIPT, label=Label.PER),),
        duplicate=Duplicate(relation=Relation.NEAR, of=SCRIPT, cluster=SCRIPT),
    )
    letter = dead(5, reason="crashed", message=SCRIPT, error=SCRIPT, stage=SCRIPT)
    return site_of(received(record, 1), received(record, 2, role=Role.DUPLICATES), letter)


async def page(client, path, status=200, **more):
    async with client.get(path, headers=HOST | more.pop("headers", {}), **more) as answer:
        html = await answer.text()
        assert answer.status == status, html
        return turbohtml.parse(html)


@pytest.mark.parametrize("ui", ["en", "ar"])
async def test_every_page_is_in_the_language_of_the_interface_with_its_landmarks(ui):
    async with asking(site()) as client:
        for path in PAGES:
            found = await page(client, path + ("&" if "?" in path else "?") + f"ui={ui}")
            root = found.select_one("html").attrs
            assert (root["lang"], root["dir"]) == (ui, {"en": "ltr", "ar": "rtl"}[ui])
            assert len(found.select("main")) == len(found.select("h1")) == len(found.select("header")) == 1
            assert found.select_one("a.skip").attrs["href"] == "#content"
            levels = [int(each.tag[1]) for each in found.select("h1, h2, h3")]
            assert all(after - before <= 1 for before, after in pairwise(levels)), path
            ids = [each.attrs["id"] for each in found.select("[id]")]
            assert len(ids) == len(set(ids)), path


async def test_the_language_is_kept_in_a_cookie_and_else_what_the_browser_prefers():
    async with asking(site()) as client:
        arabic = {"Accept-Language": "ar-EG,en;q=0.5"}
        assert (await page(client, "/dead", headers=arabic)).select_one("html").attrs["lang"] == "ar"
        await page(client, "/dead?ui=en")
        assert (await page(client, "/articles", headers=arabic)).select_one("html").attrs["lang"] == "en"


async def test_an_article_is_shown_in_its_own_direction_with_its_mentions_marked():
    async with asking(site()) as client:
        found = await page(client, "/articles/a1")
    sheet = found.select_one("article.sheet")
    assert (sheet.attrs["lang"], sheet.attrs["dir"]) == ("ar", "rtl")
    assert [each.text for each in sheet.select("mark")] == ["القاهرة"]
    assert [each.text for each in sheet.select(".prose p")][1] == "وانتهى الحفل."
    assert found.select_one("bdi.mono").text == "sada.example"
    assert found.select_one("a.chip").attrs["href"] == "/search?entity=iso%3AEG"


async def test_a_copy_stands_beside_its_original_with_what_differs_marked():
    async with asking(site()) as client:
        (pair,) = (await page(client, "/duplicates")).select("article.pair")
        link = pair.select_one(".verdict-line a").attrs["href"]
        found = await page(client, link)
    assert [[each.text for each in side.select("mark")] for side in found.select(".sides article")] == [
        ["خمسين"],
        ["ستين"],
    ]


async def test_search_finds_by_words_and_entities_and_says_a_mistake():
    async with asking(site()) as client:
        assert len((await page(client, "/search?text=الوزير")).select("article.row")) == 2
        assert len((await page(client, "/search?entity=iso:EG")).select("article.row")) == 1
        assert len((await page(client, "/search?text=الوزير&relation=near")).select("article.row")) == 1
        assert "BCP 47" in (await page(client, "/search?lang=!", 400)).select_one(".problem").text


async def test_lists_are_paged_and_odd_numbers_of_pages_are_the_first():
    one = site_of(*(received(article(f"n{number}"), number) for number in range(120)))
    async with asking(one) as client:
        second = await page(client, "/articles?page=2&topic=published")
        assert len(second.select("article.row")) == 50
        assert [each.attrs["href"] for each in second.select(".pager a")] == [
            "?topic=published&page=1",
            "?topic=published&page=3",
        ]
        for odd in ("0", "-1", "x", "٣", "9" * 30, ""):
            assert len((await page(client, f"/articles?page={odd}")).select("article.row")) in {0, 50}


@pytest.mark.parametrize(
    "path", ["/nothing", "/articles/none", "/duplicates/published:0:99", "/records/x", "/dead/x"]
)
async def test_what_is_not_there_is_said_on_a_page_like_the_others(path):
    async with asking(site()) as client:
        found = await page(client, path, 404)
        assert found.select_one("main h1") is not None
        assert not any("evil" in link.attrs["href"] for link in found.select("a"))


async def test_hostile_records_are_text_on_every_page():
    one = hostile()
    copy = one.window.newest(Role.DUPLICATES).entries[0]
    record = "/articles/" + re.sub(".", lambda letter: f"%{ord(letter[0]):02X}", SCRIPT)
    paths = [
        "/articles",
        record,
        "/duplicates",
        f"/duplicates/{copy.place.name}",
        "/dead",
        "/search?lang=&text=a",
    ]
    paths.append(record.replace("/articles/", "/search?text="))
    async with asking(one) as client:
        for path in paths:
            found = await page(client, path)
            scripts = [each.attrs.get("src") for each in found.select("script")]
            assert scripts == [], path
            assert not found.select("img, iframe, object, embed, [onerror], [onload], [style]"), path
            for link in found.select("a"):
                assert re.match(r"/(?!/)|\?|#|https://news\.example/", link.attrs["href"]), (path, link.attrs)
            html = found.select_one("html").text
            assert OVERRIDE not in html, path


@pytest.mark.parametrize("name", ["{a}", "news/2026/a b?#%", "خبر"])
async def test_the_list_leads_to_an_article_whatever_its_id_is(name):
    async with asking(site_of(received(article(name, title="The title"), 1))) as client:
        link = (await page(client, "/articles")).select_one("article.row .title a").attrs["href"]
        found = await page(client, URL(link, encoded=True))
    assert found.select_one("article.sheet h1").text.strip() == "The title"


@settings(max_examples=10, deadline=None)
@given(st.lists(published_articles, min_size=1, max_size=5), st.integers(0, 2**63 - 1))
def test_whatever_a_record_holds_its_pages_are_made(records, at_ms):
    one = site_of(*(received(record, offset, at_ms=at_ms) for offset, record in enumerate(records)))
    entries = one.window.newest().entries

    async def ask():
        async with asking(one) as client:
            for path in ("/articles", "/duplicates", "/search?lang=ar"):
                await page(client, path)
            for entry in entries:
                name = quote(harmless(entry.card.id), safe="")
                await page(client, f"/duplicates/{entry.place.name}")
                if harmless(entry.card.id) == entry.card.id and name.strip("."):
                    await page(client, URL(f"/articles/{name}?at={entry.place.name}", encoded=True))

    asyncio.run(ask())
    assert entries


async def test_links_out_tell_the_other_site_nothing():
    url = "https://news.example/a"
    async with asking(site_of(received(article(url=url), 1))) as client:
        (link,) = (await page(client, "/articles/a1")).select(f'a[href="{url}"]')
        assert {"noopener", "noreferrer"} <= set(link.attrs["rel"])


async def test_every_answer_has_the_headers_and_says_what_may_run():
    async with asking(site()) as client:
        for path in (*PAGES, "/nothing", "/static/page.css", "/health"):
            async with client.get(path, headers=HOST) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'self'" in policy
                assert "unsafe" not in policy
                assert "frame-ancestors 'none'" in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "same-origin"
                assert answer.headers["Server"] == "khabar"


@pytest.mark.parametrize(
    ("listen", "hosts", "asked", "status"),
    [
        ("127.0.0.1", None, "localhost:8080", 200),
        ("127.0.0.1", None, "127.0.0.1", 200),
        ("127.0.0.1", None, "[::1]:99", 200),
        ("127.0.0.1", None, "evil.example", 421),
        ("127.0.0.1", None, "localhost.evil.example", 421),
        ("127.0.0.1", None, "evil.example@localhost", 421),
        ("127.0.0.1", None, "localhost/evil", 421),
        ("127.0.0.1", None, "localhost:x", 421),
        ("0.0.0.0", None, "anything.example", 200),
        ("0.0.0.0", ("khabar.example",), "khabar.example", 200),
        ("0.0.0.0", ("khabar.example",), "evil.example", 421),
    ],
)
async def test_the_page_answers_only_to_its_names(listen, hosts, asked, status):
    settings = Settings(kafka=NOWHERE.kafka, web_hosts=hosts)
    async with asking(site_of(settings=settings, listen_host=listen)) as client:
        async with client.get("/articles", headers={"Host": asked}) as answer:
            assert answer.status == status
        async with client.get("/health", headers={"Host": asked}) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_nothing_but_reading_is_answered(method):
    async with asking(site()) as client:
        for path in ("/", "/dead/0:3", "/dead/0:3/bytes", "/search"):
            async with client.request(method, path, headers=HOST) as answer:
                assert answer.status == 405
        async with client.head("/articles", headers=HOST) as answer:
            assert (answer.status, await answer.read()) == (200, b"")


async def test_without_a_token_nothing_can_be_replayed():
    async with asking(site()) as client, client.post("/dead/0:3/replay", headers=HOST) as answer:
        assert answer.status == 404


TOKEN = "0123456789abcdef"
OURS = {"Host": "localhost", "Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


@pytest.mark.parametrize(
    ("headers", "fields", "status"),
    [
        ({}, {}, 503),
        ({"Origin": "https://evil.example"}, {}, 403),
        ({"Origin": "null"}, {}, 403),
        ({"Origin": "http://localhost:8081"}, {}, 403),
        ({"Sec-Fetch-Site": "same-site"}, {}, 403),
        ({"Cookie": "khabar_csrf=another"}, {}, 403),
        ({"Cookie": ""}, {}, 403),
        ({}, {"csrf": ""}, 403),
        ({}, {"token": TOKEN.upper()}, 403),
        ({}, {"token": ""}, 403),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else str(value),
)
async def test_only_a_form_of_our_own_with_the_token_gets_as_far_as_kafka(headers, fields, status):
    one = site_of(settings=Settings(kafka=NOWHERE.kafka, web_token=TOKEN))
    cookie = one.csrf.cookie()
    sent = OURS | {"Cookie": f"khabar_csrf={cookie}"} | headers
    form = {"csrf": one.csrf.token(cookie), "token": TOKEN} | fields
    async with asking(one) as client, client.post("/dead/0:3/replay", headers=sent, data=form) as answer:
        assert answer.status == status
        assert ("No Kafka answers" in await answer.text()) == (status == 503)


async def test_a_kafka_that_is_away_is_said_and_is_healthy():
    one = site()
    async with asking(one) as client:
        assert await asyncio.to_thread(harness.wait_for, lambda: bool(one.flow.problems), 60)
        for path in ("/", "/flow/part"):
            problem = (await page(client, path)).select_one(".problem:not([hidden])")
            assert problem.text.startswith("No Kafka answers")
            assert problem.attrs["dir"] == "ltr"
        async with client.get("/dead/0:3", headers=HOST) as answer:
            assert answer.status == 503
            assert "No Kafka answers" in await answer.text()
        async with client.get("/health", headers=HOST) as answer:
            assert (answer.status, (await answer.json())["status"]) in {(200, "waiting"), (200, "reading")}


async def test_a_reader_that_has_ended_is_unhealthy():
    one = site()
    async with asking(one) as client:
        one.reader.stop()
        async with client.get("/health", headers=HOST) as answer:
            assert (answer.status, (await answer.json())["status"]) == (503, "stuck")


async def test_a_record_is_saved_and_never_shown():
    async with asking(site()) as client, client.get("/records/published:0:1", headers=HOST) as answer:
        assert answer.headers["Content-Disposition"] == 'attachment; filename="published-0-1.json"'
        assert answer.content_type == "application/octet-stream"
        assert (await answer.read()).startswith(b'{"id":"a1"')
