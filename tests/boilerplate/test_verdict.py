"""Pages that are read and hold no article, and short articles that must not be taken for one."""

from dataclasses import replace

import pytest

from schemas.raw_event import RawEvent
from schemas.rejected_event import RejectReason
from workers.boilerplate.page import Page
from workers.boilerplate.stage import clean
from workers.boilerplate.verdict import asks_for_consent, is_error, is_login, why_no_article
from workers.outcomes import Dropped, Kept

HEADLINES = {
    "ar": "افتتاح مكتبة عامة جديدة في مبنى البريد القديم، بعد ثلاث سنوات من الترميم",
    "en": "The last of the old cranes will be taken down next month, ending a long dispute",
    "ru": "Библиотека открылась в здании старой почты, ремонт которого занял три года",
}
NOTICE = {
    "ar": "الصفحة التي طلبتها نُقلت أو حُذفت منذ مدة، تحقق من العنوان أو عد إلى الصفحة الرئيسية للموقع.",
    "en": "The page that you asked for was moved or deleted some time ago, so check the address and try again.",
    "fr": "La page que vous avez demandée a été déplacée ou supprimée, vérifiez l'adresse et essayez de nouveau.",
    "ru": "Страница, которую вы запросили, была перемещена или удалена, проверьте адрес и попробуйте ещё раз.",
    "fa": "صفحه‌ای که خواسته‌اید جابه‌جا یا پاک شده است، نشانی را بررسی کنید و دوباره بکوشید، یا به خانه برگردید.",
}
WALL = (
    "Pour lire la suite de cet article, identifiez-vous ou choisissez l'une de nos offres, sans engagement."
)
SHORT = "خبر عاجل: أعلنت البلدية، صباح اليوم، إغلاق الجسر القديم أمام حركة السير حتى إشعار آخر بسبب السيول."


def html(body: str, title: str = "") -> str:
    return f"<html><head><title>{title}</title></head><body>{body}</body></html>"


def outcome_of(body: str):
    return clean([RawEvent(body=body)])[0]


def detail_of(body: str, reason: RejectReason) -> str:
    outcome = outcome_of(body)
    assert isinstance(outcome, Dropped), outcome
    assert outcome.reason is reason
    return outcome.detail


@pytest.mark.parametrize(
    ("lang", "title"),
    [
        ("ar", "خطأ 404 | صدى المدينة"),
        ("ar", "عذرًا، الصفحة غير موجودة"),
        ("en", "404 Not Found"),
        ("en", "Oops! Page not found. - The Harbour Times"),
        ("fr", "Erreur 404 : page introuvable"),
        ("ru", "404 — страница не найдена | Вести"),
        ("fa", "صفحه مورد نظر یافت نشد"),
    ],
)
def test_an_error_page_is_no_article_however_it_is_worded(lang, title):
    page = html(f"<main><h1>{title}</h1><p>{NOTICE[lang]}</p></main>", title)
    assert f"error message ({title!r})" in detail_of(page, RejectReason.ERROR_PAGE)


def test_an_error_page_without_any_text_is_called_one_too():
    assert "error message ('404 Not Found')" in detail_of(
        html("<h1></h1>", "404 Not Found"), RejectReason.ERROR_PAGE
    )


def test_an_error_message_in_a_dump_is_no_article():
    assert "error message ('404 Not Found')" in detail_of(
        f"Home\n\n404 Not Found\n\n{NOTICE['en']}", RejectReason.ERROR_PAGE
    )


@pytest.mark.parametrize(
    "heading",
    [
        "Peugeot 404 wins",
        "Error 404 is the name of a band",
        "2404",
        "Route 500 - Cork",
        "Goners",
        "Not found guilty",
    ],
)
def test_headlines_with_such_numbers_and_words_are_no_errors(heading):
    assert not is_error(heading)
    assert not is_login(heading)


def test_a_login_wall_is_no_article_with_a_form_or_without():
    form = "<form><input type='email'><input type='password'><button>OK</button></form>"
    headed, with_form = "<h1>Identifiez-vous</h1>", f"<h1>Bonjour</h1>{form}"
    for top, word in ((headed, "log in"), (with_form, "password")):
        assert word in detail_of(html(f"<main>{top}<p>{WALL}</p></main>"), RejectReason.LOGIN_WALL)


def test_a_login_form_in_the_menu_does_not_make_a_short_article_a_wall():
    form = "<header><form><input type='password'></form></header>"
    assert isinstance(outcome_of(html(f"{form}<article><h1>جسر</h1><p>{SHORT}</p></article>")), Kept)


@pytest.mark.parametrize("lang", HEADLINES)
def test_a_front_of_linked_headlines_is_no_article(lang):
    cards = "".join(f"<p><a href='/{n}'>{HEADLINES[lang]} {n}.</a></p><p>{n} {lang}</p>" for n in range(12))
    assert "a list" in detail_of(html(f"<main>{cards}</main>"), RejectReason.LIST_PAGE)


def test_a_front_of_teasers_that_break_off_is_no_article():
    cards = "".join(
        f"<div><h3><a href='/{n}'>Story {n}</a></h3><p>{HEADLINES['en']}, said number {n} of the…</p></div>"
        for n in range(8)
    )
    assert "list" in detail_of(html(f"<main>{cards}</main>"), RejectReason.LIST_PAGE)


def test_an_article_whose_leads_are_links_is_kept():
    linked = "".join(f"<p><a href='/{n}'>{HEADLINES['en']}, say number {n}.</a></p>" for n in range(4))
    own = f"{HEADLINES['en']}, and the harbour authority promised to plant trees in their place. {HEADLINES['en']} again, after {{}} years of talks. "
    outcome = outcome_of(html(f"<article>{linked}<p>{own.format(2) + own.format(3)}</p></article>"))
    assert isinstance(outcome, Kept)
    assert outcome.record.text.count("say number") == 4


@pytest.mark.parametrize(
    "body", [SHORT, html(f"<article><p>{SHORT}</p></article>", "خبر عاجل")], ids=["dump", "page"]
)
def test_news_of_one_sentence_is_an_article(body):
    assert isinstance(outcome_of(body), Kept)


TEASERS = {
    "ar": "قررت البلدية تمديد ساعات العمل في المكتبة العامة حتى منتصف الليل، استجابة لطلب من طلاب الجامعة.",
    "en": "Inspectors found that the boarding ramp sags by three centimetres under load, and sent it back.",
    "fr": "Les contrôleurs ont constaté que la passerelle plie de trois centimètres, et l'ont renvoyée.",
}


@pytest.mark.parametrize("lang", TEASERS)
@pytest.mark.parametrize("between", ["", "<time>12:30</time>"], ids=["right below", "a time between"])
def test_a_front_whose_teasers_stand_below_headlines_that_lead_elsewhere_is_no_article(lang, between):
    cards = "".join(
        f"<div><h2><a href='/{n}'>{HEADLINES.get(lang, HEADLINES['en'])[:50]} {n}</a></h2>{between}<p>{TEASERS[lang]} ({n})</p></div>"
        for n in range(9)
    )
    assert "list" in detail_of(html(f"<main>{cards}</main>"), RejectReason.LIST_PAGE)


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("Harbour Times - Cookie settings", "Welcome"),
        ("Harbour Times", "We value your privacy"),
        ("Hafenblatt - Ihre Zustimmung", "Weiterlesen mit Werbung"),
        ("صدى المدينة", "نحن نهتم بخصوصيتك"),
    ],
)
def test_a_request_for_consent_is_no_article(title, heading):
    body = "".join(
        f"<p>We and our {n} partners store data on your device, and read it, in order to measure adverts. </p>"
        for n in range(4)
    )
    page = html(f"<main><h1>{heading}</h1>{body}<button>OK</button></main>", title)
    assert "consent to cookies" in detail_of(page, RejectReason.NO_ARTICLE)


def test_an_article_about_cookies_is_one():
    assert not asks_for_consent("Your privacy is worth four euros a month, says a judge")


def test_a_headline_whose_text_is_to_follow_is_a_stub():
    page = html("<article><h1>Old bridge closed to all traffic</h1><p>More to follow.</p></article>")
    for body in (page, "Old bridge closed to all traffic\n\nMore to follow."):
        detail_of(body, RejectReason.STUB)


LONG = f"{HEADLINES['en']}. " * 20
ARTICLE = Page(text="\n\n".join([LONG] * 3), blocks=9)


def test_a_page_of_much_prose_holds_an_article():
    assert why_no_article(ARTICLE) is None
    assert (
        why_no_article(replace(ARTICLE, headings=("404", "Log in"), asks_for_password=True, links=99)) is None
    )


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (replace(ARTICLE, text=f"{'x' * 2_000}, {'x' * 2_000}."), RejectReason.STUB),
        (replace(ARTICLE, text="\n\n".join(f"{LONG} {end}" for end in ("...", "\u2026", "[...]", "(\u2026)"))), RejectReason.LIST_PAGE),
        (Page(text="\n\n".join([f"{HEADLINES['en']}."] * 20), blocks=40, link_ratio=0.5), RejectReason.LIST_PAGE),
        (Page(text="\n\n".join([f"{HEADLINES['en']}."] * 20), blocks=40, under_links=12), RejectReason.LIST_PAGE),
        (Page(text="\n\n".join(["Nothing but a label without an end"] * 60), blocks=60), RejectReason.NO_ARTICLE),
    ],
    ids=["two endless words", "ellipses", "links", "below links", "labels"],
)  # fmt: skip
def test_much_text_may_hold_no_article(page, reason):
    assert why_no_article(page)[0] is reason
