"""Services and countries are found by what people type."""

import pytest

from accounts.models import Mode
from catalog.models import Country, Service
from catalog.search import search_countries, search_services
from nexotp.lib.fuzzy import Index, Name

pytestmark = pytest.mark.django_db


def _services(text: str, mode: Mode = Mode.LIVE) -> list[str]:
    codes = dict(Service.objects.values_list("pk", "code"))
    return [codes[pk] for pk in search_services(text, mode)]


def _countries(text: str) -> list[str]:
    codes = dict(Country.objects.values_list("pk", "code"))
    return [codes[pk] for pk in search_countries(text)]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        *[("WhatsApp", "whatsapp"), ("whats", "whatsapp"), ("wa", "whatsapp"), ("tg", "telegram")],
        *[("watsapp", "whatsapp"), ("wasap", "whatsapp"), ("telgram", "telegram")],
        *[("facbook", "facebook"), ("instagarm", "instagram"), ("gogle", "google")],
        *[("tele gram", "telegram"), ("ru mail", "mail-ru"), ("chatgpt", "openai")],
        *[("twiter", "twitter"), ("tokped", "tokopedia"), ("MELIUZ", "meliuz")],
    ],
)
def test_what_is_meant_comes_first(typed: str, meant: str) -> None:
    assert _services(typed)[0] == meant


def test_a_name_comes_before_a_word_inside_another() -> None:
    found = _services("line")

    assert found[0] == "line"
    assert len(found) > 1


def test_the_sandboxs_services_are_found_in_the_sandbox_only() -> None:
    assert "test-slow" in _services("test", Mode.SANDBOX)
    assert "test-slow" not in _services("test")


@pytest.mark.parametrize("typed", ["", "   ", "%", "…", "qxzvwkj", "🙂"])
def test_nonsense_finds_nothing(typed: str) -> None:
    assert _services(typed) == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        *[("indonesia", "id"), ("indonsia", "id"), ("+62", "id"), ("62", "id"), ("RI", "id")],
        *[("inggris", "gb"), ("uk", "gb"), ("belanda", "nl"), ("turkiye", "tr"), ("ceko", "cz")],
    ],
)
def test_a_country_is_found_in_both_languages_and_by_its_prefix(typed: str, meant: str) -> None:
    assert _countries(typed)[0] == meant


def test_of_equal_matches_the_more_wanted_comes_first() -> None:
    index = Index([("less", Name(["Tango"], weight=1)), ("more", Name(["Tantan"], weight=2))])

    assert index.find("tan") == ["more", "less"]


def test_three_letters_are_not_taken_for_three_others() -> None:
    index = Index([("grab", Name(["Grab"])), ("uber", Name(["Uber"]))])

    assert index.find("xyz") == []
    assert index.find("gra") == ["grab"]
