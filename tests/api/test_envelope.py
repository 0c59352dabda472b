"""Every exit wears the envelope. `Api` checks it on each call; here are the exits."""

import json
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from accounts import keys
from accounts.models import User
from orders.models import Order
from tests import cast
from tests.api.calls import MOUNTS, Api, enveloped
from tests.api.test_mounts import CALLS, lasting

READ_A_BODY = ["/order", "/order/{id}/cancel", "/webhooks"]


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("path", ["", "/", "/nothing", "/balance/", "/order/1/2/3", "/Balance"])
def test_an_unknown_route(api: Api, mount: str, path: str) -> None:
    api.mount = mount

    answer = api.get(path)

    assert answer.refusal == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/balance"),
        ("DELETE", "/services"),
        ("PATCH", "/countries"),
        ("OPTIONS", "/balance"),
        ("GET", "/order"),
        ("PUT", "/order/ord_01HX"),
        ("GET", "/order/ord_01HX/cancel"),
        ("TRACE", "/balance"),
        ("BREW", "/balance"),
    ],
)
def test_a_method_that_is_not_taken(api: Api, method: str, path: str) -> None:
    answer = api.call(method, path)

    assert answer.refusal == (405, "method_not_allowed")
    assert answer.headers["Allow"]


def test_a_call_without_a_key(db: None, client: Client) -> None:
    assert Api(client).get("/balance").refusal == (401, "missing_api_key")


def test_a_wrong_key(db: None, client: Client) -> None:
    assert Api(client, "nx_live_xxx").get("/balance").refusal == (401, "invalid_api_key")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'service': 'whatsapp'}",
        b"\xff\xfe",
        b'{"service": NaN}',
        b'{"max_price": 1e999}',
        b'{"service": "\\ud800"}',
        b"[" * 30_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    ],
    ids=["cut", "quotes", "bytes", "nan", "infinity", "surrogate", "open", "deep"],
)
@pytest.mark.parametrize("path", READ_A_BODY)
def test_a_body_that_is_no_json(api: Api, alice: User, path: str, body: bytes) -> None:
    answer = api.call("POST", path.format(id=a_row(alice)), body)

    assert answer.refusal == (400, "invalid_request")


@pytest.mark.parametrize("body", [b"[]", b'"order"', b"7", b"null", b"true", b'[{"service":1}]'])
@pytest.mark.parametrize("path", READ_A_BODY)
def test_a_body_that_is_no_object(api: Api, alice: User, body: bytes, path: str) -> None:
    answer = api.call("POST", path.format(id=a_row(alice)), body)

    assert answer.refusal == (400, "invalid_request")


def a_row(user: User) -> str:
    """Return the id of an order that merely exists."""
    return cast.order_row(user, "failed").public_id


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "?"],
)
@pytest.mark.parametrize("path", READ_A_BODY)
def test_a_body_of_another_type(api: Api, alice: User, path: str, content_type: str) -> None:
    answer = api.call("POST", path.format(id=a_row(alice)), b"{}", content_type=content_type)

    assert answer.refusal == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON"])
def test_a_json_type_may_be_written_in_other_ways(api: Api, content_type: str) -> None:
    answer = api.call("POST", "/order", b"{}", content_type=content_type)

    assert set(answer.wrong_fields) == {"service", "country"}


def test_no_body_at_all(api: Api) -> None:
    assert set(api.post("/order").wrong_fields) == {"service", "country"}


@pytest.mark.parametrize("path", READ_A_BODY)
def test_a_body_that_is_too_large(api: Api, alice: User, settings: Settings, path: str) -> None:
    body = b'{"service": "%s"}' % (b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE)

    answer = api.call("POST", path.format(id=a_row(alice)), body)

    assert answer.refusal == (413, "payload_too_large")


def test_a_body_that_is_just_small_enough(api: Api, settings: Settings) -> None:
    body = b"{}" + b" " * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE - 2)

    assert api.call("POST", "/order", body).refusal == (400, "invalid_request")


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "image/*", "application/json;v=2", "?", ""]
)
def test_the_answer_is_json_whatever_is_accepted(api: Api, accept: str) -> None:
    assert api.get("/balance", Accept=accept).status == 200


@pytest.mark.parametrize(
    "query", ["?format=xml", "?format=json", "?x=%00&y=%ff", "?" + "a=1&" * 99]
)
def test_unknown_parameters_do_nothing(api: Api, query: str) -> None:
    assert api.get(f"/balance{query}").status == 200


def test_more_parameters_than_anybody_needs(api: Api) -> None:
    assert api.get("/services?" + "a=1&" * 2_000).refusal == (400, "invalid_request")


def test_a_host_that_is_not_ours(client: Client) -> None:
    response = client.get("/api/v1/schema", headers={"Host": "elsewhere.example"})

    answer = enveloped(response.status_code, dict(response.items()), response.content)
    assert answer.refusal == (400, "invalid_request")


@pytest.mark.parametrize("order_id", ["%00", "ord_%00", "%ff", "ord_" + "x" * 5_000, "%20", "-1"])
def test_an_order_id_that_cannot_be(api: Api, order_id: str) -> None:
    assert api.get(f"/order/{order_id}").refusal == (404, "not_found")


@pytest.mark.parametrize("number", ["9" * 19, "9" * 400, str(2**63), str(2**64 + 1), "0", "٣"])
def test_an_order_number_that_cannot_be(api: Api, number: str) -> None:
    assert api.get(f"/order/{number}").refusal == (404, "not_found")


def test_a_number_is_read_to_its_end(api: Api, alice: User) -> None:
    row = Order.objects.get(public_id=a_row(alice))

    assert api.get(f"/order/{row.pk}").data["orderId"] == row.public_id
    assert api.get(f"/order/{row.pk:020d}1").refusal == (404, "not_found")


def test_the_request_id_is_ours_and_never_the_callers(api: Api) -> None:
    theirs = "req_01HX0000000000000000000000"

    answers = [api.get("/balance", X_Request_Id=theirs) for _ in range(3)]

    ids = {answer.body["requestId"] for answer in answers}
    assert len(ids) == 3
    assert theirs not in ids


def test_a_bug_is_a_500_that_tells_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def bug(**_: object) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr("wallet.api.open_wallet", bug)

    answer = api.get("/balance")

    assert answer.refusal == (500, "internal")
    assert "swordfish" not in str(answer.body)
    assert "Traceback" not in str(answer.body)
    assert "swordfish" in caplog.text
    assert answer.body["requestId"] in caplog.text
    assert answer.headers["Ratelimit"].startswith('"GENERAL";')


def test_an_error_of_the_database_that_is_our_bug_is_no_503(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(**_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT no_such_column")

    monkeypatch.setattr("wallet.api.open_wallet", bug)

    assert api.get("/balance").refusal == (500, "internal")


@pytest.fixture
def dead_database(committed: None) -> Iterator[None]:
    """PostgreSQL at a port where nobody listens, for as long as a call lasts."""
    kept = connection.settings_dict
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict = {
        **kept,
        "HOST": "127.0.0.1",
        "PORT": "1",
        "OPTIONS": {**kept["OPTIONS"], "pool": {**kept["OPTIONS"]["pool"], "timeout": 0.2}},
    }
    yield
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict = kept


# Every route with every method it takes, as in the first calls of the table that tests compare.
EVERY_CALL = {
    (method, path): body for calls in CALLS.values() for method, path, body in reversed(calls)
}
FROM_THE_CATALOGUE = ("/services", "/countries", "/providers", "/price")


@pytest.mark.parametrize(("method", "path"), EVERY_CALL)
def test_a_dead_database_is_a_503(
    dead_database: None,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
) -> None:
    key, _public_id = keys.generate("live")

    answer = Api(client, key).call(method, path.format(id="ord_01HX"))

    code = "catalog" if path.startswith(FROM_THE_CATALOGUE) else "service"
    assert answer.refusal == (503, f"{code}_unavailable")
    assert answer.error["retryable"]
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.body["requestId"] in caplog.text


@pytest.mark.usefixtures("committed", "simulator")
@pytest.mark.parametrize(("method", "path"), EVERY_CALL)
def test_a_dead_redis_changes_no_answer(
    api: Api, alice: User, request: pytest.FixtureRequest, method: str, path: str
) -> None:
    body = (
        b"" if EVERY_CALL[method, path] is None else json.dumps(EVERY_CALL[method, path]).encode()
    )
    path = path.format(id=a_row(alice))
    before = api.call(method, path, body)

    request.getfixturevalue("redis_is_dead")
    answer = api.call(method, path, body)

    assert lasting(answer) == lasting(before)
    assert answer.headers["Ratelimit"]


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
@pytest.mark.parametrize("body", [b"{}", b"[1]", b"{"])
@pytest.mark.parametrize(
    ("method", "path"), [call for call in EVERY_CALL if call[0] in {"GET", "DELETE"}]
)
def test_a_body_that_nobody_asked_for_disturbs_nothing(
    api: Api, alice: User, method: str, path: str, body: bytes, content_type: str
) -> None:
    path = path.format(id=a_row(alice))

    answer = api.call(method, path, body, content_type=content_type)

    assert lasting(answer) == lasting(api.call(method, path))


def test_answers_are_no_business_of_browsers(api: Api, client: Client, alice: User) -> None:
    client.force_login(alice)

    signed_in = client.get("/api/v1/balance")
    answer = api.get("/balance")

    assert signed_in.status_code == 401
    enveloped(signed_in.status_code, dict(signed_in.items()), signed_in.content)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_head_answers_as_get_does(api: Api, client: Client) -> None:
    answer = client.head("/api/v1/balance", headers=cast.bearer(api.key or ""))

    assert answer.status_code == 200
