"""Which offer is asked first, as a pure function; no database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from catalog.routing import Candidate, Verdict, explanation, make_route

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RATES = {"USD": Decimal("1.6")}


def candidate(provider: str, **figures: Any) -> Candidate:
    usual: dict[str, Any] = {
        "offer_id": ord(provider[0]),
        "supplier_id": ord(provider[0]),
        "price": 1_000,
    }
    return Candidate(
        **usual | {"provider": provider, "cost": 400, "currency": "USD", "stock": 5} | figures
    )


def tried(*candidates: Candidate, **options: Any) -> list[str]:
    return [one.provider for one in make_route(candidates, now=NOW, **options).to_try]


def test_the_cheapest_is_first() -> None:
    dear, cheap = candidate("a", price=1_200), candidate("b", price=1_100)

    assert tried(dear, cheap) == ["b", "a"]
    assert make_route([dear, cheap], now=NOW).price == 1_100


def test_equal_prices_go_by_priority_then_by_delivery() -> None:
    plain = candidate("a")
    good = candidate("b", delivered=90, ended=100)
    wanted = candidate("c", priority=1)

    assert tried(plain, good, wanted) == ["c", "b", "a"]


def test_expected_delivery_comes_before_price_where_it_is_asked_for() -> None:
    cheap = candidate("a", price=900, delivered=50, ended=100)
    good = candidate("b", price=1_200, delivered=95, ended=100)

    route = make_route([cheap, good], now=NOW, by_delivery=True)

    assert [one.provider for one in route.to_try] == ["b", "a"]
    assert route.price == 1_200


def test_one_lucky_order_does_not_beat_a_thousand() -> None:
    lucky = candidate("a", delivered=1, ended=1)
    proven = candidate("b", delivered=900, ended=1_000)

    assert tried(lucky, proven, by_delivery=True) == ["b", "a"]


def test_goods_without_orders_begin_with_what_their_supplier_is_worth() -> None:
    new = candidate("a")
    of_a_bad_house = candidate("b", past_delivered=100, past_ended=1_000)
    of_a_good_house = candidate("c", past_delivered=950, past_ended=1_000)

    assert new.expected_delivery == pytest.approx(0.7)
    assert of_a_bad_house.expected_delivery < 0.15
    assert tried(new, of_a_bad_house, of_a_good_house, by_delivery=True) == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        ({"stock": 0}, Verdict.NO_STOCK),
        ({"price": None}, Verdict.NO_PRICE),
        ({"is_enabled": False}, Verdict.SWITCHED_OFF),
        ({"paused_until": NOW + timedelta(seconds=1)}, Verdict.SUPPLIER_PAUSED),
        ({"goods_paused_until": NOW + timedelta(seconds=1)}, Verdict.GOODS_PAUSED),
        ({"balance": 399}, Verdict.NO_BALANCE),
        ({"provider": "other"}, Verdict.OTHER_PROVIDER),
    ],
)
def test_what_cannot_serve_is_refused(figures: dict[str, Any], verdict: Verdict) -> None:
    name = figures.pop("provider", "b")

    route = make_route([candidate(name, **figures)], now=NOW, provider="b")

    assert [each.verdict for each in route.judged] == [verdict]
    assert route.price is None
    assert route.to_try == route.able == []


def test_what_is_over_or_enough_refuses_nothing() -> None:
    over = {"paused_until": NOW, "goods_paused_until": NOW, "balance": 400}

    assert tried(candidate("a", **over)) == ["a"]


def test_a_thin_margin_is_passed_over_but_can_be_asked_for_by_name() -> None:
    cheap, dear = candidate("a", price=700), candidate("b", price=1_200, cost=440)
    options: dict[str, Any] = {"rates": RATES, "floor_percent": 5}

    route = make_route([cheap, dear], now=NOW, **options)

    assert [each.verdict for each in route.judged] == [Verdict.FIRST, Verdict.THIN_MARGIN]
    assert [one.provider for one in route.able] == ["a", "b"]
    assert tried(cheap, dear, provider="b", **options) == ["b"]


def test_a_route_ends_somewhere() -> None:
    many = [candidate(chr(ord("a") + number)) for number in range(20)]

    route = make_route(many, now=NOW)

    assert len(route.to_try) == 12
    assert len(route.able) == 20


def test_the_explanation_can_be_read_again() -> None:
    until = NOW + timedelta(hours=1)
    many = [candidate(chr(ord("a") + number)) for number in range(20)]
    stored = make_route([*many, candidate("z", paused_until=until)], now=NOW).explained()

    lines = explanation(stored)

    assert lines[0].provider == "a"
    assert (lines[0].verdict, lines[0].expected_delivery) == ("first", 0.7)
    assert len(lines) + stored["more"] == 21
    (alone,) = explanation(make_route([candidate("z", paused_until=until)], now=NOW).explained())
    assert alone.until == "2026-06-01T01:00:00+00:00"
