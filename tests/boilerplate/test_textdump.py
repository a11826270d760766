"""Dumps of whole pages: which lines are the article, in whatever language and however the rows are broken."""

import textwrap
import time
import tracemalloc
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.boilerplate.dumplines import split_lines
from workers.boilerplate.paragraphs import tidy
from workers.boilerplate.textdump import judge_dump, read_dump, read_dumps

ARTICLE = (
    "The harbour authority said on Tuesday that the last of the three old cranes will be taken down next month, ending a dispute that has run for almost ten years.",
    "Engineers had warned that the structure, built in 1931, could not survive another winter; a survey in spring found cracks in two of its four legs.",
    "Residents who campaigned to keep the crane said they would ask for its cabin to be shown in the maritime museum, where two smaller cranes already stand.",
    "“It was the first thing that you saw from the ferry,” said Ann Lee, who has lived on the quay for forty years. “Now we will have to look for another.”",
)  # fmt: skip
SECOND = (
    "Ferries to the outer islands will leave half an hour earlier from Monday, the operator said, because the new timetable gives the crews more time in port.",
    "Passengers with a monthly ticket need not do anything. Those who have booked a cabin will be told by telephone, and may change their journey without a fee.",
    "The operator expects that the change will bring some two hundred more passengers a day, most of them pupils who could not reach their schools in time.",
    "A further change is planned for the autumn, when a second ship returns from the yard; it was to have been ready in spring.",
    "Shopkeepers on the islands have asked for a late ferry on Saturdays as well, which the operator says it will consider.",
)  # fmt: skip
# In Arabic, Persian, English, French, German, Spanish, Portuguese, Russian, Turkish, Chinese.
READ_ALSO = ["إقرأ أيضاً:", "بیشتر بخوانید", "Read also", "À lire aussi", "Lesen Sie auch:", "Lea también", "Leia também:", "Читайте также:", "Ayrıca okuyun", "延伸阅读"]  # fmt: skip
KEYWORDS = ["كلمات دلالية: ميناء", "برچسب‌ها: بندر", "Tags: harbour", "Mots-clés : port", "Schlagwörter: Hafen", "Etiquetas: puerto", "Palavras-chave: porto", "Теги: порт", "Etiketler: liman", "关键词：港口"]  # fmt: skip
LANGS = ["ar", "fa", "en", "fr", "de", "es", "pt", "ru", "tr", "zh"]


def in_arabic(text):
    """`text` letter by letter in Arabic script: the same structure without a word that any list knows."""
    return "".join(
        chr(0x0627 + ord(char.lower()) % 20) if char.isascii() and char.isalpha() else char for char in text
    ).translate(str.maketrans(",;?", "\u060c\u061b\u061f"))  # ARABIC COMMA, SEMICOLON, QUESTION MARK


def dump(*parts):
    return "\n\n".join(parts)


@pytest.mark.parametrize("write", [in_arabic, str], ids=["in Arabic letters", "as it is"])
@pytest.mark.parametrize(("read_also", "keywords"), [*zip(READ_ALSO, KEYWORDS, strict=True)], ids=LANGS)
def test_a_complete_second_article_behind_read_also_is_left_out(read_also, keywords, write):
    article, second = [write(line) for line in ARTICLE], [write(line) for line in SECOND * 2]
    page = read_dump(dump(*article, keywords, read_also, write("Ferries leave earlier"), *second))
    assert page.text == dump(*article)


@pytest.mark.parametrize("write", [in_arabic, str], ids=["in Arabic letters", "as it is"])
@pytest.mark.parametrize("gap", ["\n\n", "\n", "\n\n\n\n"], ids=["one empty row", "none", "three"])
def test_menus_and_lists_around_an_article_are_left_out(write, gap):
    menu = ["• Home", "• News", "• Sport", "• Weather", "• Culture", "• Contact"]
    tail = ["Related articles", "• Ferries leave earlier from Monday", "• Museum opens a second hall", "Leave a comment", "© 2024 Harbour Times"]  # fmt: skip
    lines = [*map(write, menu), *map(write, ARTICLE), *tail]
    assert read_dump(gap.join(lines)).text == dump(*map(write, ARTICLE))


def test_a_paragraph_that_is_broken_at_a_fixed_width_is_one_paragraph():
    wrapped = "\n\n".join(textwrap.fill(line, 72) for line in ARTICLE)
    assert read_dump(wrapped).text == dump(*ARTICLE)


@pytest.mark.parametrize("space", ["  ", "\t", "\u00a0", "\u2003", "\u3000"], ids=ascii)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028", "\x0c", " \n  "], ids=ascii)
def test_all_white_space_is_one_space_and_every_line_break_ends_a_row(space, end):
    lines = split_lines(end.join([f"قال{space}المدير", "News", f"{space}Sport{space}", ""]))
    assert lines.texts == ["قال المدير", "News", "Sport"]
    assert lines.blanks[0] == 0


def test_rows_that_fill_the_width_are_joined_and_short_ones_are_not():
    rows = textwrap.fill(" ".join(ARTICLE), 60).split("\n")
    lines = split_lines("\n".join(["Home", "News", "", *rows, "", "Contact"]))
    assert lines.texts == ["Home", "News", " ".join(ARTICLE), "Contact"]


def test_a_teaser_between_the_paragraphs_is_left_out():
    text = dump(ARTICLE[0], ARTICLE[1], "Read also: Ferries leave earlier from Monday", *ARTICLE[2:])
    assert read_dump(text).text == dump(*ARTICLE)


def test_the_lines_above_an_article_become_its_fields():
    text = dump(
        "Home News Sport",
        "Last crane leaves the old harbour",
        "By Ann Lee and Bo Ek",
        "4 March 2024, 10:15",
        *ARTICLE,
    )
    page = read_dump(text)
    assert page.text == dump(*ARTICLE)
    assert page.title == "Last crane leaves the old harbour"
    assert page.authors == ("Ann Lee", "Bo Ek")
    assert read_dump(text).published_at == datetime(2024, 3, 4, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize("mark", [" \u2022", "\u00b7", " \u2014"], ids=["bullet", "middle dot", "dash"])
def test_a_date_behind_a_mark_is_no_part_of_the_name_before_it(mark):
    page = read_dump(dump("Last crane leaves the harbour", f"By Ann Lee{mark} March 4, 2024", *ARTICLE))
    assert page.authors == ("Ann Lee",)


def test_a_run_of_keywords_holds_no_small_words():
    article = [
        "قال مدير الميناء في مؤتمر صحفي إن الرصيف الجديد سيفتح أمام السفن في الربيع المقبل، بعد عمل استمر عامين.",
        "وأضاف أن العمل في الرصيف القديم سيتوقف في الشهر نفسه، على أن يعود بعد انتهاء الترميم في الخريف.",
        "ويأمل الصيادون في المدينة أن تبقى الرسوم كما هي، بعد أن ارتفعت في العام الماضي بنحو الثلث.",
        "ومن المقرر أن يبدأ الترميم في الأسبوع الأول من الشهر القادم، حسب ما جاء في بيان الإدارة.",
    ]
    page = read_dump(dump(*article, "كلمات دلالية: ميناء رصيف في سياسة المزيد في سياسة"))
    assert page.text == dump(*article)
    assert page.keywords == ("ميناء", "رصيف", "سياسة")


@pytest.mark.parametrize("text", ["", "\n", "x", "• Home\n• News", "\u064b\n\u064b", "\ud800"], ids=repr)
def test_what_is_no_article_gives_no_text(text):
    page = read_dump(text)
    assert page.text == ""
    assert page.blocks == len(judge_dump(text))


def test_every_line_is_judged_with_a_reason_and_the_kept_ones_are_the_text():
    text = dump(
        "Home", "News", *ARTICLE, "Tags: harbour, cranes", "Read also", "Ferries leave earlier", *SECOND
    )
    judged = judge_dump(text)
    assert [line.text for line in judged] == text.split("\n\n")
    assert "\n\n".join(line.text for line in judged if line.kept) == read_dump(text).text
    assert all(line.reason for line in judged)
    assert judged[6].reason == "keywords"
    assert judged[-1].reason == "behind the end of the first article"


PIECES = st.lists(
    st.sampled_from(
        [*ARTICLE, *SECOND, "Home", "• News", "", "Tags: a, b", "Read also", "المصدر: عربي21", "e\u0301"]
    )
    | st.text(st.characters(exclude_categories=()), max_size=80),
    max_size=20,
).map("\n".join)


@settings(max_examples=150, deadline=None)
@given(PIECES)
def test_kept_lines_occur_in_the_dump_in_order(text):
    whole, position = tidy(text), 0
    judged = judge_dump(text)
    for line in judged:
        position = whole.index(line.text, position) + len(line.text)
    page = read_dump(text)
    assert page.text == unicodedata.normalize("NFC", page.text)
    assert page.text == "\n\n".join(line.text for line in judged if line.kept)


@pytest.mark.parametrize(
    "text",
    [ARTICLE[0] * 65_000, "\n".join(["Home, sweet home"] * 1_000_000), "\n".join(ARTICLE * 20_000), "x" * 10_000_000, "\n" * 10_000_000],
    ids=["10 MB on one line", "1,000,000 short lines", "80,000 paragraphs", "one word", "empty rows"],
)  # fmt: skip
def test_hostile_input_ends_soon(text):
    began = time.perf_counter()
    read_dump(text)
    assert time.perf_counter() - began < 8


def test_memory_is_bounded_whatever_the_number_of_lines():
    text = "\n".join(["Home, sweet home"] * 300_000)
    tracemalloc.start()
    read_dump(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000_000


def test_dumps_that_are_read_together_are_read_as_each_alone():
    article = dump("Last crane leaves the harbour", *ARTICLE)
    texts = [article, "", "Menu\n" * 3000, dump(*ARTICLE, *ARTICLE), "\n", article * 2, "One line"]
    assert read_dumps(texts) == [*map(read_dump, texts)]
