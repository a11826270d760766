import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from workers.boilerplate.language import detect, primary_language

SENTENCES = {
    "ar": "قال وزير الخارجية إن المفاوضات ستستمر خلال الأسبوع المقبل في العاصمة.",
    "fa": "وزیر خارجه ایران در گفتگو با خبرنگاران گفت که مذاکرات ادامه خواهد یافت.",
    "ur": "وزیر اعظم نے کہا ہے کہ ملک کی معیشت بہتر ہو رہی ہے اور نئی سڑکیں بنیں گی۔",
    "en": "The foreign minister said that the talks would go on next week in the capital.",
    "fr": "Le ministre a déclaré que les négociations continueraient la semaine prochaine.",
    "ru": "Министр иностранных дел заявил, что переговоры продолжатся на следующей неделе.",
    "de": "Der Außenminister sagte, dass die Gespräche nächste Woche weitergehen würden.",
    "es": "El ministro dijo que las conversaciones continuarían la próxima semana en la capital.",
    "pt": "O ministro disse que as conversações vão continuar na próxima semana na capital.",
    "tr": "Dışişleri bakanı görüşmelerin önümüzdeki hafta başkentte süreceğini söyledi.",
}


@pytest.mark.parametrize(("lang", "sentence"), SENTENCES.items(), ids=SENTENCES)
def test_a_sentence_is_enough_whatever_the_feed_says(lang, sentence):
    assert detect(sentence) == lang
    assert detect(sentence, "zu") == lang


@pytest.mark.parametrize("text", ["", "123 456", "...", "\u0640", "\u0642\u0627\u0644"], ids=repr)
def test_where_a_text_does_not_tell_the_hint_decides_and_else_nobody_knows(text):
    assert detect(text) == "und"
    assert detect(text, "ar-EG") == "ar"


@pytest.mark.parametrize(
    ("tag", "lang"),
    [("ar", "ar"), ("ar-EG", "ar"), ("AR_eg", "ar"), (" en ", "en"), ("und", None), ("arabic", None), ("", None), (None, None)],
)  # fmt: skip
def test_a_tag_is_reduced_to_its_language(tag, lang):
    assert primary_language(tag) == lang


def test_threads_get_the_same_answers_as_one_thread():
    texts = [sentence for sentence in SENTENCES.values() for _ in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(detect, texts)) == [lang for lang in SENTENCES for _ in range(8)]


def test_a_long_text_costs_no_more_than_its_beginning():
    detect("warm")
    began = time.perf_counter()
    assert detect(SENTENCES["ar"] * 100_000) == "ar"
    assert time.perf_counter() - began < 0.5
