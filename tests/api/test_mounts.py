"""One API, two doors: the same routes, views and answers at both addresses."""

import json
import re
from typing import Any

import pytest
from django.urls import URLPattern, resolve

from accounts.models import User
from nexotp.api_v1 import v1
from tests import cast
from tests.api.calls import MOUNTS, Answer, Api

# Every route, with something to ask there. A route that is missing here fails the first test.
CALLS: dict[str, list[tuple[str, str, Any]]] = {
    "balance": [("GET", "/balance", None)],
    "account": [("GET", "/account", None)],
    "account/transactions": [
        ("GET", "/account/transactions", None),
        ("GET", "/account/transactions?page=2&per_page=1", None),
        ("GET", "/account/transactions?page=0&kind=x&from=x&to=x", None),
    ],
    "services": [("GET", "/services", None), ("GET", "/services?q=tele&country=id&limit=3", None)],
    "countries": [("GET", "/countries", None), ("GET", "/countries?service=nothing", None)],
    "providers": [("GET", "/providers", None), ("GET", "/providers?service=whatsapp", None)],
    "price": [
        ("GET", "/price?service=whatsapp&country=id", None),
        ("GET", "/price?service=value&pool=value", None),
    ],
    "order": [("POST", "/order", {}), ("POST", "/order", {"service": "value", "country": "id"})],
    "orders": [
        ("GET", "/orders", None),
        ("GET", "/orders?status=active", None),
        ("GET", "/orders?status=value&page=0", None),
    ],
    "order/<str:order_id>": [("GET", "/order/{id}", None), ("GET", "/order/ord_01HX", None)],
    "order/<str:order_id>/cancel": [("POST", "/order/ord_01HX/cancel", {"reason": "x"})],
    "order/<str:order_id>/resend": [("POST", "/order/{id}/resend", None)],
    "order/<str:order_id>/finish": [("POST", "/order/{id}/finish", None)],
    "webhooks": [
        ("GET", "/webhooks", None),
        ("POST", "/webhooks", {"endpoint_url": "value", "events": "value"}),
    ],
    "webhooks/deliveries/<str:delivery_id>/redeliver": [
        ("POST", "/webhooks/deliveries/dlv_01HX/redeliver", None)
    ],
    "webhooks/<str:webhook_id>": [("DELETE", "/webhooks/whk_01HX", {})],
    "webhooks/<str:webhook_id>/test": [("POST", "/webhooks/1/test", None)],
    "webhooks/<str:webhook_id>/rotate": [("POST", "/webhooks/whk_01HX/rotate", None)],
    "webhooks/<str:webhook_id>/deliveries": [("GET", "/webhooks/1/deliveries", None)],
}


def test_every_route_of_v1_is_compared() -> None:
    routes = [str(route.pattern) for route in v1]

    assert len(routes) >= 9
    assert set(CALLS) == set(routes)


@pytest.mark.parametrize("route", v1, ids=lambda route: str(route.pattern))
def test_both_mounts_lead_to_the_same_view(route: URLPattern) -> None:
    path = re.sub(r"<str:\w+>", "ord_01HX", str(route.pattern))

    found = [resolve(f"{mount}/{path}") for mount in MOUNTS]

    assert found[0].func is found[1].func
    assert found[0].kwargs == found[1].kwargs


@pytest.mark.usefixtures("committed", "simulator")
def test_both_mounts_answer_alike(api: Api, alice: User) -> None:
    order = cast.buy(alice)
    calls = [call for calls in CALLS.values() for call in calls]

    for method, path, body in calls:
        answers = []
        for mount in MOUNTS:
            api.mount = mount
            sent = b"" if body is None else json.dumps(body).encode()
            answers.append(api.call(method, path.format(id=order.public_id), sent))

        assert lasting(answers[0]) == lasting(answers[1]), path


def lasting(answer: Answer) -> Any:
    """What must be the same a moment later: not the request's id, the clock or the bucket."""
    headers = {name: answer.headers.get(name) for name in ("Content-Type", "Ratelimit-Policy")}
    body = {name: value for name, value in answer.body.items() if name != "requestId"}
    return answer.status, headers, body | {"data": without_time(body.get("data"))}


def without_time(data: Any) -> Any:
    if isinstance(data, list):
        return [without_time(each) for each in data]
    if isinstance(data, dict):
        # Usage counts the very calls that are compared.
        passing = {"updatedAt", "remainingSeconds", "usage"}
        return {name: value for name, value in data.items() if name not in passing}
    return data
