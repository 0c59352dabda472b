"""What a preview tells of a rule is what saving it then does."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Tier
from catalog import previewing
from catalog.account_prices import prices_by
from catalog.actions import reprice_offers
from catalog.models import Country, ExchangeRate, Offer, PricingRule, Service, Supplier
from catalog.previewing import Effect, change_by, effect_on_offers

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def up_to_date(db: None) -> None:
    reprice_offers(now=timezone.now())


def rule(**fields: Any) -> PricingRule:
    return PricingRule(**{"markup_percent": Decimal(60), "rounding": 100} | fields)


def whatsapp() -> Service:
    return Service.objects.get(code="whatsapp")


def indonesia() -> Country:
    return Country.objects.get(code="id")


def preview(wished: PricingRule) -> Effect:
    now = timezone.now()
    return effect_on_offers(change_by(wished, now=now), now=now)


def prices() -> dict[int, int | None]:
    return dict(Offer.objects.values_list("pk", "price"))


def counted(before: dict[int, int | None], after: dict[int, int | None]) -> dict[str, int]:
    pairs = [(before[pk], after[pk]) for pk in before if before[pk] != after[pk]]
    return {
        "changed": len(pairs),
        "cheaper": sum(1 for old, new in pairs if old and new and new < old),
        "dearer": sum(1 for old, new in pairs if old and new and new > old),
        "gone": sum(1 for _old, new in pairs if new is None),
        "appeared": sum(1 for old, _new in pairs if old is None),
    }


def told(effect: Effect) -> dict[str, int]:
    return {
        name: getattr(effect, name) for name in ("changed", "cheaper", "dearer", "gone", "appeared")
    }


RULES: dict[str, Callable[[], PricingRule]] = {
    "everything": rule,
    "a service": lambda: rule(service=whatsapp(), markup_fixed=900),
    "a country": lambda: rule(country=indonesia(), ceiling=20_000),
    "both": lambda: rule(service=whatsapp(), country=indonesia(), floor=50_000),
    "a supplier": lambda: rule(supplier=Supplier.objects.get(code="alpha")),
    "below cost": lambda: rule(service=whatsapp(), markup_percent=Decimal(-20)),
    "what a better rule holds already": lambda: rule(service=whatsapp()),
}


@pytest.mark.parametrize("name", RULES)
def test_a_new_rule_does_what_was_told(name: str) -> None:
    PricingRule.objects.create(
        service=whatsapp(), country=indonesia(), markup_percent=Decimal(90), rounding=1
    )
    reprice_offers(now=timezone.now())
    wished, before = RULES[name](), prices()

    effect = preview(wished)
    assert prices() == before
    wished.save()
    reprice_offers(now=timezone.now())

    assert told(effect) == counted(before, prices())
    assert effect.changed > 0
    assert not effect.is_sampled
    after = prices()
    for example in effect.examples:
        assert (example.before, example.after) == (
            before[example.offer.pk],
            after[example.offer.pk],
        )


@pytest.mark.parametrize(
    "edit",
    [
        {"markup_percent": Decimal(75)},
        {"is_active": False},
        {"country": None},
        {"ends_at": timezone.now() - timedelta(days=1)},
        {"markup_percent": Decimal(30)},
    ],
)
def test_an_edit_does_what_was_told(edit: dict[str, Any]) -> None:
    stored = rule(service=whatsapp(), country=indonesia(), markup_percent=Decimal(30))
    stored.save()
    reprice_offers(now=timezone.now())
    before = prices()
    for name, value in edit.items():
        setattr(stored, name, value)

    effect = preview(stored)
    stored.save()
    reprice_offers(now=timezone.now())

    assert told(effect) == counted(before, prices())


def test_what_would_be_below_cost_is_counted_and_not_sold() -> None:
    effect = preview(rule(service=whatsapp(), markup_percent=Decimal(-50), rounding=1))

    assert effect.below_cost == effect.thin == effect.reached > 0
    assert effect.gone == effect.changed
    assert all(example.after is None for example in effect.examples)


def test_below_the_floor_margin_is_not_below_cost(settings: Any) -> None:
    settings.FLOOR_MARGIN_PERCENT = 20
    reprice_offers(now=timezone.now())

    effect = preview(rule(service=whatsapp(), markup_percent=Decimal(10), rounding=1))

    assert effect.thin > 0
    assert effect.below_cost == 0


def test_examples_are_those_that_change_most() -> None:
    effect = preview(rule(service=whatsapp()))

    changes = [
        abs((each.after or 0) - (each.before or 0)) / (each.before or 1) for each in effect.examples
    ]
    assert changes == sorted(changes, reverse=True)


def test_a_rule_for_later_is_compared_with_what_holds_then() -> None:
    """Another rule begins before it; only what it changes itself is told."""
    now = timezone.now()
    tomorrow, later = now + timedelta(days=1), now + timedelta(days=2)
    rule(markup_percent=Decimal(200), starts_at=tomorrow).save()
    wished = rule(service=whatsapp(), starts_at=later)

    change = change_by(wished, now=now)
    effect = effect_on_offers(change, now=now)

    assert (change.is_later, change.at) == (True, later)
    ExchangeRate.objects.update(as_of=later)
    reprice_offers(now=later)
    before = prices()
    wished.save()
    reprice_offers(now=later)
    assert told(effect) == counted(before, prices())


@pytest.mark.parametrize("percent", [-5, -95, 20])
def test_a_rule_of_a_tier_does_what_was_told(percent: int) -> None:
    gold = Tier.objects.create(code="gold", name="Gold")
    PricingRule.objects.create(tier=gold, markup_percent=Decimal(-2))
    wished = PricingRule(
        tier=gold, service=whatsapp(), markup_percent=Decimal(percent), rounding=50
    )
    now, baked = timezone.now(), prices()

    effect = preview(wished)
    wished.save()

    before, after = (
        prices_by(
            tuple(PricingRule.objects.filter(tier=gold, **only).most_specific_first()), now=now
        )
        for only in ({"service": None}, {})
    )
    sold = Offer.objects.filter(service=whatsapp(), price__isnull=False, stock__gt=0)
    pairs = [(before.of(offer), after.of(offer)) for offer in sold]
    assert effect.changed == sum(1 for old, new in pairs if old != new) > 0
    assert effect.cheaper == sum(1 for old, new in pairs if old and new and new < old)
    assert (effect.thin > 0) is (percent == -95)
    assert prices() == baked


def test_many_offers_are_sampled_and_counts_said_to_be_estimates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exact = preview(rule())
    monkeypatch.setattr(previewing, "MOST_PRICED", exact.reached // 2)

    effect = preview(rule())

    assert effect.is_sampled
    assert effect.share == pytest.approx(0.5, abs=0.01)
    assert effect.reached == exact.reached
    assert exact.changed * 0.3 < effect.changed < exact.changed * 2


def test_the_order_of_rules_is_one_and_the_same_in_both_forms() -> None:
    """`most_specific_first` in Python's hands, `priced_sql` in the database's."""
    alpha, number = Supplier.objects.get(code="alpha"), 0
    for service in (None, whatsapp()):
        for country in (None, indonesia()):
            for supplier in (None, alpha):
                for _twice in range(2):
                    number += 1
                    rule(
                        service=service,
                        country=country,
                        supplier=supplier,
                        markup_percent=Decimal(0),
                        markup_fixed=number * 100_000,
                    ).save()
    reprice_offers(now=timezone.now())
    rules = list(PricingRule.objects.of_offers().most_specific_first())

    for offer in Offer.objects.select_related("supplier").exclude(price=None):
        winner = next(
            each
            for each in rules
            if each.service_id in (None, offer.service_id)
            and each.country_id in (None, offer.country_id)
            and each.supplier_id in (None, offer.supplier_id)
        )
        assert (offer.price or 0) // 100_000 == winner.markup_fixed // 100_000
