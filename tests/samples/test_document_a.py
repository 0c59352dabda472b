"""Every sample of document A runs as printed, with only the host and the key replaced."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Mode, User
from orders.actions import place_order
from orders.models import Order
from tests import cast
from tests.samples.document_a import HOST, KEY, LANGUAGES, ORDER, Sample, read_samples
from tests.samples.runners import run

pytestmark = [
    pytest.mark.usefixtures("committed", "simulator"),
    pytest.mark.slow,
]

SAMPLES = read_samples()
ABOUT_AN_ORDER = [sample for sample in SAMPLES if ORDER in sample.text]
WITHOUT_ONE = [sample for sample in SAMPLES if ORDER not in sample.text]

# What the document promises inside `data`, or inside each of its items.
PROMISED = {
    "/api/v1/balance": {"balance", "currency", "updatedAt"},
    "/api/v1/services": {"serviceCode", "name", "category", "available"},
    "/api/v1/countries": {"countryCode", "name", "prefix", "available"},
    "/api/v1/providers": {"providerCode", "name", "price", "stock"},
    "/api/v1/order": {"orderId", "status", "phoneNumber", "price", "expiresAt"},
    "/api/v1/order/{id}": {"orderId", "status", "phoneNumber", "otp", "remainingSeconds"},
    "/api/v1/order/{id}/cancel": {"orderId", "status", "refunded", "refundAmount"},
}


def placed_before(user: User, mode: Mode) -> Order:
    """An order old enough to be cancelled."""
    moment = timezone.now() - timedelta(seconds=150)
    if mode == Mode.SANDBOX:
        moment = timezone.now()
    return place_order(cast.whatsapp_in_indonesia(), user=user, mode=mode, now=moment).order


@pytest.fixture(params=list(Mode))
def mode(request: pytest.FixtureRequest) -> Mode:
    return Mode(request.param)


@pytest.fixture
def key(alice: User, mode: Mode) -> str:
    return cast.key_for(alice, mode=mode)


def test_the_document_has_seven_endpoints_in_four_languages() -> None:
    found = {(sample.method, sample.path, sample.language) for sample in SAMPLES}

    assert len(SAMPLES) == len(found) == 28
    assert {path for _method, path, _language in found} == set(PROMISED)
    assert {language for _method, _path, language in found} == set(LANGUAGES)
    assert all(HOST in sample.text and KEY in sample.text for sample in SAMPLES)
    assert len(ABOUT_AN_ORDER) == 8


@pytest.mark.parametrize("sample", WITHOUT_ONE, ids=str)
def test_a_sample_runs_as_printed(
    sample: Sample, key: str, web_server: str, tmp_path: Path
) -> None:
    answer = run(sample.language, sample.for_shop(web_server, key), tmp_path)

    assert answer["success"] is True
    assert set(answer) == {"success", "data", "requestId"}
    assert promised_is_there(sample, answer["data"])


@pytest.mark.parametrize("sample", ABOUT_AN_ORDER, ids=str)
def test_a_sample_about_an_order_that_does_not_exist_is_told_so(
    sample: Sample, key: str, web_server: str, tmp_path: Path
) -> None:
    answer = run(sample.language, sample.for_shop(web_server, key), tmp_path)

    assert answer["success"] is False
    assert answer["error"]["code"] == "not_found"
    assert answer["requestId"].startswith("req_")


@pytest.mark.parametrize("sample", ABOUT_AN_ORDER, ids=str)
def test_a_sample_about_an_order_that_exists_works(
    sample: Sample, key: str, mode: Mode, alice: User, web_server: str, tmp_path: Path
) -> None:
    order = placed_before(alice, mode)

    answer = run(sample.language, sample.for_shop(web_server, key, order=order.public_id), tmp_path)

    assert answer["success"] is True
    assert answer["data"]["orderId"] == order.public_id
    assert promised_is_there(sample, answer["data"])


def test_the_order_sample_run_in_every_language_buys_one_number(
    key: str, alice: User, web_server: str, tmp_path: Path
) -> None:
    samples = [sample for sample in SAMPLES if sample.path == "/api/v1/order"]

    answers = [run(each.language, each.for_shop(web_server, key), tmp_path) for each in samples]

    assert len(answers) == 4
    assert len({answer["data"]["orderId"] for answer in answers}) == 1
    assert Order.objects.count() == 1


def promised_is_there(sample: Sample, data: Any) -> bool:
    items = data if isinstance(data, list) else [data]
    return bool(items) and all(set(item) >= PROMISED[sample.path] for item in items)
