"""Every sample of document A runs as printed, with only the host and the key replaced.

It prints `/api/v1`; what works there works at the other mount too.
"""

from pathlib import Path
from typing import Any

import pytest

from accounts.models import Mode, User
from orders.models import Order
from tests import cast
from tests.api.calls import MOUNTS
from tests.samples.conftest import Place
from tests.samples.document_a import HOST, KEY, LANGUAGES, MOUNT, ORDER, read_samples
from tests.samples.runners import run, run_together
from tests.samples.sample import Sample, calls, of_call

pytestmark = [
    pytest.mark.usefixtures("committed", "simulator"),
    pytest.mark.slow,
]

SAMPLES = read_samples()
PLACING = "POST /order"
ABOUT_AN_ORDER = [call for call in calls(SAMPLES) if "{id}" in call]
READING = [call for call in calls(SAMPLES) if call not in {PLACING, *ABOUT_AN_ORDER}]

# What the document promises inside `data`, or inside each of its items.
PROMISED = {
    "GET /balance": {"balance", "currency", "updatedAt"},
    "GET /services": {"serviceCode", "name", "category", "available"},
    "GET /countries": {"countryCode", "name", "prefix", "available"},
    "GET /providers": {"providerCode", "name", "price", "stock"},
    "POST /order": {"orderId", "status", "phoneNumber", "price", "expiresAt"},
    "GET /order/{id}": {"orderId", "status", "phoneNumber", "otp", "remainingSeconds"},
    "POST /order/{id}/cancel": {"orderId", "status", "refunded", "refundAmount"},
}


@pytest.fixture(
    params=[(Mode.LIVE, MOUNTS[0]), (Mode.SANDBOX, MOUNTS[0]), (Mode.LIVE, MOUNTS[1])],
    ids=lambda param: f"{param[0]} {param[1]}",
)
def door(request: pytest.FixtureRequest) -> tuple[Mode, str]:
    """A mode and a mount."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def replaced(door: tuple[Mode, str], alice: User, web_server: str) -> dict[str, str]:
    """What is replaced in every sample: host, mount and key."""
    mode, mount = door
    return {HOST + MOUNT: web_server + mount, KEY: cast.key_for(alice, mode=mode)}


def test_the_document_has_seven_endpoints_in_four_languages() -> None:
    found = {(sample.call, sample.language) for sample in SAMPLES}

    assert len(SAMPLES) == len(found) == 28
    assert {call for call, _language in found} == set(PROMISED)
    assert {language for _call, language in found} == set(LANGUAGES)
    assert all(HOST in sample.text and KEY in sample.text for sample in SAMPLES)
    assert [ORDER in sample.text for sample in SAMPLES] == ["{id}" in each.call for each in SAMPLES]


@pytest.mark.parametrize("call", READING)
def test_samples_run_as_printed(call: str, replaced: dict[str, str], tmp_path: Path) -> None:
    texts = {sample: sample.replacing(replaced) for sample in of_call(SAMPLES, call)}

    for sample, answer in run_together(texts, tmp_path).items():
        assert answer["success"] is True, sample
        assert set(answer) == {"success", "data", "requestId"}
        assert promised_is_there(sample, answer["data"])


def test_the_samples_that_order_buy_one_number(replaced: dict[str, str], tmp_path: Path) -> None:
    """They name the same idempotency key, so whoever runs all of them pays once."""
    samples = of_call(SAMPLES, PLACING)

    answers = [run(sample, sample.replacing(replaced), tmp_path) for sample in samples]

    assert all(answer["success"] for answer in answers)
    assert all(promised_is_there(samples[0], answer["data"]) for answer in answers)
    assert len({answer["data"]["orderId"] for answer in answers}) == 1
    assert Order.objects.count() == 1


@pytest.mark.parametrize("call", ABOUT_AN_ORDER)
def test_samples_about_an_order_that_does_not_exist_are_told_so(
    call: str, replaced: dict[str, str], tmp_path: Path
) -> None:
    texts = {sample: sample.replacing(replaced) for sample in of_call(SAMPLES, call)}

    for sample, answer in run_together(texts, tmp_path).items():
        assert answer["success"] is False, sample
        assert answer["error"]["code"] == "not_found"
        assert answer["requestId"].startswith("req_")


@pytest.mark.parametrize("call", ABOUT_AN_ORDER)
def test_samples_about_an_order_that_exists_work(
    call: str, door: tuple[Mode, str], replaced: dict[str, str], place: Place, tmp_path: Path
) -> None:
    orders = {sample: place(door[0]) for sample in of_call(SAMPLES, call)}
    texts = {
        sample: sample.replacing(replaced | {ORDER: order.public_id})
        for sample, order in orders.items()
    }

    for sample, answer in run_together(texts, tmp_path).items():
        assert answer["success"] is True, sample
        assert answer["data"]["orderId"] == orders[sample].public_id
        assert promised_is_there(sample, answer["data"])


def promised_is_there(sample: Sample, data: Any) -> bool:
    items = data if isinstance(data, list) else [data]
    return bool(items) and all(set(item) >= PROMISED[sample.call] for item in items)
