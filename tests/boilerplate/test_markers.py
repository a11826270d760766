import json
from importlib.resources import files

import pytest

from workers.boilerplate.keywords import split_keywords
from workers.boilerplate.markers import Kind, Marker, find_marker
from workers.boilerplate.paragraphs import distinct


@pytest.mark.parametrize(
    ("line", "kind", "value"),
    [
        ("المصدر: عربي21", Kind.SOURCE, "عربي21"),
        ("المصدر : رويترز", Kind.SOURCE, "رويترز"),
        ("نقلاً عن صحيفة الميناء", Kind.SOURCE, "صحيفة الميناء"),
        ("إقرأ أيضاً:", Kind.READ_ALSO, ""),
        ("اقرأ أيضا: خبر آخر", Kind.READ_ALSO, "خبر آخر"),
        ("مقالات مشابهة", Kind.RELATED, ""),
        ("الكلمــات المفتاحيّة: أ، ب", Kind.KEYWORDS, "أ، ب"),
        ("Source: Reuters", Kind.SOURCE, "Reuters"),
        ("READ ALSO: Another story", Kind.READ_ALSO, "Another story"),
        ("• Related articles", Kind.RELATED, ""),
        ("© 2024 Harbour Times", Kind.END, "2024 Harbour Times"),
        ("Subscribe to our newsletter.", Kind.SUBSCRIBE, "to our newsletter."),
        ("À lire aussi", Kind.READ_ALSO, ""),
        ("Mots-clés : quais", Kind.KEYWORDS, "quais"),
        ("Источник: Вестник", Kind.SOURCE, "Вестник"),
        ("منبع: ایسنا", Kind.SOURCE, "ایسنا"),
        ("برچسب‌ها: قطار", Kind.KEYWORDS, "قطار"),
        ("Quelle: dpa", Kind.SOURCE, "dpa"),
        ("Mehr zum Thema", Kind.RELATED, ""),
        ("Fuente: EFE", Kind.SOURCE, "EFE"),
        ("Leia também: Outra notícia", Kind.READ_ALSO, "Outra notícia"),
        ("Kaynak: AA", Kind.SOURCE, "AA"),
        ("İlgili Haberler", Kind.RELATED, ""),
        ("来源：新华社", Kind.SOURCE, "新华社"),
    ],
)
def test_a_marker_line_is_seen_with_what_stands_behind_it(line, kind, value):
    assert find_marker(line) == Marker(kind, value)


@pytest.mark.parametrize(
    "line",
    [
        "المصدر الذي طلب عدم ذكر اسمه أكد أن المفاوضات ستستمر",
        "مصدر أمني: الوضع تحت السيطرة",
        "وشارك في اللقاء عدد من الكتاب",
        "A source close to the talks said they would go on.",
        "Sources said the talks would go on.",
        "Related to this is the question of money.",
        "Comments by the minister were welcomed.",
        "Shareholders approved the plan.",
        "Share prices fell on Monday after the announcement.",
        "Par ailleurs, la mairie a confirmé le projet.",
        "Von den Gesprächen wurde nichts bekannt.",
        "Por la tarde, el ministro viajó a la capital.",
        "По словам министра, переговоры продолжатся.",
        "",
        "...",
    ],
)
def test_prose_that_begins_like_a_marker_is_prose(line):
    assert find_marker(line) is None


@pytest.mark.parametrize(
    ("line", "kind", "value"),
    [
        (
            "\u0625\u0650\u0642\u0652\u0631\u064e\u0623\u0652 أيضاً: خبر",
            Kind.READ_ALSO,
            "خبر",
        ),  # KASRA, SUKUN, FATHA
        ("- Σχετικά άρθρα", Kind.RELATED, ""),
        ("ΣΧΕΤΙΚΆ ΆΡΘΡΑ", Kind.RELATED, ""),
        ("İLGİLİ HABERLER", Kind.RELATED, ""),
        ("©", Kind.END, ""),
    ],
    ids=["vowel marks", "bullet", "sigma", "dotted i", "one character"],
)
def test_a_marker_is_seen_however_its_first_letters_are_written(line, kind, value):
    assert find_marker(line) == Marker(kind, value)


@pytest.mark.parametrize("lang", ["ar", "en", "fr", "ru", "fa", "de", "es", "pt", "tr", "zh"])
def test_every_language_has_forms_of_every_kind_and_each_is_found(lang):
    data = json.loads(files("workers.boilerplate").joinpath("data/markers.json").read_text("utf-8"))
    assert set(data["markers"][lang]) == set(Kind) == set(data["kinds"])
    for kind in set(Kind) - {Kind.LINK, Kind.SUBSCRIBE}:
        assert data["markers"][lang][kind], kind
    for kind, forms in data["markers"][lang].items():
        for form in forms:
            found = find_marker(form.rstrip("*"))
            assert found is not None, (kind, form)


@pytest.mark.parametrize(
    ("line", "keywords"),
    [
        ("سياسة اقتصاد سياسة بوتين سياسة اقتصاد", ("سياسة", "اقتصاد", "بوتين")),
        ("حمل ونقل، قطار، قطار ، ", ("حمل ونقل", "قطار")),
        ("Harbour, cranes; harbour | Museum", ("Harbour", "cranes", "Museum")),
        ("#мост #ремонт #мост", ("мост", "ремонт")),
        ("", ()),
    ],
    ids=["run of words", "arabic commas", "mixed separators", "hashtags", "nothing"],
)
def test_keywords_come_once_in_order(line, keywords):
    assert distinct(split_keywords(line)) == keywords
