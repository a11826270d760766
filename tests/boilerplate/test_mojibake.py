import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.boilerplate.charset import scrub
from workers.boilerplate.mojibake import garbled

TEXTS = {
    "ar": "أعلنت بلدية المدينة الساحلية، صباح اليوم الثلاثاء، افتتاح مكتبة عامة جديدة في مبنى البريد القديم بعد أعمال ترميم طويلة. ",
    "fa": "وزیر راه گفت که خط تازه قطار از هفته آینده آغاز به کار می‌کند و پول بلیت آن چهار برابر نخواهد شد، چون گذشته. ",
    "ur": "وزیر نے کہا کہ نئی ریل گاڑی اگلے ہفتے سے چلے گی اور ٹکٹ کی قیمت چار گنا نہیں بڑھے گی، گھر سے دفتر تک پانچ منٹ لگیں گے۔ ",
    "ckb": "سەرۆکی شارەوانی ڕایگەیاند کە کتێبخانەی نوێ هەفتەی داهاتوو لە ناوەندی شار دەکرێتەوە و هەمووان دەتوانن سەردانی بکەن. ",
    "ru": "Городские власти объявили во вторник о завершении ремонта старого железнодорожного моста через реку. ",
    "uk": "Міська влада оголосила у вівторок про завершення ремонту старого залізничного мосту через річку. ",
    "el": "Ο δήμος ανακοίνωσε την Τρίτη ότι η παλιά γέφυρα θα ανοίξει ξανά για τους πεζούς την επόμενη εβδομάδα. ",
    "he": "העירייה הודיעה ביום שלישי כי הספרייה החדשה תיפתח לציבור בשבוע הבא בבניין הדואר הישן. ",
    "fr": "La mairie a présenté mercredi son projet de réaménagement des quais, très attendu par les élèves du collège. ",
    "de": "Die Stadt eröffnet nächste Woche die neue Bücherei im alten Postgebäude, für die viele Bürger jahrelang gespendet hatten. ",
    "vi": "Thành phố thông báo hôm thứ ba rằng thư viện mới trong tòa nhà bưu điện cũ sẽ mở cửa vào tuần tới. ",
    "is": "Borgin tilkynnti á þriðjudag að nýja bókasafnið í gamla pósthúsinu verði opnað almenningi í næstu viku. ",
    "tr": "Belediye, eski postane binasındaki yeni kütüphanenin gelecek hafta halka açılacağını salı günü duyurdu. ",
    "zh": "市政府星期二宣布，旧邮局大楼内的新图书馆将于下周向市民开放，馆内藏书超过四万册。",
    "ja": "市役所は火曜日、古い郵便局の建物にある新しい図書館を来週市民に開くと発表した。",
    "ko": "시청은 화요일 옛 우체국 건물의 새 도서관을 다음 주에 시민에게 연다고 발표했다. ",
    "hi": "नगर पालिका ने मंगलवार को घोषणा की कि पुराने डाकघर में नया पुस्तकालय अगले सप्ताह खुलेगा। ",
}


def read_as(data: bytes, codec: str) -> str:
    """As browsers read it: bytes that the charset leaves undefined become the controls of their number."""
    return "".join(bytes([byte]).decode(codec, "ignore") or chr(byte) for byte in data)


@pytest.mark.parametrize("lang", TEXTS)
def test_clean_texts_are_not_garbled(lang):
    for text in (TEXTS[lang], TEXTS[lang] * 30):
        assert garbled(text) is None


@pytest.mark.parametrize("codec", ["cp1252", "latin-1", "cp1256", "cp1251", "cp1250"])
@pytest.mark.parametrize("lang", TEXTS)
def test_utf8_read_as_another_charset_is_found(lang, codec):
    text = TEXTS[lang] * 4
    broken = read_as(text.encode(), codec)
    assert (garbled(broken) or "").startswith("UTF-8 read as ")


@pytest.mark.parametrize("lang", ["ar", "fa", "ru", "el", "fr", "he"])
def test_what_is_left_of_it_when_controls_were_taken_out_is_found(lang):
    broken = scrub(read_as((TEXTS[lang] * 4).encode(), "latin-1"))
    assert (garbled(broken) or "").startswith("UTF-8 read as ")


@pytest.mark.parametrize(
    ("lang", "was", "seen_as", "words"),
    [
        ("ar", "cp1256", "cp1252", "windows-1256 read as windows-1252"),
        ("ar", "cp1256", "cp1251", "windows-1256 read as windows-1251"),
        ("ar", "iso8859_6", "latin-1", "ISO-8859-6 read as windows-1252"),
        ("fa", "cp1256", "cp1252", "windows-1256 read as windows-1252"),
        ("ru", "cp1251", "cp1252", "windows-1251 read as windows-1252"),
        ("ru", "koi8_r", "cp1251", "read as windows-1251"),
        ("ru", "cp1251", "koi8_r", "windows-1251 read as KOI8-R"),
        ("el", "cp1253", "cp1252", "windows-1253 read as windows-1252"),
        ("he", "cp1255", "cp1252", "windows-1255 read as windows-1252"),
    ],
)
def test_one_charset_taken_for_another_is_found(lang, was, seen_as, words):
    text = (TEXTS[lang] * 4).replace("ی", "ي").replace("\u200c", " ")
    broken = read_as(text.encode(was), seen_as)
    assert words in (garbled(broken) or "")


@pytest.mark.parametrize(
    ("lang", "was", "seen_as"), [("zh", "gb18030", "latin-1"), ("ja", "shift_jis", "cp1252"), ("zh", "utf-8", "gb18030")]
)  # fmt: skip
def test_garbled_chinese_and_japanese_are_found(lang, was, seen_as):
    data = (TEXTS[lang] * 6).encode(was)
    assert garbled(
        data.decode("gb18030", "replace") if seen_as == "gb18030" else scrub(read_as(data, seen_as))
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "La mairie a pr\ufffdsent\ufffd son projet de r\ufffdam\ufffdnagement, tr\ufffds attendu. ",
            "U+FFFD",
        ),
        ("???? ???????? ?????? ??????? ????? ??? ??????? ??????? ????. ", "question marks"),
    ],
    ids=["replacement characters", "question marks"],
)
def test_text_whose_letters_were_lost_is_found(text, words):
    assert words in (garbled(text * 3) or "")


@pytest.mark.parametrize(
    "odd",
    [
        TEXTS["ar"] * 20 + "\ufffd",
        TEXTS["en" if "en" in TEXTS else "fr"] * 20 + "Ã©",
        TEXTS["fr"] * 20 + "Il a re\u00e7u le message \u00ab " + read_as(TEXTS["ar"].encode(), "cp1252") + "\u00bb.",
        TEXTS["ar"] * 20 + read_as(TEXTS["ar"].encode("cp1256"), "cp1252"),
        "The word كتاب (kitāb) means book; مكتبة is a library, and مدرسة a school, said the teacher. " * 5,
        "NÃO! A REUNIÃO SOBRE A EDUCAÇÃO E A SITUAÇÃO DO SÃO JOÃO NÃO SERÁ AMANHÃ. " * 5,
        "Why? Who? When? Nobody knows. " * 20,
        "The sign\u2019s \u201cEXIT\u201d \u2014 it\u2019s said \u2014 isn\u2019t lit\u2026 " * 20,
        "\u00a0\u00a0\u00a0\u00a0 10:00 \u00a0\u00a0\u00a0 Room 4 \u00a0\u00a0\u00a0 Lunch \u00a0\u00a0\u00a0\u00a0" * 20,
    ],
    ids=[
        "one character lost", "one odd pair", "a quoted line in French", "a quoted line in Arabic", "Arabic words",
        "Portuguese capitals", "questions", "quotation marks", "non-breaking spaces",
    ],
)  # fmt: skip
def test_a_text_with_something_odd_in_it_can_be_read(odd):
    assert garbled(odd) is None


def test_quotation_marks_alone_are_no_reason_to_reject():
    text = (
        "The mayor\u2019s plan, \u201ca bridge for all\u201d, wasn\u2019t what the city\u2019s people had asked for. "
        * 8
    )
    broken = read_as(text.encode(), "cp1252")
    assert garbled(broken) is None


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_text_is_taken(text):
    garbled(text)


@pytest.mark.parametrize(
    "text", ["Ã" * 3_000_000, "é " * 1_000_000, "\u0637\u00a7" * 1_000_000, TEXTS["ar"] * 25_000]
)
def test_long_texts_are_read_in_time(text):
    began = time.perf_counter()
    garbled(text)
    assert time.perf_counter() - began < 3
