"""Ways to spoil a page or a dump. Each takes the text and another text of the same kind, and answers with a text."""

import random
import re
from collections.abc import Callable

Mutation = Callable[[random.Random, str, str], str]

TAG = re.compile(r"<[^<>]*>")
NAMES = (
    "p", "div", "span", "b", "i", "a", "article", "section", "main", "table", "tr", "td", "ul", "li", "h1", "h2", "form",
    "select", "option", "button", "svg", "math", "mi", "foreignObject", "template", "frameset", "frame", "noscript",
    "textarea", "title", "xmp", "plaintext", "iframe", "noembed", "script", "style", "pre", "br", "hr", "img", "ruby",
    "rt", "dd", "dt", "caption", "colgroup", "figure", "nav", "footer", "aside", "body", "html", "head", "base", "nobr",
    "font", "applet", "marquee", "x-y", "p:p", "annotation-xml", "image", "isindex", "menuitem", "listing", "summary",
)  # fmt: skip
ENTITIES = (
    "&#x110000;", "&#0;", "&#xD800;", "&#xDFFF;", "&#99999999999999999999;", "&#x202E;", "&#x80;", "&#1;", "&#xFFFE;",
    "&nbsp", "&notit;", "&amp;lt;p&amp;gt;", "&lt;script&gt;", "&#", "&#x", "&", "&;", "&#38;#60;", "&zwj;&zwnj;&shy;",
    "&NotEqualTilde;", "&#x1F1E6;", "&#173;", "&#8203;", "&copy&reg", "&ampamp;", "&#x0D;", "&#10;", "&CounterClockwiseContourIntegral;",
)  # fmt: skip
ODD_CHARS = (
    *"\x00\x01\x08\x0b\x0c\x1b\x1f\x7f\x80\x85\x9f\xad\xa0",
    *"\u034f\u061c\u0640\u064b\u0670\u070f\u115f\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c",
    *"\u202d\u202e\u2060\u2066\u2067\u2068\u2069\u206a\u3000\ufeff\ufffc\ufffd\ufffe\uffff\ufdd0\ufb01\ufdfa\u1e9b\u0323",
    *"\ud800\udbff\udc00\udfff\ue000",
    *"\U0001f1e6\U0001f468\U000e0001\U000e0041\U0010ffff\U0001d15e\U0002f800",
)
"""Controls, marks, joiners, separators, bidirectional controls, non-characters, what normal forms change, lone
surrogates, what stands beyond 16 bits."""
OPENERS = ("<!--", "-->", "<!-->", "--!>", "<![CDATA[", "]]>", "<?", "?>", "</", "<!", "<", ">", "</>", "<!doctype ", "<p", "<a href=", '"', "'", "=", "/>")  # fmt: skip
VALUES = ("null", "[]", "{}", "0", "-1e999", '"\\ud800"', '""', '"2024"', '"0000-00-00T99:99:99Z"', '"9999-12-31T23:59:59-23:59"', '["a",["b",{}]]', '{"name":{"name":["x"]}}', "true", "NaN", '{"@value":"x"}')  # fmt: skip
KEYS = ("headline", "author", "datePublished", "dateModified", "image", "publisher", "keywords", "@type", "@graph", "mainEntityOfPage", "isAccessibleForFree", "inLanguage", "articleBody", "url", "name")  # fmt: skip
META = ("og:title", "og:url", "og:image", "og:locale", "article:published_time", "article:author", "author", "date", "keywords", "news_keywords", "og:site_name", "description", "charset")  # fmt: skip
META_VALUES = (
    "", " ", "9999-99-99T99:99:99", "-1", "2024-02-30", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-12:00", "1e400",
    "20240101", "99999999999999999999", "http://[::1", "//", "javascript:x", "data:,x", "http://\u202e/", "\u0661\u0669\u0669\u0669",
    "Mon, 32 Foo 2024", ",,,;;;|||", "x" * 5_000, "a," * 3_000, "und", "ar-\u0000", "<b>", "&quot;&#x0;", "http://" + "a." * 3_000,
)  # fmt: skip
LINES = (
    "Read also", "Related", "Comments", "Share", "Tags:", "Tags: a, b, c", "http://example.org/" + "a" * 300, "* * *", "-", "\u2022",
    "12 May 2024", "By", "Source:", "\u0627\u0644\u0645\u0635\u062f\u0631:", "\u0627\u0642\u0631\u0623 \u0623\u064a\u0636\u0627", "\u064b" * 200,
    "[", "](", "|", "#", "===", "---", "Copyright \u00a9", "1.", "Advertisement", "\u00a0", "\u3000", ".", "?" * 300, "a" * 3_000,
)  # fmt: skip


def _at(rng: random.Random, text: str) -> int:
    return rng.randrange(len(text) + 1)


def _put(rng: random.Random, text: str, what: str) -> str:
    at = _at(rng, text)
    return text[:at] + what + text[at:]


def _tags(text: str) -> list[re.Match[str]]:
    return list(TAG.finditer(text))


def _times(rng: random.Random) -> int:
    """Mostly few, now and then many."""
    return int(rng.paretovariate(0.8)) if rng.random() < 0.9 else rng.randrange(100, 3_000)


def flip_characters(rng: random.Random, text: str, _other: str) -> str:
    chars = list(text)
    for _ in range(min(_times(rng), 2_000) if chars else 0):
        chars[rng.randrange(len(chars))] = chr(
            rng.choice((rng.randrange(128), rng.randrange(0xD800), 60, 62, 34))
        )
    return "".join(chars)


def cut_off(rng: random.Random, text: str, _other: str) -> str:
    return text[: _at(rng, text)]


def cut_out(rng: random.Random, text: str, _other: str) -> str:
    start = _at(rng, text)
    return text[:start] + text[start + _times(rng) :]


def repeat_stretch(rng: random.Random, text: str, _other: str) -> str:
    start = _at(rng, text)
    end = min(len(text), start + rng.choice((1, 10, 100, 1_000)))
    return text[:end] + text[start:end] * min(_times(rng), 60_000 // (end - start + 1)) + text[end:]


def delete_tags(rng: random.Random, text: str, _other: str) -> str:
    share = rng.choice((0.02, 0.2, 0.7))
    return TAG.sub(lambda tag: "" if rng.random() < share else tag[0], text)


def delete_end_tags(rng: random.Random, text: str, _other: str) -> str:
    share = rng.choice((0.1, 0.5, 1.0))
    return TAG.sub(lambda tag: "" if tag[0][1:2] == "/" and rng.random() < share else tag[0], text)


def double_tags(rng: random.Random, text: str, _other: str) -> str:
    share = rng.choice((0.02, 0.2))
    return TAG.sub(lambda tag: tag[0] * (2 if rng.random() < share else 1), text)


def swap_tags(rng: random.Random, text: str, _other: str) -> str:
    tags = _tags(text)
    if len(tags) < 2:
        return text
    for _ in range(min(_times(rng), 20)):
        first, second = sorted(rng.sample(tags, 2), key=lambda tag: tag.start())
        text = (
            text[: first.start()]
            + second[0]
            + text[first.end() : second.start()]
            + first[0]
            + text[second.end() :]
        )
        tags = _tags(text)
        if len(tags) < 2:
            break
    return text


def rename_tags(rng: random.Random, text: str, _other: str) -> str:
    share = rng.choice((0.02, 0.3))
    old = re.compile(r"(</?)([a-zA-Z0-9]+)")
    return old.sub(lambda tag: tag[1] + (rng.choice(NAMES) if rng.random() < share else tag[2]), text)


def insert_elements(rng: random.Random, text: str, _other: str) -> str:
    for _ in range(min(_times(rng), 30)):
        text = _put(rng, text, rng.choice(("<{}>", "</{}>", "<{}/>", "<{} ")).format(rng.choice(NAMES)))
    return text


def nest(rng: random.Random, text: str, _other: str) -> str:
    """Mostly a few levels; now and then thousands."""
    names = rng.choices(NAMES, k=rng.choice((1, 2, 3)))
    depth = rng.choice((3, 30, 300)) if rng.random() < 0.9 else rng.choice((3_000, 10_000, 30_000))
    opening = "".join(f"<{name}>" for name in names) * (depth // len(names))
    return _put(rng, text, opening) + rng.choice(("", f"</{names[0]}>" * depth))


def wrap_all(rng: random.Random, text: str, _other: str) -> str:
    name = rng.choice(NAMES)
    return f"<{name}>{text}</{name}>"


def open_quotes(rng: random.Random, text: str, _other: str) -> str:
    quotes = [match.start() for match in re.finditer("[\"'>]", text)]
    for at in sorted(rng.sample(quotes, min(len(quotes), _times(rng), 50)), reverse=True):
        text = text[:at] + text[at + 1 :]
    return text


def spoil_attributes(rng: random.Random, text: str, _other: str) -> str:
    garbage = (
        ' class="' + "a b " * rng.choice((1, 1_000)) + '"', " =", ' "', " x=>", ' style="display:none"', " hidden", ' a="<p>b</p>"', " \x00=1",
        " title='a > b'", ' alt="</div>"', ' onclick="if(a<b){}"', ' class="\ud800"', " data-x='\"'", ' role="navigation"', " id=comments",
        " href='&#x110000;'", " dir=rtl", " lang=", ' itemprop="articleBody"', " " + "a=b " * rng.choice((1, 2_000)), " b" * 300, ' class="share"',
    )  # fmt: skip
    share = rng.choice((0.02, 0.2))
    return TAG.sub(
        lambda tag: tag[0][:-1] + rng.choice(garbage) + ">" if rng.random() < share else tag[0],
        text[:60_000],
    )


def insert_entities(rng: random.Random, text: str, _other: str) -> str:
    for _ in range(min(_times(rng), 50)):
        text = _put(rng, text, rng.choice(ENTITIES) * rng.choice((1, 1, 1, 100)))
    return text


def insert_odd_characters(rng: random.Random, text: str, _other: str) -> str:
    for _ in range(min(_times(rng), 50)):
        text = _put(rng, text, rng.choice(ODD_CHARS) * rng.choice((1, 1, 2, 200)))
    return text


def insert_openers(rng: random.Random, text: str, _other: str) -> str:
    for _ in range(min(_times(rng), 50)):
        text = _put(rng, text, rng.choice(OPENERS) * rng.choice((1, 1, 1, 500)))
    return text


def no_lines(rng: random.Random, text: str, _other: str) -> str:
    return text.replace("\n", rng.choice((" ", "", "\r", "\u2028", "\x0b", "\t")))


def huge_word(rng: random.Random, text: str, _other: str) -> str:
    return _put(
        rng,
        text,
        rng.choice(("x", "\u0633", "\u4eac", "1", ".", "\u0301", "-")) * rng.choice((1_000, 30_000)),
    )


def spoil_json(rng: random.Random, text: str, _other: str) -> str:
    """Structured data with values of wrong types, broken off, or nested."""
    pairs = ",".join(f'"{rng.choice(KEYS)}":{rng.choice(VALUES)}' for _ in range(rng.randrange(1, 12)))
    data = rng.choice((
        f'{{"@type":"NewsArticle",{pairs}}}', f"[{{{pairs}}}", "[" * 5_000, '{"a":' * 2_000, f'{{"@graph":[{{{pairs}}}]}}', f'{{"@type":"NewsArticle",{pairs}',
        f"<!--{{{pairs}}}-->", f'{{"@type":["NewsArticle",1],{pairs},}}', "\ud800", '{"@type":"NewsArticle","author":' + '[{"name":"x"},' * 500,
    ))  # fmt: skip
    return _put(rng, text, f'<script type="application/ld+json">{data}</script>')


def spoil_own_json(rng: random.Random, text: str, _other: str) -> str:
    """A character of each block of structured data that the page has is another, or gone."""

    def spoiled(block: re.Match[str]) -> str:
        at = rng.randrange(len(block[1]) + 1)
        return block[0].replace(
            block[1], block[1][:at] + rng.choice(("", '"', "}", "\\", "\n", "\x00")) + block[1][at + 1 :], 1
        )

    return re.sub(r"ld\+json[^>]*>(.*?)</script", spoiled, text, flags=re.DOTALL)


def spoil_meta(rng: random.Random, text: str, _other: str) -> str:
    element = rng.choice((
        '<meta property="{}" content="{}">', "<meta name={} content='{}'>", '<time itemprop="{}" datetime="{}">x</time>',
        '<span itemprop="{}" content="{}">x</span>', '<link rel="{}" href="{}">', '<meta http-equiv="{}" content="{}">',
    ))  # fmt: skip
    metas = "".join(
        element.format(rng.choice(META), rng.choice(META_VALUES)) for _ in range(rng.randrange(1, 6))
    )
    head = text.lower().find("<head")
    at = text.find(">", head) + 1 if head >= 0 and rng.random() < 0.8 else _at(rng, text)
    return text[:at] + metas + text[at:]


def splice(rng: random.Random, text: str, other: str) -> str:
    return text[: _at(rng, text)] + other[_at(rng, other) :]


def interleave(rng: random.Random, text: str, other: str) -> str:
    step = rng.choice((50, 500, 3_000))
    starts = range(0, max(len(text), len(other)), step)
    return "".join(text[at : at + step] + other[at : at + step] for at in starts)


def shuffle_lines(rng: random.Random, text: str, _other: str) -> str:
    lines = text.split("\n")
    rng.shuffle(lines)
    return "\n".join(lines)


def insert_lines(rng: random.Random, text: str, _other: str) -> str:
    lines = text.split("\n")
    for _ in range(min(_times(rng), 30)):
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(LINES))
    return rng.choice(("\n", "\n", "\n\n", "\r\n", "\r", "\n \n")).join(lines)


def repeat_lines(rng: random.Random, text: str, _other: str) -> str:
    lines = text.split("\n")
    return "\n".join(line for line in lines for _ in range(rng.choice((1, 1, 1, 2))))


def rewrap(rng: random.Random, text: str, _other: str) -> str:
    """Broken at a fixed width."""
    width = rng.choice((1, 20, 60, 72))
    words = text[:20_000].split(" ")
    return "".join(word + ("\n" if rng.random() < 6 / width else " ") for word in words)


def insert_tags(rng: random.Random, text: str, _other: str) -> str:
    for _ in range(min(_times(rng), 10)):
        text = _put(
            rng,
            text,
            rng.choice(("<p>", "<html>", "<!--", "<b>bold</b>", "<br>", "<a href='x'>", "<script>")),
        )
    return text


BOTH: tuple[Mutation, ...] = (
    flip_characters, cut_off, cut_out, repeat_stretch, insert_odd_characters, no_lines, huge_word, splice, interleave,
    insert_entities,
)  # fmt: skip
OF_PAGES: tuple[Mutation, ...] = (
    *BOTH, delete_tags, delete_end_tags, double_tags, swap_tags, rename_tags, insert_elements, nest, wrap_all, open_quotes,
    spoil_attributes, insert_openers, spoil_json, spoil_own_json, spoil_meta,
)  # fmt: skip
OF_DUMPS: tuple[Mutation, ...] = (*BOTH, shuffle_lines, insert_lines, repeat_lines, rewrap, insert_tags)
