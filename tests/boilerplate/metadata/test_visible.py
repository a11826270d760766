"""What a page shows to its readers and marks nowhere: lists of related articles, by-lines, dates, the site's name."""

import time

import pytest

from tests.boilerplate.metadata.reading import metadata_of, views_of
from workers.boilerplate.metadata import Metadata, read_metadata

HEADLINE = "القرية تستعيد سوقها الأسبوعي بعد عشرين عاما"
STORY = "<p>عاد الباعة إلى الساحة صباح السبت، وجاء معهم زبائن من القرى المجاورة.</p>"
MILL = "المطحنة القديمة تدور من جديد"
SCHOOL = "مدرسة الوادي تفتح مكتبتها للجيران"


def read(html: str) -> Metadata:
    return metadata_of(html, "https://news.example.org/1")


def titles(html: str) -> list[str]:
    return [headline.title for headline in read(html).related]


@pytest.mark.parametrize(
    "html",
    [
        f"<div><span>اقرأ أيضا</span><a href=/2>{MILL}</a></div>",
        f"<div>إقرأ أيضًا: <a href=/2>{MILL}</a></div>",
        f"<p><strong>اقرأ أيضًا: <a href=/2>{MILL}</a></strong></p>",
        f"<div class=card><div>اقرأ أيضا</div><a href=/2><div>{MILL}</div><div>دقيقتان</div></a></div>",
        f"<section><h3>مواضيع ذات علاقة</h3><ul><li><a href=/2>{MILL}</a></ul></section>",
        f"<font><b>مواضيع ذات صلة</b><br>- <a href=/2>{MILL}</a></font>",
        f"<ul><li><a href=/2>طالع أيضا: {MILL}</a></ul>",
        f"<aside><a href=/2><span>RELATED</span><h4>{MILL}</h4></a></aside>",
        f"<div><a href=/2><b>READ ALSO: {MILL}</b></a></div>",
        f"<header>Más información</header><div><a href=/2>{MILL}</a></div>",
        f"<section><div class=t>Похожие новости</div><a href=/2>{MILL}</a></section>",
        f"<p>İLGİLİ HABER<a href=/2>{MILL}</a></p>",
        f"<h4>ذات صلة في <a href=/t>محليات</a></h4><ul><li><a href=/2>{MILL}</a></ul>",
        f"<p><span>Lire aussi :</span> <em>Article réservé à nos abonnés</em> <a href=/2>{MILL}</a></p>",
    ],
)
def test_a_label_in_whatever_element_announces_its_links(html):
    found = read(f"<article><h1>{HEADLINE}</h1>{STORY}</article>{html}").related
    assert [(headline.title, headline.url) for headline in found] == [(MILL, "https://news.example.org/2")]


@pytest.mark.parametrize(
    "label",
    [
        "الأكثر قراءة",
        "آخر الأخبار",
        "المقال التالي",
        "Most read",
        "Latest news",
        "Next article",
        "Meistgelesen",
    ],
)
def test_other_lists_of_headlines_are_not_related(label):
    assert titles(f"<h1>{HEADLINE}</h1>{STORY}<h3>{label}</h3><ul><li><a href=/2>{MILL}</a></ul>") == []


def test_a_list_ends_at_the_label_of_another():
    lists = f"<div class=t>ذات صلة</div><div><a href=/2>{MILL}</a></div><div class=t>الأكثر قراءة</div>"
    assert titles(f"{lists}<div><a href=/3>{SCHOOL}</a></div>") == [MILL]
    assert titles(f"<h3>ذات صلة</h3><a href=/2>{MILL}</a><h3>جديدنا</h3><a href=/3>{SCHOOL}</a>") == [MILL]


def test_cards_with_a_foot_of_their_own_belong_to_the_list():
    card = "<article><h4><a href=/{}>{}</a></h4><footer><a href=/t>من قسم المحليات في الصحيفة</a></footer></article>"
    cards = card.format(2, MILL) + card.format(3, SCHOOL)
    assert titles(f"<section><h3>ذات صلة</h3><div>{cards}</div></section>") == [MILL, SCHOOL]


def test_links_within_the_sentences_that_follow_are_not_related():
    sentence = "وقال رئيس البلدية إن الساحة سترصف قبل الشتاء، وإن الأشغال لن تعطل السوق، وذكّر بما نشرناه عن "
    html = f"<p><b>اقرأ أيضا</b></p><p><a href=/2>{MILL}</a></p><p>{sentence}<a href=/3>{SCHOOL}</a></p>"
    assert titles(html) == [MILL]


def test_a_headline_that_holds_the_word_is_no_label():
    assert (
        titles(f"<h2>The town hall and its related companies lose in court</h2><a href=/2>{MILL}</a>") == []
    )


def test_related_headlines_are_in_the_order_of_the_page():
    inline = f"<p><strong>اقرأ أيضا: <a href=/3>{SCHOOL}</a></strong></p>"
    assert titles(f"{inline}{STORY}<h2>ذات صلة</h2><a href=/2>{MILL}</a>") == [SCHOOL, MILL]


@pytest.mark.parametrize(
    ("title", "body"),
    [
        (f"{HEADLINE} - صحيفة الوادي", f"<h1>{HEADLINE}</h1>"),
        (f"صحيفة الوادي: {HEADLINE}", f"<h1><a href=/>صحيفة الوادي</a></h1><h3>{HEADLINE}</h3>"),
        (f"{HEADLINE} | محليات | صحيفة الوادي", f"<td><font size=5><b>{HEADLINE}</b></font>"),
    ],
)
def test_the_site_is_named_beside_the_headline_in_the_title(title, body):
    found = read(f"<title>{title}</title>{body}{STORY}")
    assert (found.title, found.site_name) == (HEADLINE, "صحيفة الوادي")


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ("<hp-byline>ليلى بوزيان | الثلاثاء 27 فيفري 2024 | 09:05</hp-byline>", "ليلى بوزيان"),
        ("<div>تركي الشملاني - الوادي</div><div>الأحد 24 مارس 2024</div>", "تركي الشملاني"),
        ("<p>Posted on 21 October 2024 by Peter Sangha</p>", "Peter Sangha"),
        ("<p>jeudi 5 avril 2018, par <span>Yann Kerleo</span></p>", "Yann Kerleo"),
    ],
)
def test_a_name_beside_the_date_is_the_author(lines, name):
    assert read(f"<h1>{HEADLINE}</h1>{lines}{STORY}").authors == (name,)


@pytest.mark.parametrize(
    "lines",
    [
        "<div>NEWS | 21 October 2024</div>",
        "<b>مواضيع ذات صلة</b>",
        "<p>Read time: 4 min | 21 October 2024</p>",
    ],
)
def test_what_is_no_name_beside_a_date_is_no_author(lines):
    assert read(f"<h1>{HEADLINE}</h1>{lines}{STORY}").authors == ()


def test_a_date_above_the_headline_is_that_of_the_page():
    found = read(f"<div><span>شنبه ۱۲ اسفند ۱۴۰۲ - ۱۴:۳۵</span></div><h1>{HEADLINE}</h1>{STORY}")
    assert found.published_at is not None
    assert found.published_at.isoformat() == "2024-03-02T14:35:00+00:00"


def test_the_preview_of_a_video_is_the_image():
    video = '{"@type": "VideoObject", "name": "x", "thumbnailUrl": ["https://news.example.org/t.jpg"]}'
    assert (
        read(f'<script type="application/ld+json">{video}</script>').image == "https://news.example.org/t.jpg"
    )


def test_a_photo_below_the_headline_is_the_image_where_none_is_stated():
    icon, photo = '<img src="/print.gif">', '<img src="/photos/market.jpg">'
    assert read(f"<h1>{HEADLINE}</h1>{photo}{STORY}").image == "https://news.example.org/photos/market.jpg"
    assert read(f"<h1>{HEADLINE}</h1>{icon}{STORY}").image is None


@pytest.mark.parametrize(
    "html",
    [
        "<b>related " * 20_000,
        "<div>read also: <a href=/2>x</a>" * 20_000,
        "<h3>related</h3><ul>" + "<li><a href=/2>A headline of some length</a>" * 40_000,
        "<span>related</span>" * 40_000,
        f"<title>{'a b - ' * 400}</title>" + "<b>a b a b a b a b</b>" * 20_000,
    ],
    ids=["nested labels", "nested lists", "a long list", "many labels", "many pieces"],
)
def test_hostile_lists_are_read_in_time(html):
    [view] = views_of([html])
    start = time.process_time()
    read_metadata(view, url=None, fetched_at=None)
    assert time.process_time() - start < 5
