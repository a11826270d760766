"""What stands around an article on an HTML page: it goes into fields, or away, and not into the text."""

import pytest

from schemas.raw_event import RawEvent
from workers.boilerplate.stage import clean

FIRST = "أعلنت بلدية المدينة الساحلية، صباح اليوم الثلاثاء، افتتاح مكتبة عامة جديدة تضم أكثر من أربعين ألف كتاب، بعد أعمال ترميم."
SECOND = "وقال مدير المكتبة إن الأبواب ستفتح كل يوم، من الثامنة صباحا حتى العاشرة مساء، وإن القراءة فيها مجانية للجميع."
THIRD = "ومن المقرر أن تستضيف القاعة الكبرى معرضا للخط العربي، يشارك فيه فنانون من المغرب وتونس، ويستمر شهرا كاملا."


def record(between: str = "", after: str = "", head: str = "", before: str = ""):
    page = (
        f"<html><head>{head}</head><body><article>{before}<p>{FIRST}</p><p>{SECOND}</p>{between}<p>{THIRD}</p></article>"
        f"{after}</body></html>"
    )
    return clean([RawEvent(body=page, url="https://www.example.org/a/1")])[0].record


def titles(record):
    return [item.title for item in record.related]


@pytest.mark.parametrize(
    "line",
    ["اقرأ أيضا: <a href='/x'>سوق السمك يعود إلى الميناء</a>", "Read also: <a href='/x'>Ferries run again on Monday</a>",
     "Lire aussi : <a href='/x'>Le marché rouvre ses portes</a>", "Читайте также: <a href='/x'>Парк у вокзала открыт</a>",
     "Подпишитесь на рассылку «Берег»: одно письмо в неделю.", "Subscribe to our weekly letter."],
    ids=["ar", "en", "fr", "ru", "ru newsletter", "en newsletter"],
)  # fmt: skip
def test_a_line_that_points_elsewhere_is_not_in_the_text(line):
    assert record(f"<p>{line}</p>").text == f"{FIRST}\n\n{SECOND}\n\n{THIRD}"


def test_a_label_with_a_link_goes_and_the_same_words_without_one_stay():
    label = "À découvrir : Le marché couvert rouvre"
    linked = record("<p>À découvrir : <a href='/2'>Le marché couvert rouvre</a></p>")
    assert linked.text == f"{FIRST}\n\n{SECOND}\n\n{THIRD}"
    assert label in record(f"<p>{label}</p>").text


def test_a_newsletter_box_goes_whatever_its_words_are():
    box = "<div><p>تصلك أجمل الحكايات كل خميس، في بريدك، بلا إعلانات.</p><input type='email'><button>نعم</button></div>"
    assert record(box).text == f"{FIRST}\n\n{SECOND}\n\n{THIRD}"


def test_an_article_in_the_same_box_as_an_email_field_stays():
    page = f"<html><body><div><input type='email'><p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p></div></body></html>"
    assert clean([RawEvent(body=page)])[0].record.text == f"{FIRST}\n\n{SECOND}\n\n{THIRD}"


def test_section_headline_and_by_line_above_the_article_are_not_in_the_text():
    head = '<meta property="og:title" content="مكتبة جديدة في الميناء"><meta name="author" content="سلمى الحداد">'
    before = "<p>ثقافة</p><h1>مكتبة جديدة في الميناء</h1><p>سلمى الحداد | 16 نوفمبر 2025</p>"
    assert record(head=head, before=before).text.split("\n\n")[0] == FIRST


@pytest.mark.parametrize("author", ["-", "A", "…"])
def test_an_author_without_a_name_takes_no_line_from_the_text(author):
    text = record(
        head=f'<meta name="author" content="{author}">', before="<p>A crane, a bridge, a boat</p>"
    ).text
    assert text.split("\n\n")[0] == "A crane, a bridge, a boat"


@pytest.mark.parametrize(
    "after",
    [
        "<section><h2>أخبار ذات صلة</h2><div><a href='/2'>سوق السمك يعود إلى الميناء</a></div><ul><li><a href='//b.example/3'>عودة العبارات إلى العمل</a></li></ul></section>",
        "<div><div><span>أخبار ذات صلة</span></div><ul><li><a href='/2'><img><h4>سوق السمك يعود إلى الميناء</h4><em>أمس</em></a></li><li><a href='//b.example/3'>عودة العبارات إلى العمل</a></li></ul></div>",
    ],
    ids=["siblings", "heading in a wrapper, cards"],
)
def test_headlines_under_a_related_heading_are_fields_with_their_addresses(after):
    found = record(after=after + "<h3>الطقس</h3><a href='/w'>غائم مع أمطار خفيفة مساء</a>").related
    assert [(item.title, item.url) for item in found] == [
        ("سوق السمك يعود إلى الميناء", "https://www.example.org/2"),
        ("عودة العبارات إلى العمل", "https://b.example/3"),
    ]


@pytest.mark.parametrize("place", ["nav", "footer"])
def test_lists_in_menus_and_footers_are_not_related(place):
    after = f"<{place}><h2>ذات صلة</h2><a href='/2'>سوق السمك يعود إلى الميناء</a></{place}>"
    assert titles(record(after=after)) == []


def test_a_list_ends_at_the_next_heading_and_names_of_sections_are_no_headlines():
    after = "<h2>ذات صلة</h2><a href='/s'>رياضة</a><a href='/2'>سوق السمك يعود إلى الميناء</a><h2>خدمات</h2><a href='/3'>مواعيد الصلاة في المدينة</a>"
    assert titles(record(after=after)) == ["سوق السمك يعود إلى الميناء"]


@pytest.mark.parametrize(
    ("head", "after"),
    [
        ('<script type="application/ld+json">{"@type": "NewsArticle", "keywords": ["مكتبة", "كتب"]}</script>', ""),
        ('<script type="application/ld+json">{"@type": "NewsArticle", "x": 1, "keywords": "مكتبة, كتب, مكتبة",}</script>', ""),
        ("", "<a rel='nofollow tag' href='/t/1'>#مكتبة</a><a rel='tag' href='/t/2'>كتب</a><a rel='tags' href='/'>لا</a>"),
    ],
    ids=["JSON-LD list", "JSON-LD string in broken JSON", "rel=tag"],
)  # fmt: skip
def test_keywords_come_from_json_ld_and_from_tag_links(head, after):
    assert record(head=head, after=after).keywords == ("مكتبة", "كتب")
