"""The OpenAPI document: whole, true to what is served, and kept as it was published."""

import json
from typing import Any

import jsonschema
import pytest
import yaml
from django.test import Client

from dev.schema import SNAPSHOT, snapshot, written
from nexotp.api_v1 import v1
from nexotp.reference.compare import changes
from nexotp.reference.schema import build, error_codes
from tests.api.calls import MOUNTS, enveloped


@pytest.fixture(params=["en", "id"])
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(build(request.param), default=str))
    return found


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_nothing_published_was_broken() -> None:
    broken = [str(each) for each in changes(snapshot(), build("en")) if each.is_breaking]

    assert broken == [], "v1 is frozen; `make schema` says what changed"


def test_the_snapshot_is_up_to_date() -> None:
    is_up_to_date = SNAPSHOT.read_text() == written(build("en"))

    assert is_up_to_date, "`make schema ARGS=--write` takes what is there"


def test_every_route_is_in_it(document: dict[str, Any]) -> None:
    served = {
        f"{method.upper()} /{_public(str(route.pattern))}"
        for route in v1
        for method in ("get", "post", "delete")
        if hasattr(route.callback.view_class, method)  # type: ignore[attr-defined]
    }

    assert len(served) >= 9
    assert set(operations(document)) == served


def _public(pattern: str) -> str:
    head, bracket, rest = pattern.partition("<")
    return f"{head}{{id}}{rest.partition('>')[2]}" if bracket else head


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.1"
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_both_ways_to_send_a_key_are_in_every_call(document: dict[str, Any]) -> None:
    assert set(document["components"]["securitySchemes"]) == {"bearer", "header"}
    assert {json.dumps(each["security"]) for each in operations(document).values()} == {
        '[{"bearer": []}, {"header": []}]'
    }


def test_every_call_says_how_it_may_fail(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        assert {"200", "401", "403", "429", "500", "503"} <= set(operation["responses"]), name
    assert set(document["components"]["schemas"]["ErrorCode"]["enum"]) == set(error_codes())


def test_every_example_is_what_it_says(document: dict[str, Any]) -> None:
    seen = 0
    for operation in operations(document).values():
        bodies = [operation.get("requestBody"), *operation["responses"].values()]
        for body in bodies:
            content = (body or {}).get("content", {}).get("application/json", {})
            for example in content.get("examples", {}).values():
                _validate(document, content["schema"], example["value"])
                seen += 1
    assert seen > 40


def _validate(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    whole = {"components": document["components"], **schema}
    jsonschema.Draft202012Validator(whole).validate(value)


def test_the_languages_differ_in_words_alone() -> None:
    english, indonesian = build("en"), build("id")

    assert changes(english, indonesian) == []
    assert english["info"]["description"] != indonesian["info"]["description"]


@pytest.mark.parametrize("mount", MOUNTS)
def test_it_is_served_in_json(client: Client, mount: str) -> None:
    answer = client.get(f"{mount}/schema", headers={"Accept-Language": "en"})

    assert answer["Content-Type"] == "application/json"
    assert [server["url"] for server in answer.json()["servers"]] == [
        f"http://testserver{each}" for each in MOUNTS
    ]
    assert answer.json()["paths"] == json.loads(json.dumps(build("en")["paths"], default=str))


@pytest.mark.parametrize(
    "asked",
    [
        {"query": "?format=yaml"},
        {"accept": "application/yaml"},
        {"accept": "Application/YAML; a*=bogus''%41, */*"},
    ],
    ids=str,
)
def test_it_is_served_in_yaml(client: Client, asked: dict[str, str]) -> None:
    answer = client.get(
        f"/api/v1/schema{asked.get('query', '')}",
        headers={"Accept": asked.get("accept", "*/*"), "Accept-Language": "en"},
    )

    assert answer["Content-Type"] == "application/yaml"
    assert yaml.safe_load(answer.content)["paths"].keys() == build("en")["paths"].keys()


def test_it_speaks_the_language_asked_for(client: Client) -> None:
    first = client.get("/api/v1/schema?lang=id").json()
    second = client.get("/api/v1/schema", headers={"Accept-Language": "id"}).json()

    assert first == second
    assert first["info"]["description"] == build("id")["info"]["description"]


def test_the_language_of_the_address_overrules_the_callers(client: Client) -> None:
    answer = client.get("/api/v1/schema?lang=en", headers={"Accept-Language": "id"}).json()

    assert answer["paths"]["/balance"]["get"]["summary"] == "Get the wallet's balance"


@pytest.mark.parametrize("query", ["lang=xx", "format=xml"])
def test_a_wrong_wish_is_told(client: Client, query: str) -> None:
    answer = client.get(f"/api/v1/schema?{query}")

    assert answer.status_code == 400
    assert answer.json()["error"]["fields"][0]["field"] == query.split("=")[0]


def test_it_can_only_be_read(client: Client) -> None:
    answer = client.post("/api/v1/schema")

    assert enveloped(answer.status_code, dict(answer.items()), answer.content).refusal == (
        405,
        "method_not_allowed",
    )
    assert answer["Allow"] == "GET, HEAD"
