import pytest

from schemas.raw_event import RawEvent
from schemas.rejected_event import RejectReason
from workers.boilerplate.charset import decode, kind_of_file, scrub, with_newlines
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
URDU = "وزیر نے کہا کہ نئی ریل گاڑی اگلے ہفتے سے چلے گی اور ٹکٹ کی قیمت چار گنا نہیں بڑھے گی، گھر سے دفتر تک پانچ منٹ لگیں گے۔ "
UKRAINIAN = (
    "Міська влада оголосила у вівторок про завершення ремонту старого залізничного мосту через річку. "
)
HEBREW = "העירייה הודיעה ביום שלישי כי הספרייה החדשה תיפתח לציבור בשבוע הבא בבניין הדואר הישן. "
TURKISH = (
    "Belediye, eski postane binasındaki yeni kütüphanenin gelecek hafta halka açılacağını salı günü duyurdu. "
)
POLISH = "Władze miasta ogłosiły we wtorek zakończenie remontu starego mostu kolejowego, który znów będzie służył pieszym. "
HUNGARIAN = "A városvezetés kedden bejelentette, hogy a jövő héten megnyílik az új könyvtár a régi postaépületben, hűvös időben is. "
LITHUANIAN = "Miesto valdžia antradienį paskelbė, kad kitą savaitę senajame pašto pastate bus atidaryta nauja biblioteka. "
JAPANESE = "市役所は火曜日、古い郵便局の建物にある新しい図書館を来週市民に開くと発表した。"
KOREAN = "시청은 화요일 옛 우체국 건물의 새 도서관을 다음 주에 시민에게 연다고 발표했다. "
TAIWANESE = "市政府星期二宣布，舊郵局大樓內的新圖書館將於下週向市民開放，館內藏書超過四萬冊。"
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
        (URDU.replace("ی", "ى").replace("۔", ".") * 4, "cp1256"),
        (RUSSIAN * 4, "cp1251"),
        (RUSSIAN * 4, "koi8_r"),
        (RUSSIAN * 4, "cp866"),
        (UKRAINIAN * 4, "cp1251"),
        (GREEK * 4, "cp1253"),
        (HEBREW * 4, "cp1255"),
        (TURKISH * 4, "cp1254"),
        (POLISH * 4, "cp1250"),
        (POLISH * 4, "iso8859_2"),
        (HUNGARIAN * 4, "cp1250"),
        (LITHUANIAN * 4, "cp1257"),
        (JAPANESE * 4, "shift_jis"),
        (JAPANESE * 4, "euc_jp"),
        (KOREAN * 4, "euc_kr"),
        (TAIWANESE * 4, "big5"),
        (FRENCH * 4, "cp1252"),
        (CHINESE * 4, "gb18030"),
        (CHINESE * 4, "utf-8"),
    ],
    ids=lambda value: value[:12] if " " in value or not value.isascii() else value,
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


@pytest.mark.parametrize(
    ("text", "codec", "said"),
    [
        (ARABIC, "cp1256", "windows-1251"),
        (ARABIC, "cp1256", "ISO-8859-1"),
        (ARABIC, "cp1256", "koi8-r"),
        (ARABIC, "iso8859_6", "windows-1256"),
        (PERSIAN.replace("ی", "ي"), "cp1256", "windows-1252"),
        (RUSSIAN, "cp1251", "KOI8-R"),
        (RUSSIAN, "koi8_r", "windows-1251"),
        (RUSSIAN, "cp1251", "windows-1256"),
        (GREEK, "cp1253", "ISO-8859-1"),
        (TURKISH, "cp1254", "ISO-8859-1"),
        (POLISH, "cp1250", "ISO-8859-1"),
        (FRENCH, "cp1252", "windows-1256"),
        (CHINESE, "gb18030", "ISO-8859-1"),
        (ARABIC, "utf-8", "utf-16"),
        (ARABIC, "cp1256", "utf-7"),
        (ARABIC, "cp1256", "idna"),
        (ARABIC, "cp1256", "unicode_escape"),
    ],
)
@pytest.mark.parametrize("where", ["header", "meta"])
def test_a_declaration_that_the_bytes_contradict_is_not_believed(text, codec, said, where):
    whole = page(text * 4, said if where == "meta" else None)
    content_type = f"text/html; charset={said}" if where == "header" else None
    assert decode(whole.encode(codec), content_type) == whole


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("خبر", "cp1256"),
        ("خبر قصير", "iso8859_6"),
        ("мост", "koi8_r"),
        ("мост", "cp1251"),
        ("été", "cp1252"),
        ("ağaç", "cp1254"),
        ("市政府", "gb18030"),
        ("Ελλάδα", "iso8859_7"),
        ("мост", "mac_cyrillic"),
    ],
)
def test_a_true_declaration_of_a_few_bytes_is_believed(text, codec):
    assert decode(text.encode(codec), f"text/plain; charset={codec.replace('_', '-')}") == text


@pytest.mark.parametrize(
    "head",
    [
        '<meta http-equiv="Content-Type" content="text/html; charset=windows-1256">',
        "<META content='text/html;charset=WINDOWS-1256' http-equiv=content-type>",
        "<meta charset = windows-1256 />",
        '<!-- <meta charset="utf-8"> --><meta charset="windows-1256">',
        '<meta name="description" content="all about charset=koi8-r"><meta charset="windows-1256">',
        "<script>" + "x" * 6000 + '</script><meta charset="windows-1256">',
    ],
    ids=["http-equiv", "capitals", "spaces", "comment", "description", "late"],
)
def test_a_meta_element_is_found_wherever_it_stands(head):
    whole = f"<html><head>{head}</head><body><p>خبر</p></body></html>"
    assert decode(whole.encode("cp1256"), None) == whole


def test_an_xml_declaration_is_read():
    whole = '<?xml version="1.0" encoding="windows-1256"?><html><body><p>خبر</p></body></html>'
    assert decode(whole.encode("cp1256"), None) == whole


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [ARABIC * 3, RUSSIAN * 3, FRENCH * 3], ids=["ar", "ru", "fr"])
def test_utf16_without_a_mark_is_read(text, codec):
    assert kind_of_file(text.encode(codec)) is None
    assert decode(text.encode(codec), None) == text


def test_only_its_own_half_of_a_character_is_lost_where_a_body_was_cut():
    body = (CHINESE * 900).encode("gb18030")[:-1]
    assert decode(body, None)[:-1] == (CHINESE * 900)[:-1]


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


# Around U+0000, U+0080 to U+009F, U+FEFF, U+202A to U+202E, U+2066 to U+2069, and what is as many bytes in UTF-8.
NEAR_CONTROLS = [
    *map(chr, (*range(0x21), 0x7E, *range(0x7F, 0xA2), *range(0x2026, 0x2031), *range(0x2064, 0x206C))),
    *"\u2128\u20aa\u00c2\u00e2\ufefe\ufeff\uff0c\uf8ff\U0001f600\u0627\u0416\u5b57",
]


def is_wanted(char):
    code = ord(char)
    return char in "\t\n\r" or not (
        code < 0x20
        or 0x7F <= code < 0xA0
        or code == 0xFEFF
        or 0x202A <= code <= 0x202E
        or 0x2066 <= code <= 0x2069
    )


@pytest.mark.parametrize("around", ["", "x" * 9_000, "ن\u200c" * 3_000, "a\u00a0" * 3_000], ids=["alone", "ASCII", "joiners", "spaces"])  # fmt: skip
@pytest.mark.parametrize("form", [str, str.encode], ids=["text", "bytes"])
def test_each_control_is_found_wherever_it_stands_and_nothing_else_is(around, form):
    for char in NEAR_CONTROLS:
        expected = around + char * is_wanted(char) + around
        assert decode(form(f"{around}{char}{around}"), None) == expected, hex(ord(char))


def test_many_controls_are_taken_out_together():
    assert decode("خ\x00\x85\ufeff\u202a\u2069".encode() * 2_000, None) == "خ" * 2_000


@pytest.mark.parametrize("body", ["a\r\nb\rc\n\r", "ع\r\n\x00\r", "\r", "\ud800\r\n"])
def test_newlines_are_left_to_who_reads_the_text(body):
    assert with_newlines(decode(body, None)) == scrub(body)
    assert "\r" not in scrub(body)


def test_a_control_between_two_newlines_does_not_make_them_one():
    assert scrub("a\r\x00\nb") == with_newlines(decode("a\r\x00\nb", None)) == "a\n\nb"


@pytest.mark.parametrize("newline", ["\r\n", "\r"], ids=["CR LF", "CR"])
@pytest.mark.parametrize("form", ["page", "dump"])
def test_an_article_is_the_same_with_other_newlines(form, newline):
    paragraphs = f"{ARABIC * 2}\n\n{ARABIC * 3}"
    body = page("</p>\n<p title='a\nb'>".join(paragraphs.split("\n\n"))) if form == "page" else paragraphs
    [expected], [outcome] = (clean([RawEvent(body=text)]) for text in (body, body.replace("\n", newline)))
    assert isinstance(outcome, Kept)
    assert outcome.record.text == expected.record.text == f"{(ARABIC * 2).strip()}\n\n{(ARABIC * 3).strip()}"


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
