import time

import pytest

from workers.boilerplate.sniff import is_html

DUMP = "أعلنت البلدية افتتاح مكتبة جديدة.\n\nوقال رئيس البلدية إن المكتبة ستفتح أبوابها للجميع.\n\n" * 6
FRAGMENT = "<p>أعلنت البلدية افتتاح مكتبة جديدة.</p>\n<p>وقال رئيس البلدية إن المكتبة ستفتح.</p>\n"


@pytest.mark.parametrize(
    ("text", "content_type"),
    [
        ("<!DOCTYPE html><html><body>خبر</body></html>", "text/plain"),
        ("\ufeff\r\n\r\n <!doctype HTML><p>خبر", None),
        ('<?xml version="1.0" encoding="utf-8"?>\n<!-- x -->\n<html xmlns="x"><body/></html>', "text/plain"),
        ("<!-- saved from a browser --><div>خبر</div>", None),
        ("<script>var x = 1;</script>\n" + "x\n" * 9_000, "text/plain"),
        (FRAGMENT * 3, None),
        (FRAGMENT * 3, "text/plain"),
        (FRAGMENT * 3, "application/octet-stream"),
        (f"تونس: {FRAGMENT * 3}", None),
        ("خبر<br><br>ثان<br/>ثالث", None),
        ("<P>خبر</P>", "text/html; charset=utf-8"),
        ("خبر &quot;عاجل&quot;", "text/html"),
        ("<p>خبر</p>", "application/xhtml+xml"),
    ],
    ids=[
        "announced as text", "mark and newlines first", "XHTML", "comment first", "script first", "fragment",
        "fragment announced as text", "fragment of unknown type", "fragment behind a word", "line breaks",
        "one paragraph", "character references", "XHTML type",
    ],
)  # fmt: skip
def test_pages_and_fragments_are_html(text, content_type):
    assert is_html(text, content_type)


@pytest.mark.parametrize(
    ("text", "content_type"),
    [
        ("", None),
        (DUMP, None),
        (DUMP, "text/html"),
        (DUMP + '<div style="x"><a href="/x"><img src="y"></a></div>\n\n' + DUMP, None),
        (
            DUMP + "• Allowed HTML tags: <a> <em> <strong> <cite> <code> <ul> <ol> <li>\n\n" + DUMP,
            "text/plain",
        ),
        (
            "How to write a page: open it with <html>, then <head> and <title>.\n\n"
            + "Then comes the body.\n" * 20,
            None,
        ),
        ("5 < 6 and 7 > 3, <3 <br", None),
        ("<name@example.org> wrote:\n> hello\n", None),
    ],
    ids=[
        "empty", "dump", "dump announced as HTML", "pasted code", "what a comment may hold", "about HTML", "signs",
        "mail",
    ],
)  # fmt: skip
def test_dumps_are_text_though_there_is_a_tag_in_them(text, content_type):
    assert not is_html(text, content_type)


@pytest.mark.parametrize("newline", ["\r\n", "\r"], ids=["CR LF", "CR"])
@pytest.mark.parametrize("content_type", [None, "text/html", "text/plain"])
@pytest.mark.parametrize("text", [DUMP, FRAGMENT * 3, DUMP + FRAGMENT * 3, DUMP * 9 + FRAGMENT * 3])
def test_it_is_the_same_with_other_newlines(text, content_type, newline):
    assert is_html(text.replace("\n", newline), content_type) == is_html(text, content_type)


def test_blanks_before_a_page_do_not_hide_it():
    assert is_html(" \n" * 200_000 + "<html><body>", "text/plain")
    assert not is_html(" \n" * 200_000, "text/html")


@pytest.mark.parametrize(
    "text", ["<" * 3_000_000, "<!--" * 1_000_000, "<a " * 1_000_000, " " * 3_000_000, "<?x?>" * 100_000]
)
@pytest.mark.parametrize("content_type", [None, "text/html", "text/plain"])
def test_hostile_beginnings_are_judged_in_time(text, content_type):
    began = time.perf_counter()
    is_html(text, content_type)
    assert time.perf_counter() - began < 2
