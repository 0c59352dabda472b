"""What is odd about rules: those that compete, do nothing, end, or sell under cost."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Tier, User
from catalog.actions import count_offers_by_rule, reprice_offers
from catalog.models import Country, Offer, PricingRule, RuleCount, Service, Supplier
from catalog.rule_findings import Finding, Found, find
from tests.office.conftest import desk_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def rule(pk: int, since: int | None = None, until: int | None = None, **fields: Any) -> PricingRule:
    """A rule that begins and ends so many days from now."""
    return PricingRule(
        pk=pk,
        markup_percent=Decimal(10),
        starts_at=None if since is None else NOW + since * DAY,
        ends_at=None if until is None else NOW + until * DAY,
        **fields,
    )


def kinds(*rules: PricingRule) -> dict[int, list[tuple[str, tuple[int, ...]]]]:
    found = find(rules, [], now=NOW)
    return {pk: [(each.kind.value, each.others) for each in said] for pk, said in found.items()}


def test_an_older_rule_for_the_same_goods_can_never_win() -> None:
    assert kinds(rule(1), rule(2)) == {1: [("covered", (2,))]}


def test_what_is_for_other_goods_suppliers_or_tiers_does_not_compete() -> None:
    others = [{"service_id": 1}, {"country_id": 1}, {"supplier_id": 1}, {"tier_id": 1}]

    assert kinds(rule(1), *(rule(n, **fields) for n, fields in enumerate(others, start=2))) == {}


def test_a_rule_that_is_off_or_over_covers_nothing() -> None:
    assert kinds(rule(1), rule(2, is_active=False), rule(3, until=-1)) == {3: [("over", ())]}


def test_rules_compete_while_their_times_overlap() -> None:
    found = kinds(rule(1), rule(2, since=10, until=20), rule(3, since=20, until=30))

    assert found == {1: [("tie", (2, 3))], 2: [("tie", (1,))], 3: [("tie", (1,))]}


def test_several_newer_rules_cover_one_together() -> None:
    rules = [rule(1, until=20), rule(2, until=10), rule(3, since=10)]

    assert ("covered", (3, 2)) in kinds(*rules)[1]
    assert ("covered", (3, 2)) not in kinds(rules[0], rules[1], rule(3, since=11))[1]


def test_time_that_is_over_counts_no_more() -> None:
    assert kinds(rule(1, since=-30), rule(2, since=-10)) == {1: [("covered", (2,))]}


def test_what_ends_within_a_week_is_named() -> None:
    assert kinds(rule(1, until=6)) == {1: [("ends_soon", ())]}
    assert kinds(rule(1, until=8)) == {}


_DAYS = st.none() | st.integers(-3, 9)


@given(st.lists(st.tuples(_DAYS, _DAYS), max_size=7))
def test_who_wins_is_what_plain_looking_says(windows: list[tuple[int | None, int | None]]) -> None:
    rules = [
        rule(pk, since, until)
        for pk, (since, until) in enumerate(windows, start=1)
        if since is None or until is None or since < until
    ]

    found = find(rules, [], now=NOW)

    # Half-days: none of them is where something begins or ends.
    moments = [NOW + (2 * n + 1) * DAY / 2 for n in range(15)]
    winners = set()
    for moment in moments:
        holding = [
            each.pk
            for each in rules
            if (each.starts_at is None or each.starts_at <= moment)
            and (each.ends_at is None or moment < each.ends_at)
        ]
        winners |= {max(holding)} if holding else set()
    said = {
        pk
        for pk, all_found in found.items()
        if {each.kind for each in all_found} & {Finding.COVERED, Finding.OVER}
    }
    assert said == {each.pk for each in rules} - winners


def test_thousands_of_rules_alike_are_compared_in_a_moment() -> None:
    rules = [rule(n, since=n, until=n + 1) for n in range(1, 5_000)]
    began = datetime.now(UTC)

    find(rules, [], now=NOW)

    assert datetime.now(UTC) - began < timedelta(seconds=2)


# ---- with offers ------------------------------------------------------------------------------


@pytest.fixture
def telegram(db: None) -> Service:
    return Service.objects.get(code="telegram")


def count() -> dict[int | None, tuple[int, int]]:
    count_offers_by_rule(now=timezone.now())
    return {
        each.rule_id: (each.offer_count, each.below_count)
        for each in RuleCount.objects.exclude(rule=None)
    }


def test_each_offer_is_counted_for_the_rule_that_prices_it(telegram: Service) -> None:
    everything = PricingRule.objects.get()
    own = PricingRule.objects.create(service=telegram, markup_percent=10)
    idle = PricingRule.objects.create(
        country=Country.objects.exclude(offer__isnull=False)[0], markup_percent=10
    )
    tier = Tier.objects.create(code="gold", name="Gold")
    of_tier = PricingRule.objects.create(tier=tier, markup_percent=-5)

    counted = count()

    of_telegram = Offer.objects.filter(service=telegram).count()
    assert counted[own.pk][0] == of_telegram > 0
    assert counted[everything.pk][0] == Offer.objects.count() - of_telegram
    assert counted[idle.pk] == (0, 0)
    assert of_tier.pk not in counted
    found = find(PricingRule.objects.all(), RuleCount.objects.all(), now=timezone.now())
    assert found == {idle.pk: [Found(Finding.IDLE)]}


def test_a_rule_under_cost_is_counted_as_what_is_not_sold(telegram: Service) -> None:
    rule = PricingRule.objects.create(service=telegram, markup_percent=0, ceiling=1_500)
    reprice_offers(now=timezone.now())

    counted = count()[rule.pk]

    unsold = Offer.objects.filter(service=telegram, price=None).count()
    assert counted == (Offer.objects.filter(service=telegram).count(), unsold)
    assert unsold > 0
    found = find([rule], RuleCount.objects.filter(rule=rule), now=timezone.now())
    assert found == {rule.pk: [Found(Finding.UNDER_COST, count=unsold)]}


def test_offers_without_a_rule_are_counted_by_supplier(telegram: Service) -> None:
    PricingRule.objects.update(service=telegram)

    count()

    gaps = dict(RuleCount.objects.exclude(supplier=None).values_list("supplier", "offer_count"))
    alpha = Supplier.objects.get(code="alpha")
    others = Offer.objects.filter(supplier=alpha).exclude(service=telegram)
    assert gaps[alpha.pk] == others.count() > 0


# ---- the pages --------------------------------------------------------------------------------


def test_the_list_says_what_is_odd_and_finds_it(telegram: Service, staff: User) -> None:
    desk = desk_of(staff)
    old, new = (PricingRule.objects.create(service=telegram, markup_percent=n) for n in (1, 2))
    address = reverse("admin:catalog_pricingrule_changelist")

    everything = desk.get(address)
    covered = desk.get(address, {"finding": "covered"})
    nonsense = desk.get(address, {"finding": "nonsense"})
    page = desk.get(reverse("admin:catalog_pricingrule_change", args=[old.pk]))

    assert f"Can never win #{new.pk}".encode() in everything.content
    assert [each.pk for each in covered.context["cl"].result_list] == [old.pk]
    assert nonsense.context["cl"].result_count == everything.context["cl"].result_count
    assert reverse("admin:catalog_pricingrule_change", args=[new.pk]).encode() in page.content


def test_the_offers_that_nobody_prices_are_shown(telegram: Service, staff: User) -> None:
    desk = desk_of(staff)
    rule = PricingRule.objects.create(service=telegram, markup_percent=0, ceiling=1_500)
    PricingRule.objects.exclude(pk=rule.pk).delete()
    count()

    gaps = desk.get(reverse("admin:catalog_rules_gaps"))
    below = desk.get(reverse("admin:catalog_rules_below", args=[rule.pk]))

    shown = [line for each in gaps.context["suppliers"] for line in each["offers"]]
    assert shown
    assert all(line["offer"].service != telegram for line in shown)
    cheap = [line for each in below.context["suppliers"] for line in each["offers"]]
    assert cheap
    assert {line["offer"].service for line in cheap} == {telegram}
    assert {line["quote"] for line in cheap} == {"Rp\xa01,500"}


def test_the_list_asks_as_much_for_many_rules_as_for_one(
    telegram: Service, staff: User, django_assert_max_num_queries: Any
) -> None:
    desk = desk_of(staff)
    countries = list(Country.objects.all()[:40])
    for country in countries:
        PricingRule.objects.create(service=telegram, country=country, markup_percent=1)

    with django_assert_max_num_queries(20):
        desk.get(reverse("admin:catalog_pricingrule_changelist"))
