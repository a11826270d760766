import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.tagged_article import Label
from workers.entities.names import key_id, locale_of
from workers.entities.normal import normal_name
from workers.entities.russian import inflect, nominative
from workers.entities.variants import within_one_edit


@pytest.mark.parametrize(
    ("name", "person", "forms"),
    [
        ("Россия", False, {"России", "Россию", "Россией"}),
        ("Москва", False, {"Москвы", "Москве", "Москву", "Москвой"}),
        ("Иран", False, {"Ирана", "Ирану", "Ираном", "Иране"}),
        ("Китай", False, {"Китая", "Китаю", "Китаем", "Китае"}),
        ("Казань", False, {"Казани", "Казанью"}),
        ("Израиль", False, {"Израиля", "Израилю", "Израилем", "Израиле"}),
        ("Северная Корея", False, {"Северной Кореи", "Северной Корее", "Северную Корею", "Северной Кореей"}),
        (
            "Владимир Путин",
            True,
            {"Владимира Путина", "Владимиру Путину", "Владимиром Путиным", "Владимире Путине"},
        ),
        ("США", False, set()),
        ("Токио", False, set()),
    ],
)
def test_russian_names_inflect(name: str, person: bool, forms: set[str]) -> None:
    assert forms <= set(inflect(name, person=person))
    assert bool(forms) == bool(inflect(name, person=person))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ивана Петрова", "Иван Петров"),
        ("Иваном Петровым", "Иван Петров"),
        ("Анной Петровой", "Анна Петрова"),
        ("Юрия Зеленского", "Юрий Зеленский"),
        ("Иван Петров", "Иван Петров"),
        ("Неизвестного Петрова", "Неизвестного Петрова"),
    ],
)
def test_russian_persons_are_named_in_the_nominative(name: str, expected: str) -> None:
    bases = ("Иван", "Анна", "Юрий")
    given_names = {form: base for base in bases for form in (base, *inflect(base, person=True))}
    assert " ".join(nominative(name.split(" "), given_names)) == expected


@pytest.mark.parametrize(
    ("left", "right", "close"),
    [
        pytest.param("بزكشيان", "بزشكيان", True, id="ar: transposed"),
        pytest.param("غوتيريش", "غوتيرش", True, id="ar: left out"),
        pytest.param("الحسن", "الحسين", True, id="ar: inserted, two persons as it happens"),
        pytest.param("Keller", "Kellar", True, id="substituted"),
        pytest.param("Keller", "Keller", True, id="equal"),
        pytest.param("Keller", "Kelral", False, id="two apart"),
        pytest.param("Keller", "Kell", False, id="two letters fewer"),
        pytest.param("", "a", True, id="empty and one letter"),
        pytest.param("ab", "", False, id="two letters and empty"),
    ],
)
def test_one_edit(left: str, right: str, close: bool) -> None:
    assert within_one_edit(left, right) is close
    assert within_one_edit(right, left) is close


@given(st.text(max_size=8), st.text(max_size=8))
def test_one_edit_is_symmetric(left: str, right: str) -> None:
    assert within_one_edit(left, right) == within_one_edit(right, left)


@given(st.text())
def test_normal_names_are_idempotent(text: str) -> None:
    assert normal_name(normal_name(text)) == normal_name(text)


@pytest.mark.parametrize(
    ("lang", "locale"),
    [("ar", "ar"), ("ar-EG", "ar"), ("en-US", "en"), ("zh-TW", "zh_Hant"), ("zh", "zh"), ("xx", None), ("", None),
     ("not a tag", None), ("../../etc", None)],
)  # fmt: skip
def test_a_language_tag_leads_to_its_locale(lang: str, locale: str | None) -> None:
    assert locale_of(lang) == locale


def test_a_key_ignores_spelling_marks_and_case() -> None:
    assert key_id(Label.PER, "أَحمد") == key_id(Label.PER, "احمد")
    assert key_id(Label.PER, "Anna Keller") == key_id(Label.PER, "anna keller")
    assert key_id(Label.PER, "Anna") != key_id(Label.LOC, "Anna")
