"""Prices follow rules, rates and margin: at once where those changed, and for nothing elsewhere."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from catalog.actions import Repricing, reprice_offers, repricing
from catalog.models import Availability, ExchangeRate, Offer, PricingRule

pytestmark = pytest.mark.usefixtures("db")

FREE = {"markup_percent": Decimal(0), "rounding": 1}


def reprice(**options: Any) -> Repricing:
    return reprice_offers(now=options.pop("now", timezone.now()), **options)


@pytest.fixture(autouse=True)
def up_to_date(db: None) -> None:
    reprice()


def test_nothing_is_written_and_little_is_asked_while_nothing_changes() -> None:
    with CaptureQueriesContext(connection) as queries:
        done = reprice()

    assert done == Repricing(0, is_complete=True)
    assert len(queries) <= 4
    assert not any("catalog_offer" in query["sql"] for query in queries)


def test_a_new_rule_is_in_every_price_it_governs() -> None:
    offers = Offer.objects.filter(supplier__code="alpha", service__code="whatsapp")
    others = set(Offer.objects.exclude(service__code="whatsapp").values_list("pk", "price"))
    offer = offers.first()
    assert offer is not None
    PricingRule.objects.create(service=offer.service, markup_fixed=500_000, **FREE)

    done = reprice()

    sandbox = Offer.objects.filter(supplier__code="sandbox", service__code="whatsapp")
    assert done.changed == offers.count() + sandbox.count()
    assert all((each.price or 0) > 500_000 for each in offers)
    assert set(Offer.objects.exclude(service__code="whatsapp").values_list("pk", "price")) == others


def test_sums_follow_prices() -> None:
    PricingRule.objects.create(markup_fixed=700_000, **FREE)

    reprice()

    assert all(sums.price > 700_000 for sums in Availability.objects.all())


def test_a_window_that_opens_and_closes_is_noticed() -> None:
    now = timezone.now()
    window = {"starts_at": now + timedelta(hours=1), "ends_at": now + timedelta(hours=2)}
    PricingRule.objects.create(markup_fixed=900_000, **window, **FREE)

    changed = [reprice(now=now + timedelta(hours=hours)).changed for hours in (0, 1.5, 1.6, 3)]

    assert [count > 0 for count in changed] == [False, True, False, True]


def test_a_new_rate_is_noticed_by_those_who_sell_in_it() -> None:
    ExchangeRate.objects.create(currency="USD", rate=Decimal(20_000), as_of=timezone.now())
    ExchangeRate.objects.create(currency="EUR", rate=Decimal(20_000), as_of=timezone.now())
    first = reprice()
    ExchangeRate.objects.create(currency="EUR", rate=Decimal(30_000), as_of=timezone.now())

    second = reprice()

    assert first.changed > 0
    assert second.changed == 0


def test_a_changed_margin_is_noticed(settings: Settings) -> None:
    settings.FLOOR_MARGIN_PERCENT = 99

    reprice()

    assert not Offer.objects.filter(price__isnull=False).exists()


def test_what_was_not_done_in_time_is_done_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repricing, "_CHUNK", 1)
    PricingRule.objects.create(markup_fixed=600_000, **FREE)

    first = reprice(within=0)
    second = reprice()

    assert (first.changed, first.is_complete) == (0, False)
    assert second.is_complete
    assert not Offer.objects.filter(price__lt=600_000).exists()


# ---- which rule wins --------------------------------------------------------------------------


def best(offer: Offer, rules: list[PricingRule]) -> PricingRule:
    """The rule that wins, said as plainly as can be."""

    def fits(rule: PricingRule) -> bool:
        return all(
            getattr(rule, field) in (None, getattr(offer, field))
            for field in ("service_id", "country_id", "supplier_id")
        )

    def weight(rule: PricingRule) -> tuple[int, int]:
        specific = 4 * bool(rule.service_id) + 2 * bool(rule.country_id) + bool(rule.supplier_id)
        return specific, rule.pk

    return max(filter(fits, rules), key=weight)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    shapes=st.lists(
        st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()), max_size=9
    )
)
def test_the_best_rule_of_many_wins_everywhere(shapes: list[tuple[bool, ...]]) -> None:
    goods = Offer.objects.filter(supplier__code="alpha", price__isnull=False)
    one, other = goods.order_by("pk")[0], goods.order_by("-pk")[0]
    PricingRule.objects.all().delete()
    rules = [PricingRule.objects.create(floor=1_000_000, **FREE)]
    for number, (for_service, for_country, for_supplier, is_other) in enumerate(shapes, 2):
        like = other if is_other else one
        rules.append(
            PricingRule.objects.create(
                service_id=like.service_id if for_service else None,
                country_id=like.country_id if for_country else None,
                supplier_id=like.supplier_id if for_supplier else None,
                floor=number * 1_000_000,
                **FREE,
            )
        )

    reprice()

    for offer in goods.all():
        assert offer.price == best(offer, rules).floor
