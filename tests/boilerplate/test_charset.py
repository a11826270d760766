import pytest

from schemas.raw_event import RawEvent
from schemas.rejected_event import RejectReason
from workers.boilerplate.charset import decode, scrub
from workers.boilerplate.stage import clean
from workers.outcomes import Dropped, Kept

ARABIC = "أعلنت بلدية المدينة الساحلية، صباح اليوم الثلاثاء، افتتاح مكتبة عامة جديدة في مبنى البريد القديم بعد أعمال ترميم طويلة. "
PERSIAN = "وزیر راه گفت که خط تازه قطار از هفته آینده آغاز به کار می کند و پول بلیت آن چهار برابر نخواهد شد. "
RUSSIAN = (
    "Городские власти объявили во вторник о завершении ремонта старого железнодорожного моста через реку. "
)
FRENCH = "La mairie a présenté mercredi son projet de réaménagement des quais, très attendu par les élèves du collège. "
GREEK = (
    "Ο δήμος ανακοίνωσε την Τρίτη ότι η παλιά γέφυρα θα ανοίξει ξανά για τους πεζούς την επόμενη εβδομάδα. "
)
CHINESE = "市政府星期二宣布，旧邮局大楼内的新图书馆将于下周向市民开放，馆内藏书超过四万册。"


def page(text: str, charset: str | None = None) -> str:
    meta = f'<meta charset="{charset}">' if charset else ""
    return f'<html><head>{meta}<title>x</title></head><body class="news"><p>{text}</p></body></html>'


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (ARABIC * 4, "cp1256"),
        (ARABIC * 4, "iso8859_6"),
        (PERSIAN.replace("ی", "ي") * 4, "cp1256"),
        (RUSSIAN * 4, "cp1251"),
        (RUSSIAN * 4, "koi8_r"),
        (GREEK * 4, "cp1253"),
        (FRENCH * 4, "cp1252"),
        (CHINESE * 4, "gb18030"),
        (CHINESE * 4, "utf-8"),
    ],
    ids=[
        "ar-1256",
        "ar-8859-6",
        "fa-1256",
        "ru-1251",
        "ru-koi8",
        "el-1253",
        "fr-1252",
        "zh-gb18030",
        "zh-utf8",
    ],
)
@pytest.mark.parametrize("form", ["page", "plain"])
def test_a_charset_that_nobody_declared_is_found(text, codec, form):
    whole = page(text) if form == "page" else text
    assert decode(whole.encode(codec), None) == whole


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (ARABIC.encode("cp1256"), "text/plain; charset=windows-1256"),
        (page(ARABIC, "windows-1256").encode("cp1256"), None),
        (page(ARABIC, "windows-1256").encode("cp1256"), "text/html; charset=ISO-8859-1"),
        (page(ARABIC, "windows-1256").encode(), "text/html"),
        (ARABIC.encode(), "text/plain; charset=windows-1256"),
        ((ARABIC * 4).encode("cp1256"), "text/plain; charset=utf-8"),
        ((ARABIC * 4).encode("cp1256"), "text/plain; charset=no-such-charset"),
        (b"\xef\xbb\xbf" + ARABIC.encode(), None),
        (b"\xff\xfe" + ARABIC.encode("utf-16-le"), "text/plain; charset=utf-8"),
    ],
    ids=[
        "header", "meta", "default header, meta knows better", "stale meta on UTF-8", "stale header on UTF-8",
        "header is wrong", "header is unknown", "UTF-8 mark", "UTF-16 mark",
    ],
)  # fmt: skip
def test_a_declaration_is_used_as_far_as_it_is_true(body, content_type):
    assert ARABIC.strip() in decode(body, content_type)


def test_a_damaged_utf8_page_keeps_everything_but_the_damage():
    body = (ARABIC * 3).encode() + b"\xff\xfe\x80 " + ARABIC.encode()
    text = decode(body, None)
    assert text.count(ARABIC.strip()) == 4
    assert "\ufffd" in text


def test_iso_2022_jp_is_read_though_its_bytes_are_ascii():
    text = "市役所は火曜日、新しい図書館を開くと発表した。"
    assert decode(text.encode("iso2022_jp"), "text/plain; charset=iso-2022-jp") == text


@pytest.mark.parametrize(
    ("dirty", "tidy"),
    [
        ("خبر\ud800", "خبر\ufffd"),
        ("خ\x00ب\x08ر\x7f\x85", "خبر"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\u202eخبر\u202c \u2067x\u2069", "خبر x"),
        ("می\u200cکند\u200f", "می\u200cکند\u200f"),
    ],
    ids=["lone surrogate", "controls", "newlines", "bidi overrides", "joiners and marks stay"],
)
def test_scrubbing_removes_what_no_text_has(dirty, tidy):
    assert scrub(dirty) == tidy
    assert scrub(tidy) == tidy


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"%PDF-1.7\n" + ARABIC.encode(), "PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "PNG"),
        (b"PK\x03\x04" + b"word/document.xml" * 9, "ZIP"),
        (bytes(range(32)) * 64, "binary"),
        ("%PDF-1.7\n" + ARABIC, "PDF"),
        ("\ufffd\x00\x01" * 400, "binary"),
    ],
    ids=["pdf", "png", "zip", "bytes", "pdf as text", "binary as text"],
)
def test_a_file_that_is_no_text_is_dropped_and_named(body, words):
    [outcome] = clean([RawEvent(body=body)])
    assert isinstance(outcome, Dropped)
    assert outcome.reason is RejectReason.NOT_TEXT
    assert words in outcome.detail


def test_an_undeclared_windows_1256_dump_becomes_an_arabic_article():
    [outcome] = clean([RawEvent(body=(ARABIC * 3).encode("cp1256"))])
    assert isinstance(outcome, Kept)
    assert outcome.record.text == (ARABIC * 3).strip()
    assert outcome.record.lang == "ar"
