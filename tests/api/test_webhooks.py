"""Webhooks as resources: whose they are, what may be asked, what is shown once."""

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Mode, Scope, User
from tests import cast
from tests.api.calls import TIME, Api
from webhooks import transport
from webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.usefixtures("committed", "names")

WORKING = {"endpoint_url": "https://hooks.example.com/nexotp", "events": "*"}


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What host names lead to, here."""
    known = {
        "hooks.example.com": ["8.8.8.8", "2606:4700::1111"],
        "inside.example.com": ["8.8.8.8", "10.0.0.1"],
    }

    def resolve(host: str, _port: int) -> list[str]:
        if host not in known:
            raise transport.NotResolved
        return known[host]

    monkeypatch.setattr(transport, "resolve", resolve)
    return known


@pytest.fixture
def webhook(api: Api) -> dict[str, Any]:
    """Alice's live webhook."""
    created: dict[str, Any] = api.post("/webhooks", WORKING).data
    return created


def test_creating_answers_with_the_secret_this_once(api: Api) -> None:
    created = api.post("/webhooks", WORKING).data
    [listed] = api.get("/webhooks").data

    assert set(created) - set(listed) == {"secret"}
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", created["secret"])
    assert re.fullmatch(r"whk_[0-9A-HJKMNP-TV-Z]{26}", created["webhookId"])
    assert TIME.fullmatch(created["createdAt"])
    assert listed == {
        "webhookId": created["webhookId"],
        "id": created["id"],
        "endpointUrl": "https://hooks.example.com/nexotp",
        "events": ["*"],
        "payloadFormat": "nexotp",
        "status": "active",
        "failingSince": None,
        "createdAt": created["createdAt"],
    }


@pytest.mark.parametrize(
    ("events", "kept"),
    [
        ("order.received", ["order.received"]),
        ("order.received, order.expired,", ["order.received", "order.expired"]),
        (["order.failed", "order.failed"], ["order.failed"]),
        (["order.failed", "*"], ["*"]),
        (["wallet.credited", "webhook.test"], ["wallet.credited", "webhook.test"]),
    ],
)
def test_events_are_a_list_or_a_text_with_commas(api: Api, events: Any, kept: list[str]) -> None:
    assert api.post("/webhooks", WORKING | {"events": events}).data["events"] == kept


def test_document_bs_sample_names_both_fields(api: Api) -> None:
    answer = api.post("/webhooks", {"endpoint_url": "value", "events": "value"})

    assert answer.wrong_fields == {"endpoint_url": "not_https", "events": "unknown"}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (None, "required"),
        ("", "required"),
        ("   ", "required"),
        (7, "not_a_string"),
        ([], "not_a_string"),
        ({"a": 1}, "not_a_string"),
        (True, "not_a_string"),
        ("http://hooks.example.com/", "not_https"),
        ("ftp://hooks.example.com/", "not_https"),
        ("//hooks.example.com/", "not_https"),
        ("https:hooks.example.com", "not_https"),
        ("https://", "invalid"),
        ("https:///path", "invalid"),
        ("https://hooks.example.com/a b", "invalid"),
        ("https://hooks.example.com/\x00", "invalid"),
        ("https://hooks.example.com\\@inside.example.com/", "invalid"),
        ("https://hooks.example.com/#part", "invalid"),
        ("https://hooks.example.com/é", "invalid"),
        ("https://höoks.example.com/", "invalid"),
        ("https://１２７.0.0.1/", "invalid"),
        ("https://hooks.example.com:99999/", "invalid"),
        ("https://hooks.example.com:-1/", "invalid"),
        ("https://hooks.example.com:x/", "invalid"),
        ("https://hooks.example.com:٣/", "invalid"),
        ("https://[::1/", "invalid"),
        ("https://[fe80::1%25eth0]/", "invalid"),
        ("https://localhost/", "invalid"),
        ("https://hooks/", "invalid"),
        ("https://hooks.example.com./", "invalid"),
        ("https://.example.com/", "invalid"),
        ("https://-.example.com/", "invalid"),
        ("https://2130706433/", "invalid"),
        ("https://0x7f000001/", "invalid"),
        ("https://0177.0.0.1/", "invalid"),
        ("https://127.1/", "invalid"),
        ("https://" + "a" * 64 + ".example.com/", "invalid"),
        ("https://" + "a." * 200 + "example.com/", "invalid"),
        ("https://hooks.example.com:8443/", "port_not_allowed"),
        ("https://hooks.example.com:0/", "port_not_allowed"),
        ("https://user@hooks.example.com/", "has_credentials"),
        ("https://user:pass@hooks.example.com/", "has_credentials"),
        ("https://:@hooks.example.com/", "has_credentials"),
        ("https://hooks.example.com/" + "a" * 2_000, "too_long"),
        ("https://127.0.0.1/", "not_public"),
        ("https://[::1]/", "not_public"),
        ("https://[::ffff:8.8.8.8]/", "not_public"),
        ("https://169.254.169.254/latest/meta-data/", "not_public"),
        ("https://inside.example.com/", "not_public"),
        ("https://nowhere.example.com/", "unresolvable"),
    ],
    ids=ascii,
)
def test_a_url_that_cannot_be(
    api: Api, monkeypatch: pytest.MonkeyPatch, url: Any, code: str
) -> None:
    if code == "not_public" and "example" not in str(url):
        monkeypatch.undo()

    answer = api.post("/webhooks", WORKING | {"endpoint_url": url})

    assert answer.wrong_fields == {"endpoint_url": code}


@pytest.mark.parametrize(
    ("events", "code"),
    [
        (None, "required"),
        ("", "required"),
        (" , ", "required"),
        ([], "required"),
        ({}, "required"),
        (7, "not_a_list"),
        (0, "not_a_list"),
        (False, "not_a_list"),
        ({"a": 1}, "not_a_list"),
        ([1], "not_a_list"),
        ([["order.failed"]], "not_a_list"),
        ([None], "not_a_list"),
        (["order.failed", "order.lost"], "unknown"),
        ("order.failed,\x00", "unknown"),
        ([""], "unknown"),
        (["order.failed"] * 1_000, "unknown"),
        ("x" * 60_000, "unknown"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_events_that_cannot_be(api: Api, events: Any, code: str) -> None:
    answer = api.post("/webhooks", WORKING | {"events": events})

    assert answer.wrong_fields == {"events": code}


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"7", b"null"])
def test_a_body_that_is_no_object(api: Api, body: bytes) -> None:
    assert api.call("POST", "/webhooks", body).refusal == (400, "invalid_request")


@pytest.mark.parametrize("field", ["endpoint_url", "events"])
def test_lone_surrogates_are_no_json(api: Api, field: str) -> None:
    body = b'{"endpoint_url":"https://a.example.com","events":"*","%s":"\\ud800"}' % field.encode()

    assert api.call("POST", "/webhooks", body).refusal == (400, "invalid_request")


def test_there_is_a_cap_for_each_mode(api: Api, sandbox_api: Api, settings: Settings) -> None:
    settings.WEBHOOK_MAX_ENDPOINTS = 2
    for _ in range(2):
        api.post("/webhooks", WORKING)

    refused = api.post("/webhooks", WORKING)

    assert refused.refusal == (400, "too_many_webhooks")
    assert refused.error["details"] == {"limit": 2}
    assert sandbox_api.post("/webhooks", WORKING).status == 200


def test_a_deleted_one_makes_room(api: Api, settings: Settings, webhook: dict[str, Any]) -> None:
    settings.WEBHOOK_MAX_ENDPOINTS = 1
    api.call("DELETE", f"/webhooks/{webhook['id']}", b"{}")

    assert api.post("/webhooks", WORKING).status == 200


@pytest.mark.parametrize("body", [b"", b"{}", b"nonsense"])
@pytest.mark.parametrize("name", ["webhookId", "id"])
def test_deleting(api: Api, webhook: dict[str, Any], name: str, body: bytes) -> None:
    answer = api.call("DELETE", f"/webhooks/{webhook[name]}", body)

    assert answer.data == {"webhookId": webhook["webhookId"], "deleted": True}
    assert api.get("/webhooks").data == []
    assert api.call("DELETE", f"/webhooks/{webhook[name]}").refusal == (404, "not_found")


def test_deleting_as_document_bs_php_sample_does(api: Api, webhook: dict[str, Any]) -> None:
    answer = api.call(
        "DELETE",
        f"/webhooks/{webhook['id']}",
        b"{}",
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.data["deleted"] is True


def test_a_test_is_queued(api: Api, webhook: dict[str, Any]) -> None:
    queued = api.post(f"/webhooks/{webhook['webhookId']}/test").data

    assert queued["eventType"] == "webhook.test"
    assert queued["status"] == "queued"
    assert queued["attempts"] == []
    assert queued["nextAttemptAt"] == queued["createdAt"]
    assert re.fullmatch(r"dlv_[0-9A-Z]{26}", queued["deliveryId"])
    assert re.fullmatch(r"evt_[0-9A-Z]{26}", queued["eventId"])


def test_rotating_answers_with_a_new_secret(api: Api, webhook: dict[str, Any]) -> None:
    rotated = api.post(f"/webhooks/{webhook['id']}/rotate").data

    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != webhook["secret"]
    assert TIME.fullmatch(rotated["previousSecretExpiresAt"])


def test_deliveries_are_paged_newest_first(api: Api, webhook: dict[str, Any]) -> None:
    path = f"/webhooks/{webhook['webhookId']}"
    queued = [api.post(f"{path}/test").data for _ in range(3)]

    answer = api.get(f"{path}/deliveries?per_page=2")

    assert answer.data == [queued[2], queued[1]]
    assert answer.body["meta"] == {"page": 1, "perPage": 2, "total": 3, "totalPages": 2}


@pytest.mark.parametrize("query", ["page=0", "per_page=0", "per_page=101", "page=x"])
def test_a_page_that_cannot_be(api: Api, webhook: dict[str, Any], query: str) -> None:
    answer = api.get(f"/webhooks/{webhook['id']}/deliveries?{query}")

    assert list(answer.wrong_fields) == [query.split("=")[0]]


def test_redelivering_queues(api: Api, webhook: dict[str, Any]) -> None:
    queued = api.post(f"/webhooks/{webhook['id']}/test").data
    Delivery.objects.update(state="failed", next_attempt_at=None)

    again = api.post(f"/webhooks/deliveries/{queued['deliveryId']}/redeliver").data

    assert (again["status"], again["eventId"]) == ("queued", queued["eventId"])


def test_a_disabled_one_takes_neither(api: Api, webhook: dict[str, Any]) -> None:
    queued = api.post(f"/webhooks/{webhook['id']}/test").data
    Endpoint.objects.update(state="disabled", disabled_because="gone")

    answers = [
        api.post(f"/webhooks/{webhook['id']}/test"),
        api.post(f"/webhooks/deliveries/{queued['deliveryId']}/redeliver"),
    ]

    assert {answer.refusal for answer in answers} == {(400, "webhook_disabled")}


CALLS = [
    ("DELETE", "/webhooks/{}"),
    ("POST", "/webhooks/{}/test"),
    ("POST", "/webhooks/{}/rotate"),
    ("GET", "/webhooks/{}/deliveries"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_somebody_elses(
    api: Api, bobs_api: Api, webhook: dict[str, Any], method: str, path: str
) -> None:
    by_id = bobs_api.call(method, path.format(webhook["webhookId"]))
    by_number = bobs_api.call(method, path.format(webhook["id"]))

    assert by_id.refusal == (403, "forbidden")
    assert by_number.refusal == (404, "not_found")
    assert bobs_api.get("/webhooks").data == []


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_the_other_modes(sandbox_api: Api, webhook: dict[str, Any], method: str, path: str) -> None:
    for name in ("webhookId", "id"):
        answer = sandbox_api.call(method, path.format(webhook[name]))
        assert answer.refusal == (404, "not_found")
    assert sandbox_api.get("/webhooks").data == []


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    "named", ["whk_01HX", "0", "9" * 19, "9" * 400, "%00", "whk_%00", "-1", "٣", "x" * 5_000]
)
def test_one_that_cannot_be(api: Api, method: str, path: str, named: str) -> None:
    assert api.call(method, path.format(named)).refusal == (404, "not_found")


def test_deliveries_of_others_and_of_the_other_mode(
    api: Api, bobs_api: Api, sandbox_api: Api, webhook: dict[str, Any]
) -> None:
    queued = api.post(f"/webhooks/{webhook['id']}/test").data
    path = f"/webhooks/deliveries/{queued['deliveryId']}/redeliver"

    assert bobs_api.post(path).refusal == (403, "forbidden")
    assert sandbox_api.post(path).refusal == (404, "not_found")


@pytest.mark.parametrize("named", ["dlv_01HX", "1", "%00", "x" * 5_000])
def test_a_delivery_that_cannot_be(api: Api, named: str) -> None:
    answer = api.post(f"/webhooks/deliveries/{named}/redeliver")

    assert answer.refusal == (404, "not_found")


def test_the_scope_is_needed(client: Client, alice: User) -> None:
    others = [scope for scope in Scope.values if scope != Scope.WEBHOOK_MANAGE]
    api = Api(client, cast.key_for(alice, mode=Mode.LIVE, scopes=others))

    assert api.get("/webhooks").refusal == (403, "scope_missing")
    assert api.post("/webhooks", WORKING).refusal == (403, "scope_missing")


def test_one_in_smsactivates_form_is_told_of_codes_alone(api: Api) -> None:
    created = api.post("/webhooks", {**WORKING, "payloadFormat": "smsactivate"}).data

    assert (created["payloadFormat"], created["events"]) == ("smsactivate", ["order.received"])


@pytest.mark.parametrize("wrong", ["xml", 7, ["nexotp"]])
def test_a_form_that_there_is_not(api: Api, wrong: object) -> None:
    refused = api.post("/webhooks", {**WORKING, "payloadFormat": wrong})

    assert set(refused.wrong_fields) == {"payloadFormat"}
