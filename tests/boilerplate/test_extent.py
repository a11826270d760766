"""Whether a page shows all of its article, by what it says below the part that it shows."""

import pytest

from schemas.cleaned_article import Extent
from workers.boilerplate.extent import extent_of, leads_to_more
from workers.boilerplate.html import Html, read_html

PART = {
    "ar": "حين أطفئ الفرن ظن الجميع أن الحكاية انتهت، وكان المصنع قد خسر معظم زبائنه ولم يبق من عماله سوى أربعة.",
    "en": "When the furnace went out, everyone thought that the story was over, and four of the workers were left.",
    "zh": "经过十一个月的加固施工，古镇中心的三孔石桥上午恢复通行，机动车仍需绕行，行人可以通行。",
}
WALLS = {
    "ar": "هذا المقال متاح للمشتركين فقط. اشترك اليوم واقرأ كل ما ننشر.",
    "fa": "برای خواندن ادامه این مطلب باید مشترک باشید.",
    "en": "To continue reading, become a subscriber",
    "fr": "Pour lire la suite, abonnez-vous : article réservé aux abonnés.",
    "de": "Dieser Text ist exklusiv für Abonnenten.",
    "es": "Contenido exclusivo para suscriptores",
    "pt": "Conteúdo exclusivo para assinantes",
    "ru": "Этот материал доступен только подписчикам",
    "tr": "Bu haber abonelere özel.",
    "zh": "登录后阅读全文",
}
LINKS = {
    "ar": "اقرأ الخبر كاملا على موقع الوكالة",
    "fa": "متن کامل خبر را بخوانید",
    "en": "Read the full story at The Herald →",
    "fr": "Lire l'article complet sur le site du Courrier",
    "de": "Den ganzen Artikel lesen",
    "es": "Leer la noticia completa",
    "pt": "Leia a notícia completa",
    "ru": "Читать полностью на сайте «Вестника»",
    "tr": "Haberin tamamını oku",
    "zh": "阅读全文 >",
}


def extent(*lines: tuple[str, bool], is_paywalled: bool = False) -> Extent:
    texts, kept = zip(*lines, strict=True)
    return extent_of(texts, kept, is_paywalled=is_paywalled)


@pytest.mark.parametrize("lang", WALLS)
def test_a_wall_that_the_page_announces_below_the_text(lang):
    assert extent((PART["en"], True), ("Advertisement", False), (WALLS[lang], False)) is Extent.PAYWALL


def test_a_wall_is_seen_where_its_notice_was_taken_for_text():
    assert extent((PART["en"], True), (WALLS["en"], True)) is Extent.PAYWALL


def test_an_invitation_to_log_in_above_the_text_is_none():
    assert extent(("Already a subscriber? Sign in", False), (PART["en"], True)) is Extent.FULL


def test_a_page_that_says_that_it_is_not_free_shows_all_when_it_shows_much():
    assert extent((PART["en"], True), is_paywalled=True) is Extent.PAYWALL
    assert extent((PART["en"] * 20, True), (WALLS["en"], False), is_paywalled=True) is Extent.FULL


@pytest.mark.parametrize("lang", LINKS)
def test_a_link_to_the_rest_makes_a_stub(lang):
    assert extent((PART["en"], True), (LINKS[lang], False)) is Extent.STUB


def test_a_link_to_the_rest_of_a_teaser_further_down_makes_none():
    below = [(f"Something else {number}", False) for number in range(6)]
    assert extent((PART["en"], True), *below, (LINKS["en"], False)) is Extent.FULL


def test_a_text_that_breaks_off_is_a_stub():
    assert extent((PART["en"] + " But then […]", True)) is Extent.STUB


def test_a_sentence_that_begins_so_is_no_link():
    assert not leads_to_more(
        "Read the full story and you will find that the general, whom nobody in the town had missed for two years, came back."
    )


def test_two_lines_that_make_such_words_together_announce_none():
    words = WALLS["de"].split()
    assert extent((PART["en"], True), (" ".join(words[:5]), False), (words[5], False)) is Extent.FULL


def test_any_text_has_an_extent():
    assert extent(("\ud800", True), ("\udfff \x00", False), ("", False)) is Extent.FULL


def test_nothing_is_full_of_nothing():
    assert extent(("Menu", False)) is Extent.FULL
    assert extent_of((), (), is_paywalled=True) is Extent.FULL


@pytest.mark.parametrize("link", ["<a href='/1'>阅读全文 &gt;</a>", "<p><a href='/1'>阅读全文</a></p>"], ids=["bare", "in a paragraph"])  # fmt: skip
def test_a_label_too_short_to_be_a_block_is_seen_below_the_text(link):
    other = "<ul><li><a href='/2'>古镇夜游路线增加两站</a></li></ul>"
    page = f"<h1>古镇石桥重新通行</h1><p>{PART['zh']}</p>{{}}<h3>相关推荐</h3>{other}"
    for below, expected in ((link, Extent.STUB), ("", Extent.FULL)):
        assert read_html([Html(page.format(below))])[0].extent is expected
