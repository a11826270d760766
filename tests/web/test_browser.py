"""The web page in Chromium, in English and in Arabic, on the real demo: what a person sees, and what hostile records do not."""

import re
from functools import partial
from urllib.parse import quote

import orjson
import pytest
from axe_playwright_python.sync_playwright import Axe

from schemas.cleaned_article import Related, Source
from schemas.dead_letter import DeadReason
from schemas.published_article import Duplicate, Relation
from schemas.tagged_article import Label
from schemas.wire import encode
from tests.support import browser as browsers
from tests.support import harness, published
from tests.support.web import article, dead, named
from workers.cli.up import put_demo
from workers.demo.events import demo_events
from workers.runtime.chain import build_chain
from workers.runtime.clients import producer
from workers.runtime.events import Output
from workers.topics import OUTCOMES, Role, table

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

TOKEN = "a-token-of-the-tests-0123456789"
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>"
OVERRIDE = "\u202e"  # RIGHT-TO-LEFT OVERRIDE
ids_of_ui = pytest.mark.parametrize("ui", ["en", "ar"])


@pytest.fixture(scope="module")
def browser():
    with browsers.chromium() as found:
        yield found


@pytest.fixture(scope="module")
def demo(stack):
    """The settings of a Khabar that has dealt with the demo, and whose worker goes on."""
    settings = harness.settings_of(stack)
    harness.create_topics(settings)
    put_demo(settings, harness.addresses_of(settings))
    with harness.supervised(settings, partial(build_chain)), harness.reading(settings, *OUTCOMES) as reader:
        assert len(reader.read_until(len(demo_events()), timeout_s=120, settle_s=0)) == len(demo_events())
        yield settings


@pytest.fixture(scope="module")
def base(demo):
    with browsers.served(demo, KHABAR_WEB_TOKEN=TOKEN) as address:
        yield address


@pytest.fixture
def watched(browser, base):
    with browsers.watching(browser, base) as found:
        assert harness.wait_for(lambda: held(found.page) == 32, 60)
        yield found


@pytest.fixture
def page(watched):
    return watched.page


def held(page):
    page.goto("/duplicates?ui=en")
    return int(page.locator("footer bdi").first.inner_text())


def arabic_article(page):
    """The address of the tram's article."""
    page.goto("/search?text=" + quote("دشّنت مدينة الإسكندرية"))
    return page.locator("article.row", has_text="unique").locator(".title a").get_attribute("href")


@ids_of_ui
def test_the_numbers_of_the_flow_move_while_events_are_sent(page, demo, ui):
    page.goto(f"/?ui={ui}")
    assert page.locator("html").get_attribute("dir") == {"en": "ltr", "ar": "rtl"}[ui]
    page.wait_for_function("() => document.querySelectorAll('tbody tr').length == 1")
    page.evaluate("window.stays = true")
    before = {
        name: int(page.locator(f'[data-live="{name}.count"]').inner_text().replace(",", ""))
        for name in ("arrived", "read", "rejected")
    }
    harness.send(demo, [b"", b"<p>", b" "])
    for name, count in before.items():
        page.wait_for_function(
            "([name, count]) => Number(document.querySelector(`[data-live='${name}.count']`).textContent) >= count + 3",
            arg=[name, count],
        )
    page.wait_for_function("() => document.querySelector('[data-live$=\".lag\"]').textContent == '0'")
    assert page.evaluate("window.stays")  # the page was not loaded again


def test_an_arabic_article_reads_from_right_to_left_among_latin_names(page):
    page.goto(arabic_article(page))
    sheet = page.locator("article.sheet")
    assert sheet.evaluate("each => getComputedStyle(each).direction") == "rtl"
    first, last = page.locator("article.sheet h1").evaluate(
        """each => [0, 6].map(at => {
            const range = document.createRange();
            range.setStart(each.firstChild, at);
            range.setEnd(each.firstChild, at + 1);
            return range.getBoundingClientRect().x;
        })"""
    )
    assert first > last
    # The name of the source stands to the right of its domain, and the domain reads from the left.
    name, domain = (page.locator(".sheet .source bdi").nth(number).bounding_box()["x"] for number in range(2))
    assert name > domain
    assert page.locator(".sheet .source bdi").nth(1).evaluate("e => getComputedStyle(e).direction") == "ltr"


def test_every_highlight_is_a_mention_to_the_letter(page, base):
    page.goto(arabic_article(page))
    marks = page.locator(".prose mark").all_text_contents()
    page.locator("summary").click()
    record = orjson.loads(page.locator("details pre").inner_text())
    mentions = [(each["start"], each["text"]) for entity in record["entities"] for each in entity["mentions"]]
    assert marks == [text for _, text in sorted(mentions)]
    assert len(marks) >= 9
    assert (
        page.locator(".prose").evaluate("e => [...e.children].map(p => p.textContent).join('\\n\\n')")
        == record["text"]
    )
    # A preposition before the mark joins its letters: the marked letters are no further from it.
    gap = page.locator(".prose mark", has_text=re.compile("^إسبانيا$")).evaluate(
        "e => { const s = getComputedStyle(e); return s.paddingInlineStart + s.borderInlineStartWidth; }"
    )
    assert gap == "0px0px"


@ids_of_ui
def test_a_copy_stands_beside_its_original_with_the_differences_marked(page, ui):
    page.goto(f"/duplicates?ui={ui}")
    assert page.locator("article.pair").count() == 8
    near = page.locator("article.pair", has=page.locator(".badge.near")).first
    near.locator(".verdict-line a").click()
    page.wait_for_load_state()
    sides = page.locator(".sides article")
    assert sides.count() == 2
    boxes = [sides.nth(number).bounding_box() for number in range(2)]
    assert abs(boxes[0]["y"] - boxes[1]["y"]) < 2
    assert (boxes[0]["x"] < boxes[1]["x"]) == (ui == "en")  # the earlier one stands first
    marks = [set(sides.nth(number).locator("mark").all_text_contents()) for number in range(2)]
    assert any(marks)  # one may have all that the other has, and more
    assert marks[0] != marks[1]


@ids_of_ui
def test_search_finds_by_words_without_regard_to_vowel_signs_and_by_chips(page, ui):
    page.goto(f"/search?ui={ui}")
    page.fill("#text", "الأسكندريّة")
    page.select_option("#lang", "ar")
    page.press("#text", "Enter")
    assert page.locator("article.row").count() >= 3
    assert page.input_value("#text") == "الأسكندريّة"
    chip = page.locator("a.chip", has_text="الإسكندرية").first
    chip.click()
    assert "entity=" in page.url
    assert page.locator("article.row").count() >= 3
    assert page.locator("#found").inner_text().endswith(str(page.locator("article.row").count()))


def test_everything_can_be_reached_by_keyboard_and_the_focus_is_seen(page):
    page.goto("/articles?ui=en")
    page.keyboard.press("Tab")
    skip = page.locator("a.skip")
    assert skip.evaluate("e => e === document.activeElement && e.getBoundingClientRect().x >= 0")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.goto("/articles?ui=en")
    wanted = page.locator("a, button, input, select, summary, [tabindex='0']").evaluate_all(
        "all => all.map(each => each.outerHTML)"
    )
    seen = set()
    for _ in wanted:
        page.keyboard.press("Tab")
        html, is_seen = page.evaluate(
            """() => {
                const e = document.activeElement, style = getComputedStyle(e);
                return [e.outerHTML, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
            }"""
        )
        assert is_seen, html
        seen.add(html)
    assert seen == set(wanted)
    page.goto("/search?ui=en")
    page.focus("#text")
    page.keyboard.type("Kazan")
    for _ in range(5):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?text=Kazan*")


def all_pages(page):
    """Addresses of one page of each kind."""
    one = arabic_article(page)
    page.goto("/duplicates")
    copy = page.locator(".verdict-line a").first.get_attribute("href")
    page.goto("/dead")
    letter = page.locator("article.letter a").first.get_attribute("href")
    return ["/", "/articles", one, "/duplicates", copy, "/dead", letter, "/search?lang=ar", "/nothing"]


@ids_of_ui
def test_on_a_phone_nothing_is_wider_than_the_screen(browser, base, page, ui):
    with browsers.watching(browser, base, **PHONE) as phone:
        for path in all_pages(page):
            phone.page.goto(f"{path}{'&' if '?' in path else '?'}ui={ui}")
            widths = phone.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
            assert widths == [360, 360], path


@pytest.mark.parametrize(("ui", "scheme"), [("en", "light"), ("ar", "dark")])
def test_axe_finds_nothing_to_complain_about(browser, base, page, ui, scheme):
    with browsers.watching(browser, base, color_scheme=scheme) as seen:
        for path in all_pages(page):
            seen.page.goto(f"{path}{'&' if '?' in path else '?'}ui={ui}")
            found = Axe().run(seen.page).response["violations"]
            assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == [], path


def test_without_scripts_every_page_is_there(browser, base, page):
    with browsers.watching(browser, base, java_script_enabled=False) as plain:
        for path in all_pages(page)[:-1]:
            plain.page.goto(path)
            assert plain.page.locator("main h1").count() == 1
        plain.page.goto("/search")
        plain.page.fill("#text", "Kazan")
        plain.page.press("#text", "Enter")
        assert plain.page.locator("#found").count() == 1


def raw_count(settings):
    with harness.reading(settings, Role.RAW) as reader:
        reader.read_until(10**9, timeout_s=1, settle_s=0.5)
        return len(reader.records)


def test_the_button_replays_for_the_right_token_alone_and_once(page, demo):
    page.goto("/dead?ui=en&reason=invalid")
    page.locator("article.letter a").first.click()
    letter = page.url
    before = raw_count(demo)
    page.fill("#token", "not-the-token-at-all")
    page.click("button")
    assert "The token is wrong" in page.locator("main").inner_text()
    assert raw_count(demo) == before
    page.goto(letter)
    page.fill("#token", TOKEN)
    page.click("button")
    where = page.locator("main bdi").nth(1).inner_text()
    assert re.fullmatch(rf"{demo.topic_prefix}\.raw:[0-9]+:[0-9]+", where)
    assert raw_count(demo) == before + 1
    page.goto(letter)
    page.fill("#token", TOKEN)
    page.click("button")
    assert "was replayed before" in page.locator("main").inner_text()
    assert raw_count(demo) == before + 1


def test_no_other_site_can_press_the_button(browser, base, watched, demo):
    watched.page.goto("/dead?ui=en")
    letter = watched.page.locator("article.letter a").first.get_attribute("href")
    watched.page.goto(letter)
    csrf = watched.page.input_value("input[name=csrf]")
    before = raw_count(demo)
    form = {"csrf": csrf, "token": TOKEN}
    for headers, fields in (
        ({"Origin": "https://evil.example"}, form),
        ({"Origin": "null"}, form),
        ({}, form),
        ({"Origin": base, "Sec-Fetch-Site": "cross-site"}, form),
        ({"Origin": base}, form | {"csrf": "0" * 64}),
    ):
        answer = watched.context.request.post(f"{letter}/replay", form=fields, headers=headers)
        assert answer.status == 403, headers
    other = browser.new_context(base_url=base)
    answer = other.request.post(f"{letter}/replay", form=form, headers={"Origin": base})
    other.close()
    assert answer.status == 403  # without the cookie
    assert raw_count(demo) == before


@pytest.fixture(scope="module")
def hostile(stack):
    """The settings of a Khabar whose topics hold what no worker wrote."""
    settings = harness.settings_of(stack)
    harness.create_topics(settings)
    text = f"{SCRIPT} {OVERRIDE}Cairo in the text of the article"
    record = article(
        SCRIPT,
        title=f"{OVERRIDE}{SCRIPT}",
        text=text,
        lang='en" onmouseover="alert(4)',
        url="javascript:alert(5)",
        canonical_url='https://news.example/"onclick="alert(6)',
        image="data:text/html,<script>alert(7)</script>",
        source=Source(name=f"{OVERRIDE}{SCRIPT}", domain='"><base href="//evil.example/">'),
        keywords=(SCRIPT, "\u2067"),
        related=(Related(title=SCRIPT, url="javascript:alert(8)"),),
        meta={SCRIPT: SCRIPT},
        entities=(named(text, "Cairo", entity_id=SCRIPT, label=Label.PER),),
        duplicate=Duplicate(relation=Relation.REVISION, of="other", revision=1, cluster=SCRIPT),
    )
    other = article("other", text=f"{SCRIPT} another text of the article", title=SCRIPT)
    published.publish(settings, [Output(Role.PUBLISHED, b"k", encode(each), ()) for each in (other, record)])
    letter = dead(
        0,
        value=f"<html><script>alert(9)</script>{SCRIPT}".encode(),
        reason=DeadReason.CRASHED,
        message=f"{OVERRIDE}{SCRIPT}",
        error=SCRIPT,
        stage=SCRIPT,
        versions={SCRIPT: SCRIPT},
    )
    with producer(settings, harness.addresses_of(settings)) as client:
        headers = [*letter.headers, (SCRIPT, SCRIPT.encode())]
        client.send(
            table(settings.topic_prefix)[Role.DEAD].name, letter.value, SCRIPT.encode(), headers, partition=0
        )
        client.flush()
    return settings


def test_hostile_records_run_nothing_ask_nothing_and_reorder_nothing(browser, hostile):
    with browsers.served(hostile) as address, browsers.watching(browser, address) as seen:
        page = seen.page
        assert harness.wait_for(lambda: held(page) == 2, 60)
        page.goto("/articles")
        record = page.locator("article.row .title a").evaluate_all(
            "all => all.map(e => e.getAttribute('href'))"
        )
        page.goto(record[0])
        compare = page.locator("a[href^='/duplicates/']").get_attribute("href")
        paths = [
            "/articles",
            *record,
            compare,
            "/dead",
            "/dead/0:0",
            f"/search?text={quote(SCRIPT)}&entity={quote(SCRIPT)}",
        ]
        for path in paths:
            for ui in ("en", "ar"):
                page.goto(f"{path}{'&' if '?' in path else '?'}ui={ui}", wait_until="networkidle")
                assert page.locator("main img, main svg, main script, main base, main iframe").count() == 0
                assert page.locator("main a[href^='javascript']").count() == 0
                assert OVERRIDE not in page.content()
                page.mouse.move(300, 300)
        page.goto(record[0])
        assert page.locator("h1").inner_text() == SCRIPT
        page.goto("/dead/0:0?ui=en")
        assert page.locator("form").count() == 0  # no token is configured
        assert "KHABAR_WEB_TOKEN" in page.locator("main").inner_text()
        with page.expect_download() as saved:
            page.get_by_role("link", name="Download the original bytes").click()
        assert saved.value.path().read_bytes().startswith(b"<html><script>")
        assert saved.value.suggested_filename == "dead-0-0.bin"
