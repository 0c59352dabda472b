"""Every sample of document B runs as printed at both mounts, with host and key replaced.

Its samples carry placeholders. As printed they are told what is wrong; with something real in
the place of each they work.
"""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Mode, User
from orders.models import Order
from tests import cast
from tests.api.calls import MOUNTS
from tests.samples.conftest import Place
from tests.samples.document_b import BASE, KEY, LANGUAGES, read_samples
from tests.samples.runners import run_together
from tests.samples.sample import Sample, calls, of_call
from webhooks.actions import create_endpoint
from webhooks.models import Endpoint

pytestmark = [
    pytest.mark.usefixtures("committed", "simulator"),
    pytest.mark.slow,
]

SAMPLES = read_samples()

ORDER_FIELDS = {
    *("orderId", "orderNumber", "status", "phoneNumber", "price", "currency", "priceUsd"),
    *("serviceCode", "countryCode", "providerCode", "expiresAt", "createdAt"),
}
WEBHOOK_FIELDS = {"webhookId", "id", "endpointUrl", "events", "status", "createdAt"}

# What calls without a placeholder promise inside `data`, or inside each of its items.
PROMISED = {
    "GET /account": {"accountId", "balance", "currency", "plan", "usage"},
    "GET /account/transactions": {"transactionId", "kind", "amount", "balanceAfter", "createdAt"},
    "GET /countries": {"countryCode", "countryId", "name", "available"},
    "GET /webhooks": WEBHOOK_FIELDS,
}
# What the others are told as printed: the error's code, and each field with its own.
REFUSED: dict[str, tuple[str, dict[str, str]]] = {
    "GET /services": ("invalid_request", {"country": "unknown"}),
    "GET /price": ("invalid_request", {"service": "unknown", "country": "unknown"}),
    "POST /order": (
        "invalid_request",
        {
            "service": "unknown",
            "country": "unknown",
            "pool": "unknown",
            "pricing_option": "out_of_range",
            "max_price": "not_a_price",
        },
    ),
    "GET /order/{id}": ("not_found", {}),
    "POST /order/{id}/cancel": ("not_found", {}),
    "POST /order/{id}/resend": ("not_found", {}),
    "POST /webhooks": ("invalid_request", {"endpoint_url": "not_https", "events": "unknown"}),
    "DELETE /webhooks/{id}": ("not_found", {}),
}


@pytest.fixture(params=MOUNTS)
def replaced(request: pytest.FixtureRequest, alice: User, web_server: str) -> dict[str, str]:
    """What is replaced in every sample: the host with its mount, and the key."""
    return {BASE: web_server + request.param, KEY: cast.key_for(alice)}


def test_the_document_has_twelve_endpoints_in_four_languages() -> None:
    found = {(sample.call, sample.language) for sample in SAMPLES}

    assert len(SAMPLES) == len(found) == 48
    assert set(calls(SAMPLES)) == PROMISED.keys() | REFUSED.keys()
    assert {language for _call, language in found} == set(LANGUAGES)
    assert all(BASE in sample.text and KEY in sample.text for sample in SAMPLES)


@pytest.mark.parametrize("call", PROMISED)
def test_samples_without_placeholders_work_as_printed(
    call: str, replaced: dict[str, str], alice: User, tmp_path: Path
) -> None:
    register(alice)
    texts = {sample: sample.replacing(replaced) for sample in of_call(SAMPLES, call)}

    for sample, answer in run_together(texts, tmp_path).items():
        data = succeeded(sample, answer)
        items = data if isinstance(data, list) else [data]
        assert items
        assert all(set(item) >= PROMISED[call] for item in items), sample
        assert ("meta" in answer) == (call == "GET /account/transactions")


@pytest.mark.parametrize("call", REFUSED)
def test_samples_with_placeholders_are_told_what_is_wrong(
    call: str, replaced: dict[str, str], tmp_path: Path
) -> None:
    texts = {sample: sample.replacing(replaced) for sample in of_call(SAMPLES, call)}
    code, fields = REFUSED[call]

    for sample, answer in run_together(texts, tmp_path).items():
        assert answer["success"] is False, sample
        assert set(answer) == {"success", "error", "requestId"}
        assert answer["error"]["code"] == code, (sample, answer)
        wrong = {each["field"]: each["code"] for each in answer["error"].get("fields", [])}
        assert wrong == fields, sample
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("call", "placeholders"),
    [
        ("GET /services", {"cty_SAMPLE": "cty_id"}),
        ("GET /price", {"svc_SAMPLE": "svc_whatsapp", "cty_SAMPLE": "cty_id"}),
    ],
)
def test_samples_of_the_catalogue_work_with_real_names(
    call: str, placeholders: dict[str, str], replaced: dict[str, str], tmp_path: Path
) -> None:
    texts = {sample: sample.replacing(replaced | placeholders) for sample in of_call(SAMPLES, call)}

    for sample, answer in run_together(texts, tmp_path).items():
        data = succeeded(sample, answer)
        shown = data if call == "GET /price" else by_code(data)["whatsapp"]
        assert shown["serviceCode"] == "whatsapp"
        assert shown["price"] > 0
        assert shown["stock"] > 0


def test_samples_that_order_work_with_real_names(
    replaced: dict[str, str], alice: User, tmp_path: Path
) -> None:
    real = {
        "service": "svc_whatsapp",
        "country": "cty_id",
        "pool": "any",
        "pricing_option": "0",
        "max_price": "2.5",
    }
    samples = of_call(SAMPLES, "POST /order")
    texts = {
        sample: sample.replacing(
            replaced
            | {f'"{field}": "value"': f'"{field}": "{value}"' for field, value in real.items()}
        )
        for sample in samples
    }

    placed = [succeeded(sample, answer) for sample, answer in run_together(texts, tmp_path).items()]

    assert all(set(order) >= ORDER_FIELDS for order in placed)
    assert (
        len({order["phoneNumber"] for order in placed}) == len({o["orderId"] for o in placed}) == 4
    )
    assert cast.balance(alice) == 1_000_000 - sum(order["price"] for order in placed)


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ("GET /order/{id}", "received"),
        ("POST /order/{id}/cancel", "cancelled"),
        ("POST /order/{id}/resend", "received"),
    ],
)
def test_samples_about_an_order_work_with_a_real_one(
    call: str,
    status: str,
    replaced: dict[str, str],
    place: Place,
    place_received: Place,
    tmp_path: Path,
) -> None:
    samples = of_call(SAMPLES, call)
    make = place_received if status == "received" else place
    orders = {sample: make() for sample in samples}
    texts = {
        sample: sample.replacing({"/order/1": f"/order/{orders[sample].pk}", **replaced})
        for sample in samples
    }

    for sample, answer in run_together(texts, tmp_path).items():
        data = succeeded(sample, answer)
        assert (data["orderId"], data["status"]) == (orders[sample].public_id, status), sample
        if call == "GET /order/{id}":
            assert data["otp"] == "123456"


def test_samples_that_register_a_webhook_work_with_a_real_address(
    replaced: dict[str, str], alice: User, tmp_path: Path
) -> None:
    real = {
        '"endpoint_url": "value"': f'"endpoint_url": "{ADDRESS}"',
        '"events": "value"': '"events": "order.received,order.expired"',
    }
    texts = {
        sample: sample.replacing(replaced | real) for sample in of_call(SAMPLES, "POST /webhooks")
    }

    for sample, answer in run_together(texts, tmp_path).items():
        data = succeeded(sample, answer)
        assert set(data) >= WEBHOOK_FIELDS | {"secret"}
        assert data["secret"].startswith("whsec_")
        assert set(data["events"]) == {"order.received", "order.expired"}
    assert Endpoint.objects.for_account(alice, Mode.LIVE).count() == 4


def test_samples_that_delete_a_webhook_work_with_a_real_one(
    replaced: dict[str, str], alice: User, tmp_path: Path
) -> None:
    samples = of_call(SAMPLES, "DELETE /webhooks/{id}")
    hooks = {sample: register(alice) for sample in samples}
    texts = {
        sample: sample.replacing({"/webhooks/1": f"/webhooks/{hooks[sample].pk}", **replaced})
        for sample in samples
    }

    for sample, answer in run_together(texts, tmp_path).items():
        data = succeeded(sample, answer)
        assert data == {"webhookId": hooks[sample].public_id, "deleted": True}
    assert not Endpoint.objects.for_account(alice, Mode.LIVE).exists()


# An address that is public and needs no looking up. Nothing is sent there: no worker runs.
ADDRESS = "https://1.1.1.1/hook"


def register(user: User) -> Endpoint:
    endpoint, _secret = create_endpoint(
        user=user, mode=Mode.LIVE, url=ADDRESS, events=["*"], now=timezone.now()
    )
    return endpoint


def succeeded(sample: Sample, answer: Any) -> Any:
    assert answer["success"] is True, (sample, answer)
    assert set(answer) - {"meta"} == {"success", "data", "requestId"}
    return answer["data"]


def by_code(services: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["serviceCode"]: each for each in services}
