"""Dates as pages write them: each language a row, Arabic first."""

import json
import time
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.boilerplate.calendars import Calendar, gregorian
from workers.boilerplate.dates import change_in_lines, date_in_lines, date_in_url, find_date, read_date
from workers.boilerplate.months import LOCALES, names

DAY = datetime(2024, 10, 13, tzinfo=UTC)
AFTERNOON = DAY + timedelta(hours=17, minutes=41)

IN_WORDS = {
    "ar": ("الأحد 13 أكتوبر 2024 - 17:41", AFTERNOON),
    "ar, Levant, Arabic-Indic digits": ("١٣ تشرين الأول ٢٠٢٤ الساعة ١٧:٤١", AFTERNOON),
    "ar, both names": ("13 تشرين الأول / أكتوبر 2024 - 05:41 م", AFTERNOON),
    "ar, Morocco": ("13 غشت 2024", datetime(2024, 8, 13, tzinfo=UTC)),
    "ar, Algeria": ("13 جويلية 2024", datetime(2024, 7, 13, tzinfo=UTC)),
    "ar, Hijri": ("10 ربيع الآخر 1446هـ", DAY),
    "ar, Hijri beside Gregorian": ("9 ربيع الآخر 1446 هـ الموافق 13 أكتوبر 2024 م", DAY),
    "fa, Jalali": ("۲۲ مهر ۱۴۰۳ - ۱۷:۴۱", AFTERNOON),
    "fa, Jalali in numbers": ("۱۴۰۳/۰۷/۲۲", DAY),
    "ur": ("13 اکتوبر 2024", DAY),
    "hi": ("13 अक्टूबर 2024, 05:41 PM", AFTERNOON),
    "ja": ("2024年10月13日 17時41分", AFTERNOON),
    "zh": ("2024年10月13日 下午5:41", AFTERNOON),
    "ko": ("2024.10.13 오후 5:41", AFTERNOON),
    "ko, in words": ("2024년 10월 13일 17:41", AFTERNOON),
    "el": ("Κυριακή, 13 Οκτωβρίου 2024 17:41", AFTERNOON),
    "ru": ("13 октября 2024, 17:41", AFTERNOON),
    "uk": ("13 жовтня 2024 р. 17:41", AFTERNOON),
    "tr": ("13 EKİM 2024 Pazar 17:41", AFTERNOON),
    "en": ("Sunday, October 13th, 2024 at 5:41 p.m.", AFTERNOON),
    "en, time first": ("17:41, 13 Oct 2024", AFTERNOON),
    "de": ("13. Oktober 2024 um 17.41 Uhr", AFTERNOON),
    "de, in numbers": ("Stand: 13.10.24, 17:41 Uhr", AFTERNOON),
    "fr": ("Le 13 octobre 2024 à 17h41", AFTERNOON),
    "es": ("13 de octubre de 2024 a las 17:41", AFTERNOON),
    "pt": ("13 de outubro de 2024 às 17h41", AFTERNOON),
    "it": ("13 ottobre 2024 alle 17:41", AFTERNOON),
    "nl": ("13 oktober 2024 om 17:41", AFTERNOON),
    "pl": ("13 października 2024, 17:41", AFTERNOON),
    "cs": ("13. 10. 2024 17:41", AFTERNOON),
    "sv": ("13 oktober 2024 kl. 17:41", AFTERNOON),
    "no": ("13. oktober 2024 kl 17.41", AFTERNOON),
    "da": ("13. okt. 2024 kl. 17.41", AFTERNOON),
    "fi": ("13.10.2024 klo 17.41", AFTERNOON),
    "hu": ("2024. október 13. 17:41", AFTERNOON),
    "ro": ("13 octombrie 2024, 17:41", AFTERNOON),
    "lt": ("2024 m. spalio 13 d. 17:41", AFTERNOON),
    "id": ("Minggu, 13 Oktober 2024 17:41", AFTERNOON),
    "vi": ("ngày 13 tháng 10 năm 2024", DAY),
}


@pytest.mark.parametrize("name", IN_WORDS)
def test_a_date_in_words_is_found_in_its_language(name):
    text, expected = IN_WORDS[name]
    stated = find_date(text, lang=name.partition(",")[0])
    assert stated is not None
    assert stated.at == expected
    assert stated.zone is None
    assert stated.has_time == (expected.hour > 0)


@pytest.mark.parametrize("name", [name for name in IN_WORDS if not name.startswith("lt")])
def test_the_names_of_months_tell_without_a_language(name):
    stated = find_date(IN_WORDS[name][0])
    assert stated is not None
    assert stated.at == IN_WORDS[name][1]


STAMPS = {
    "2024-10-13T17:41:09+03:00": ("2024-10-13T14:41:09", "+03:00"),
    "2024-10-13T17:41:09.123456Z": ("2024-10-13T17:41:09", "+00:00"),
    "2024-10-13T17:41+0300": ("2024-10-13T14:41:00", "+03:00"),
    "2024-10-13 17:41:09 UTC": ("2024-10-13T17:41:09", "+00:00"),
    "2024-10-13T17:41:09": ("2024-10-13T17:41:09", None),
    "2024-10-13": ("2024-10-13T00:00:00", None),
    "20241013": ("2024-10-13T00:00:00", None),
    "20241013T174109Z": ("2024-10-13T17:41:00", "+00:00"),
    "1728841269": ("2024-10-13T17:41:09", "+00:00"),
    "1728841269000": ("2024-10-13T17:41:09", "+00:00"),
    "Sun, 13 Oct 2024 17:41:09 +0300": ("2024-10-13T14:41:09", "+03:00"),
    "Sun, 13 Oct 2024 17:41:09 EDT": ("2024-10-13T21:41:09", "-04:00"),
    "Sun Oct 13 2024 17:41:09 GMT+0300 (EAT)": ("2024-10-13T14:41:09", "+03:00"),
    "Sun Oct 13 17:41:09 CEST 2024": ("2024-10-13T15:41:09", "+02:00"),
    "1987-10-13": ("1987-10-13T00:00:00", None),
}


@pytest.mark.parametrize("value", STAMPS)
def test_a_stamp_is_read_with_the_zone_it_is_written_with(value):
    stated = read_date(value)
    assert stated is not None
    assert (stated.at.isoformat(), stated.zone) == (f"{STAMPS[value][0]}+00:00", STAMPS[value][1])


@pytest.mark.parametrize(
    ("lang", "month"), [("ar", 4), ("en-GB", 4), ("en-US", 3), ("en", 3), ("de", 4), (None, 4), ("en_US", 3)]
)
def test_the_language_decides_between_day_and_month(lang, month):
    stated = find_date("03/04/2024", lang=lang)
    assert stated is not None
    assert stated.at.month == month


def test_a_number_above_twelve_is_a_day_in_any_language():
    assert find_date("10/13/2024", lang="de") == find_date("13/10/2024", lang="en-US")


def test_what_would_lie_in_the_future_is_read_in_the_other_order():
    stated = find_date("03/04/2024", lang="de", not_after=datetime(2024, 3, 20, tzinfo=UTC))
    assert stated is not None
    assert stated.at == datetime(2024, 3, 4, tzinfo=UTC)


def test_a_date_after_the_page_was_fetched_is_none():
    early = datetime(2024, 10, 1, tzinfo=UTC)
    assert find_date("13 October 2024", not_after=early) is None
    assert read_date("2024-10-13T17:41:09Z", not_after=early) is None
    assert date_in_url("https://example.org/2024/10/13/a", not_after=early) is None


@pytest.mark.parametrize(
    "text",
    [
        "آخر تحديث: 14 أكتوبر 2024، نشر في 13 أكتوبر 2024",
        "Updated 14 October 2024, first published 13 October 2024",
        "Aktualisiert am 14.10.2024, veröffentlicht am 13.10.2024",
        "Publié le 13/10/2024, mis à jour le 14/10/2024",
    ],
)
def test_the_time_of_a_change_gives_way_to_that_of_publication(text):
    stated = find_date(text)
    assert stated is not None
    assert stated.at == DAY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "17:41",
        "May 2024",
        "12 people said that 2024",
        "31.02.2024",
        "2024",
        "version 1.2.3",
        "1970-01-01",
        "0001-01-01",
    ],
)
def test_what_is_no_date_is_none(text):
    assert read_date(text) is None


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://example.org/2024/10/13/title", True),
        ("https://example.org/news/2024/oct/13/title", True),
        ("https://example.org/title-20241013.html", True),
        ("https://example.org/news/2024-10-13/title", True),
        ("https://example.org/2024/10/title", False),
        ("https://example.org/article/12024101399", False),
        ("https://example.org/2024/13/13/title", False),
    ],
)
def test_the_day_in_an_address(url, found):
    stated = date_in_url(url)
    assert (stated is not None and stated.at == DAY) == found


@pytest.mark.parametrize(
    ("calendar", "date", "expected"),
    [
        # Umm al-Qura calendar: 1 Muharram of 1446, 1 Ramadan of 1445, Eid al-Fitr of 1444.
        (Calendar.HIJRI, (1446, 1, 1), "2024-07-07"),
        (Calendar.HIJRI, (1445, 9, 1), "2024-03-11"),
        (Calendar.HIJRI, (1444, 10, 1), "2023-04-21"),
        # Nowruz, and the last day of a leap year.
        (Calendar.JALALI, (1403, 1, 1), "2024-03-20"),
        (Calendar.JALALI, (1404, 1, 1), "2025-03-21"),
        (Calendar.JALALI, (1399, 12, 30), "2021-03-20"),
        (Calendar.JALALI, (1380, 6, 20), "2001-09-11"),
    ],
)
def test_days_of_other_calendars(calendar, date, expected):
    found = gregorian(calendar, *date)
    assert found is not None
    assert found.isoformat() == expected


def test_days_that_other_calendars_do_not_have():
    assert gregorian(Calendar.JALALI, 1402, 12, 30) is None
    assert gregorian(Calendar.HIJRI, 1446, 1, 30) is None
    assert gregorian(Calendar.HIJRI, 1500, 1, 1) is None


@given(st.text())
def test_any_text_is_accepted(text):
    for stated in (find_date(text), read_date(text), date_in_url(text)):
        assert stated is None or stated.at.tzinfo is UTC


@pytest.mark.parametrize(
    "piece", ["1 ", "13 oct ", "2024 ", "12.12.", "oct 12, ", "\u0661", "a", "12:", "2024-10-"]
)
def test_hostile_text_takes_no_time(piece):
    began = time.perf_counter()
    find_date(piece * 300_000)
    assert time.perf_counter() - began < 1.0


def test_the_table_of_months_is_what_cldr_has():
    table = json.loads(files("workers.boilerplate").joinpath("data/months.json").read_text("utf-8"))["months"]
    for locale in LOCALES:
        months = table[locale.partition("_")[0].replace("nb", "no")]
        for number, names_of_month in enumerate(names(locale)):
            assert set(names_of_month) <= set(months[number].split("|"))


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("نشر في: الثلاثاء 12 كانون الثاني 2021 - 10:35 بتوقيت غرينتش", "2021-01-12T10:35:00+00:00"),
        ("الأربعاء 28 جمادى الآخرة 1445هـ الموافق 10 يناير 2024م", "2024-01-10T00:00:00+00:00"),
        ("تاریخ انتشار: ۱ آذر ۱۴۰۲ - ۱۰:۰۵", "2023-11-22T10:05:00+00:00"),
        ("Veröffentlicht am 3. Mai 2024", "2024-05-03T00:00:00+00:00"),
        ("Опубликовано: 3 мая 2024, 12:00", "2024-05-03T12:00:00+00:00"),
        ("2022-11-06 16:42:00 来源：湖滨晚报", "2022-11-06T16:42:00+00:00"),
        ("Publié le 9 juin 2023 à 15h40 - Mis à jour le 9 juin 2023 à 17h05", "2023-06-09T15:40:00+00:00"),
        ("LISBON, 4 March 2021 | 09:30", "2021-03-04T09:30:00+00:00"),
    ],
)
def test_a_line_that_is_little_more_than_a_date_is_one(line, wanted):
    found = date_in_lines(
        ["Home", "A bridge of paper holds for 40 years", line, "The bridge was built by hand."]
    )
    assert found is not None
    assert found.at.isoformat() == wanted


@pytest.mark.parametrize(
    "line",
    [
        "أقرّ المجلس القانون في 12 آذار 2019 بعد جلسة طويلة.",
        "The council met on 12 March 2024.",
        "The council met on 12 March 2024 and voted to keep the old clock running",
        "Room 12, 24 seats",
    ],
)
def test_a_sentence_that_names_a_day_is_no_date_line(line):
    assert date_in_lines([line]) is None


def test_a_line_for_publication_goes_before_one_for_a_change():
    lines = ["Updated: 5 May 2024, 11:00", "3 May 2024, 09:00"]
    published, changed = date_in_lines(lines), change_in_lines(lines)
    assert published is not None
    assert published.at.isoformat() == "2024-05-03T09:00:00+00:00"
    assert changed is not None
    assert changed.at.isoformat() == "2024-05-05T11:00:00+00:00"
    assert change_in_lines(lines[1:]) is None
