"""Messages follow Accept-Language; codes never change."""

import pytest
from django.utils import translation

import nexotp.api_v1  # noqa: F401  every problem of the API is known once its views are
from nexotp.lib.errors import Problem
from orders.lookup import OrderNotFound
from tests.api.calls import Api


def problems(root: type[Problem] = Problem) -> list[type[Problem]]:
    return [root, *(each for child in root.__subclasses__() for each in problems(child))]


EVERY_PROBLEM = sorted(problems(), key=lambda problem: problem.__qualname__)


def test_there_are_problems_to_look_at() -> None:
    assert len({problem.code for problem in EVERY_PROBLEM}) > 25


@pytest.mark.parametrize("problem", EVERY_PROBLEM, ids=lambda problem: problem.__name__)
def test_every_problem_speaks_both_languages(problem: type[Problem]) -> None:
    said = []
    for language in ("en", "id"):
        with translation.override(language):
            said.append(str(problem.message))

    assert said[0] != said[1]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("en", "en"),
        ("en-US,en;q=0.9,id;q=0.8", "en"),
        ("id", "id"),
        ("id-ID", "id"),
        ("fr", "id"),
        ("", "id"),
        ("*", "id"),
        ("not a language;;;", "id"),
    ],
)
def test_the_callers_language_is_spoken(api: Api, accepted: str, language: str) -> None:
    answer = api.get("/order/ord_01HX", Accept_Language=accepted)

    with translation.override(language):
        assert answer.error["message"] == str(OrderNotFound.message)
    assert answer.refusal == (404, "not_found")


def test_fields_speak_the_callers_language(api: Api) -> None:
    said = {
        language: api.post("/order", {}, Accept_Language=language).error["fields"][0]
        for language in ("id", "en")
    }

    assert said["en"]["message"] != said["id"]["message"]
    assert said["en"]["code"] == said["id"]["code"] == "required"


def test_country_names_follow_too(api: Api) -> None:
    def name(language: str) -> str:
        data = api.get("/countries", Accept_Language=language).data
        return str(next(each["name"] for each in data if each["countryCode"] == "us"))

    assert (name("en"), name("id")) == ("United States", "Amerika Serikat")


def test_one_callers_language_is_not_the_nexts(api: Api) -> None:
    api.get("/countries", Accept_Language="en")

    data = api.get("/countries").data

    assert "Amerika Serikat" in {each["name"] for each in data}


def test_a_route_that_is_unknown_speaks_too(api: Api) -> None:
    english = api.get("/nothing", Accept_Language="en").error["message"]
    indonesian = api.get("/nothing", Accept_Language="id").error["message"]

    assert english == "There is nothing at this address."
    assert indonesian != english
