import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from workers.boilerplate.language import Detected, detect, primary_language
from workers.boilerplate.ngrams import SEQUENCE_BYTES, models
from workers.boilerplate.scripts import Scripts, read_scripts

SENTENCES = {
    "ar": "قال وزير الخارجية إن المفاوضات ستستمر خلال الأسبوع المقبل في العاصمة.",
    "fa": "وزیر خارجه ایران در گفتگو با خبرنگاران گفت که مذاکرات ادامه خواهد یافت.",
    "ur": "وزیر اعظم نے کہا ہے کہ ملک کی معیشت بہتر ہو رہی ہے اور نئی سڑکیں بنیں گی۔",
    "ckb": "سەرۆکی شارەوانی ڕایگەیاند کە کتێبخانەی نوێ هەفتەی داهاتوو دەکرێتەوە.",
    "ps": "د ښار والۍ وویل چې نوی کتابتون به راتلونکې اونۍ پرانیستل شي.",
    "ug": "شەھەردىكى يېڭى كۈتۈپخانا كېلەر ھەپتە ئېچىلىدۇ.",
    "sd": "شهر جي انتظاميا چيو آهي ته نئون ڪتب خانو ايندڙ هفتي کلندو ۽ ٻارن کي ڪتاب ڏنا ويندا.",
    "he": "העירייה הודיעה כי הספרייה החדשה תיפתח בשבוע הבא במרכז העיר.",
    "en": "The foreign minister said that the talks would go on next week in the capital.",
    "fr": "Le ministre a déclaré que les négociations continueraient la semaine prochaine.",
    "ru": "Министр иностранных дел заявил, что переговоры продолжатся на следующей неделе.",
    "uk": "Міністр закордонних справ заявив, що переговори триватимуть наступного тижня.",
    "kk": "Қала әкімдігі жаңа кітапхана келесі аптада ашылады деп хабарлады.",
    "de": "Der Außenminister sagte, dass die Gespräche nächste Woche weitergehen würden.",
    "es": "El ministro dijo que las conversaciones continuarían la próxima semana en la capital.",
    "pt": "O ministro disse que as conversações vão continuar na próxima semana na capital.",
    "it": "Il ministro ha detto che i colloqui continueranno la prossima settimana nella capitale.",
    "tr": "Dışişleri bakanı görüşmelerin önümüzdeki hafta başkentte süreceğini söyledi.",
    "az": "Nazir bildirib ki, danışıqlar gələn həftə paytaxtda davam etdiriləcək.",
    "ku": "Wezîr got ku danûstandin dê hefteya bê li paytextê bidomin.",
    "no": "Statsministeren sa at forhandlingene vil fortsette i hovedstaden neste uke.",
    "sw": "Waziri huyo alisema mazungumzo yataendelea wiki ijayo katika mji mkuu.",
    "hi": "विदेश मंत्री ने कहा कि बातचीत अगले सप्ताह राजधानी में जारी रहेगी।",
    "el": "Ο υπουργός είπε ότι οι συνομιλίες θα συνεχιστούν την επόμενη εβδομάδα.",
    "zh": "市政府星期二宣布，新图书馆将于下周向市民开放。",
    "ja": "市役所は火曜日、新しい図書館を来週開くと発表した。",
    "ko": "시청은 화요일 새 도서관을 다음 주에 연다고 발표했다.",
    "th": "เทศบาลประกาศว่าห้องสมุดแห่งใหม่จะเปิดในสัปดาห์หน้า",
}

SHORT_OR_MIXED = {
    "Arabic headline": ("ar", "أسعار الذهب اليوم"),
    "Persian headline": ("fa", "قیمت دلار در بازار امروز"),
    "Urdu headline": ("ur", "کراچی میں بارش"),
    "Persian in Arabic letters": ("fa", "وزير خارجه گفت كه مذاكرات هفته آينده ادامه خواهد يافت"),
    "Persian with the Arabic yeh": (
        "fa",
        "وزیر خارجه گفت که مذاکرات هفته آینده ادامه خواهد یافت".replace("ی", "ي"),
    ),
    "Arabic with letters of Persian": ("ar", "التقى چاوش أوغلو نظيره في مدينة جنيڤ"),
    "vocalised Arabic": ("ar", "مُحَمَّدٌ يَذْهَبُ إِلَى المَدْرَسَةِ كُلَّ يَوْمٍ"),
    "Arabic with names of products": (
        "ar",
        "أعلنت شركة Apple Inc عن هاتف iPhone 17 Pro Max الجديد في Cupertino",
    ),
    "Persian with names of products": ("fa", "شرکت Microsoft نسخه تازه Windows 12 را معرفی کرد"),
    "Urdu with names of products": ("ur", "کمپنی Google نے نیا Pixel 12 فون متعارف کرا دیا"),
    "English about an Arabic word": (
        "en",
        "The word كتاب means book in Arabic, and the editors of the paper use it often",
    ),
    "Arabic with an address": (
        "ar",
        "اقرأ المزيد على https://news.example.org/politics/elections-and-results-of-the-day",
    ),
    "English in capitals": ("en", "BREAKING NEWS FROM THE CAPITAL"),
    "Chinese with Latin names": ("zh", "苹果公司发布了新款iPhone和MacBook产品"),
}


@pytest.mark.parametrize(("lang", "sentence"), SENTENCES.items(), ids=SENTENCES)
def test_a_sentence_is_enough_whatever_the_feed_says(lang, sentence):
    assert detect(sentence).lang == lang
    assert detect(sentence, "zu") == detect(sentence)


@pytest.mark.parametrize(("lang", "text"), SHORT_OR_MIXED.values(), ids=SHORT_OR_MIXED)
def test_short_and_mixed_texts_are_told_apart(lang, text):
    assert detect(text).lang == lang


@pytest.mark.parametrize(
    "text", ["", "123 456", "...", "\u0640", "\u0642\u0627\u0644", "xyz", "\U0001f600"], ids=repr
)
def test_where_a_text_does_not_tell_the_hint_decides_and_else_nobody_knows(text):
    assert detect(text) == Detected("und", None)
    assert detect(text, "ar-EG") == Detected("ar", None)


def test_a_language_that_no_model_knows_is_not_taken_for_its_neighbour():
    assert detect("شهرین یئنی کیتابخاناسی گلن هفته آچیلاجاق، دئییب بلدیه باشچیسی").lang == "und"


def test_close_languages_are_decided_by_the_hint():
    croatian_or_bosnian = "Predsjednik je otvorio novu školu."
    assert detect(croatian_or_bosnian, "hr").lang in ("hr", "bs")
    assert detect("Menteri itu", "ms").lang == "ms"


@pytest.mark.parametrize("lang", ["ar", "fa", "ur", "en"])
def test_confidence_grows_with_the_text(lang):
    confidences = [detect(SENTENCES[lang][:length]).confidence or 0 for length in (5, 20, 60)]
    assert confidences == sorted(confidences)
    assert 0.99 < confidences[-1] < 1


@pytest.mark.parametrize(
    ("tag", "lang"),
    [("ar", "ar"), ("ar-EG", "ar"), ("AR_eg", "ar"), (" en ", "en"), ("und", None), ("arabic", None), ("", None), (None, None)],
)  # fmt: skip
def test_a_tag_is_reduced_to_its_language(tag, lang):
    assert primary_language(tag) == lang


@pytest.mark.parametrize(("tag", "lang"), [("nb-NO", "no"), ("iw", "he"), ("fil-PH", "tl")])
def test_another_code_of_a_language_is_written_as_the_usual_one(tag, lang):
    assert detect("", tag).lang == lang


def test_threads_get_the_same_answers_as_one_thread():
    texts = [sentence for sentence in SENTENCES.values() for _ in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert [found.lang for found in pool.map(detect, texts)] == [
            lang for lang in SENTENCES for _ in range(8)
        ]


def test_a_long_text_costs_no_more_than_its_pieces():
    detect("This loads the model.")
    began = time.perf_counter()
    assert detect(SENTENCES["ar"] * 100_000).lang == "ar"
    assert time.perf_counter() - began < 0.5


def test_lone_surrogates_are_read_over():
    assert detect(SENTENCES["ar"] + "\ud800").lang == "ar"
    assert detect(SENTENCES["en"] + "\udfff").lang == "en"


@pytest.mark.parametrize(
    ("text", "shares", "letters"),
    [
        ("", {}, 0),
        ("10:42 (17) _", {}, 0),
        ("Room 4b", {"Latin": 1.0}, 5),
        ("R\u00f6\u00f6m \u00d7 4", {"Latin": 1.0}, 4),
        ("ab \u043f\u0440 \u043e", {"Cyrillic": 0.6, "Latin": 0.4}, 5),
        ("\U0001f600 \ud800", {}, 0),
    ],
    ids=["empty", "no letters", "ASCII", "a sign among letters", "two", "none that is known"],
)
def test_scripts_are_ranked_by_their_letters(text, shares, letters):
    assert read_scripts(text) == Scripts(shares, letters)


@pytest.mark.parametrize("script", ["Latin", "Cyrillic", "Arabic", "Devanagari"])
def test_the_longest_known_sequence_that_ends_at_a_byte_counts(script):
    model = models()[script]
    rows = {int(sequence): row for row, sequence in enumerate(model.sequences)}
    for data in (
        b"",
        b"x",
        b"\x00\x00",
        SENTENCES["en"].encode(),
        SENTENCES["ar"].encode(),
        SENTENCES["ru"].encode(),
    ):
        known = [
            [
                row
                for size in SEQUENCE_BYTES
                if (row := rows.get(int.from_bytes((bytes(7) + data)[:end][-size:]))) is not None
            ]
            for end in range(8, 8 + len(data))
        ]
        longest = sorted(each[-1] for each in known if each)
        evidence = sum(
            (model.weights[row].astype(float) * np.log1p(n) for row, n in Counter(longest).items()),
            np.zeros(len(model.columns)),
        )
        scores = (evidence * model.step + model.offsets) / (len(data) or 1) ** 0.5 + model.priors
        expected = np.log(np.bincount(model.columns, np.exp(scores - scores.max())) + 1e-30)
        assert np.allclose(model.log_odds(data), expected, atol=1e-3)
