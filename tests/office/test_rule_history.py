"""The rules' past: who changed what, all rules of a moment, and changes taken back."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from catalog.models import Country, PricingRule, Service
from catalog.rule_plans import fingerprint, values_of
from nexotp.lib.acting import acting, because
from office.actions import CannotRevert, at_moment, revert_change, revert_rules, without_change
from office.models import Act, AuditEntry
from office.reports.rule_history import changes_of_rules, rules_at
from tests.office.conftest import desk_of

PAST = reverse("admin:office_rules_past")


@pytest.fixture
def rule(rules_as_before: None) -> PricingRule:
    service = Service.objects.get(code="telegram")
    return PricingRule.objects.create(service=service, markup_percent=Decimal("12.34"))


@pytest.fixture
def desk(rules_as_before: None, staff: User) -> Client:
    return desk_of(staff)


def rules() -> list[PricingRule]:
    return list(PricingRule.objects.order_by("pk"))


def state() -> dict[int, Any]:
    return {rule.pk: values_of(rule) for rule in rules()}


def last() -> AuditEntry:
    found = changes_of_rules().first()
    assert found is not None
    return found


def now() -> datetime:
    """A moment as the database has it, after everything that was written."""
    return timezone.now()


def take_back(change: AuditEntry) -> None:
    revert_change(change, seen=fingerprint(rules()), reason="a slip")


# ---- one change -------------------------------------------------------------------------------


def test_a_change_is_taken_back(rule: PricingRule, desk: Client, staff: User) -> None:
    PricingRule.objects.filter(pk=rule.pk).update(markup_percent=99, floor=7)
    change = last()
    address = reverse("admin:office_rules_revert", args=[change.pk])
    page = desk.get(address)

    done = desk.post(address, {"seen": page.context["seen"], "reason": "a slip"})

    assert done["Location"] == PAST
    rule.refresh_from_db()
    assert (rule.markup_percent, rule.floor) == (Decimal("12.34"), 1)
    back = last()
    assert (back.by, back.changes["markup_percent"]) == (staff, [99.0, 12.34])
    assert back.reason == f"Change {change.pk} taken back: a slip"


def test_taking_back_needs_a_reason(rule: PricingRule, desk: Client) -> None:
    PricingRule.objects.filter(pk=rule.pk).update(markup_percent=99)
    address = reverse("admin:office_rules_revert", args=[last().pk])
    seen = desk.get(address).context["seen"]

    refused = desk.post(address, {"seen": seen, "reason": " "})

    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == ["reason"]
    rule.refresh_from_db()
    assert rule.markup_percent == 99


def test_a_deleted_rule_comes_back_under_its_number(rule: PricingRule) -> None:
    before = state()
    PricingRule.objects.filter(pk=rule.pk).delete()

    take_back(last())

    assert state() == before


def test_an_added_rule_goes_away_again(rule: PricingRule) -> None:
    take_back(last())

    assert rule.pk not in state()


def test_taking_back_can_be_taken_back(rule: PricingRule) -> None:
    PricingRule.objects.filter(pk=rule.pk).update(markup_percent=99)
    take_back(last())
    take_back(last())

    rule.refresh_from_db()
    assert rule.markup_percent == 99


def test_what_was_changed_again_is_not_overwritten(rule: PricingRule, desk: Client) -> None:
    PricingRule.objects.filter(pk=rule.pk).update(markup_percent=99)
    change = last()
    PricingRule.objects.filter(pk=rule.pk).update(markup_percent=50)
    page = desk.get(reverse("admin:office_rules_revert", args=[change.pk]))

    with pytest.raises(CannotRevert):
        take_back(change)

    assert b"This was changed again later: markup in percent." in page.content
    assert not page.context["plan"]["does_something"]


def test_what_another_column_became_since_stays(rule: PricingRule) -> None:
    PricingRule.objects.filter(pk=rule.pk).update(markup_percent=99)
    change = last()
    PricingRule.objects.filter(pk=rule.pk).update(markup_fixed=5)

    take_back(change)

    rule.refresh_from_db()
    assert (rule.markup_percent, rule.markup_fixed) == (Decimal("12.34"), 5)


def test_what_would_make_no_sense_any_more_says_so(rule: PricingRule) -> None:
    PricingRule.objects.filter(pk=rule.pk).update(floor=500)
    PricingRule.objects.filter(pk=rule.pk).update(floor=100)
    change = last()
    PricingRule.objects.filter(pk=rule.pk).update(ceiling=200)

    with pytest.raises(CannotRevert, match="cannot_revert") as caught:
        without_change(change, rules())

    assert "200" not in str(caught.value.message)
    assert state()[rule.pk]["floor"] == 100


def test_a_change_of_a_rule_that_is_gone_or_back_says_so(rule: PricingRule) -> None:
    added = last()
    PricingRule.objects.filter(pk=rule.pk).delete()
    deleted = last()

    with pytest.raises(CannotRevert):
        without_change(added, rules())
    take_back(deleted)
    with pytest.raises(CannotRevert):
        without_change(deleted, rules())


@pytest.fixture
def fleeting(rules_as_before: None) -> Service:
    return Service.objects.create(code="fleeting", name="Fleeting", category="x")


def test_what_a_rule_was_for_may_be_gone(
    rule: PricingRule, fleeting: Service, desk: Client
) -> None:
    PricingRule.objects.create(service=fleeting, markup_percent=5)
    before = now()
    number = fleeting.pk
    fleeting.delete()
    change = last()
    PricingRule.objects.filter(pk=rule.pk).update(markup_percent=99)

    page = desk.get(reverse("admin:office_rules_revert", args=[change.pk]))
    then = desk.get(reverse("admin:office_rules_then"), {"at": before.isoformat()})

    assert b"What the rule was for is gone: service." in page.content
    assert [each["goods"] for each in then.context["lost"]] == [f"gone (#{number})"]
    kept, lost = at_moment(before, rules())
    assert len(lost) == 1
    revert_rules(before, seen=fingerprint(rules()), reason="back")
    assert state() == {each.pk: each.values for each in kept}


# ---- all of them ------------------------------------------------------------------------------


def test_all_rules_go_back_to_a_moment(rule: PricingRule, desk: Client, staff: User) -> None:
    before, moment = state(), now()
    other = PricingRule.objects.create(markup_percent=7)
    PricingRule.objects.filter(pk=rule.pk).delete()
    PricingRule.objects.exclude(pk=other.pk).update(markup_percent=1)
    address = f"{reverse('admin:office_rules_then')}?at={moment:%Y-%m-%dT%H:%M:%S.%fZ}"
    page = desk.get(address)
    counts = {str(kind): count for kind, _label, count, _icon in page.context["plan"]["counts"]}

    desk.post(address, {"seen": page.context["seen"], "reason": "the sale is over"})

    assert counts == {"new": 1, "changed": len(before) - 1, "removed": 1, "unchanged": 0}
    assert state() == before
    assert (last().by, last().reason) == (staff, "the sale is over")


def test_the_way_back_is_not_taken_when_rules_changed_meanwhile(
    rule: PricingRule, desk: Client
) -> None:
    moment = now()
    PricingRule.objects.filter(pk=rule.pk).update(markup_percent=99)
    address = f"{reverse('admin:office_rules_then')}?at={moment:%Y-%m-%dT%H:%M:%S.%fZ}"
    seen = desk.get(address).context["seen"]
    PricingRule.objects.filter(pk=rule.pk).update(markup_percent=98)

    refused = desk.post(address, {"seen": seen, "reason": "x"})

    assert refused.status_code == 422
    assert b"Somebody changed the rules meanwhile" in refused.content
    rule.refresh_from_db()
    assert rule.markup_percent == 98


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "change", "delete"]),
        st.integers(0, 5),
        st.decimals("-100", "9999.99", places=2),
    ),
    max_size=12,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=_STEPS)
def test_every_moment_is_known_as_it_was(rules_as_before: None, steps: list[Any]) -> None:
    indonesia = Country.objects.get(code="id")
    moments = [(now(), state())]
    for act, which, percent in steps:
        there = rules()
        chosen = there[which % len(there)].pk if there else 0
        if act == "add":
            PricingRule.objects.create(
                country=indonesia, markup_percent=percent, starts_at=now(), is_active=which > 2
            )
        elif act == "change":
            PricingRule.objects.filter(pk=chosen).update(
                markup_percent=percent, ends_at=now() + timedelta(days=365), ceiling=10**15
            )
        else:
            PricingRule.objects.filter(pk=chosen).delete()
        moments.append((now(), state()))

    for moment, then in moments:
        assert {each.pk: each.values for each in rules_at(moment, rules())} == then
    revert_rules(moments[0][0], seen=fingerprint(rules()), reason="back to the beginning")
    assert state() == moments[0][1]


# ---- the pages --------------------------------------------------------------------------------


def test_a_rules_history_tells_who_and_from_what_to_what(
    rule: PricingRule, desk: Client, staff: User
) -> None:
    with acting(lambda: {"by": staff.pk}), because("sale"):
        PricingRule.objects.filter(pk=rule.pk).update(ceiling=90_000)
    address = reverse("admin:catalog_pricingrule_history", args=[rule.pk])

    page = desk.get(address)
    PricingRule.objects.filter(pk=rule.pk).delete()
    later = desk.get(address)

    assert [each["entry"].act for each in page.context["changes"]] == [Act.UPDATE, Act.INSERT]
    told = page.context["changes"][0]["columns"]
    assert told == [{"column": "highest price", "was": "—", "becomes": "Rp\xa090,000"}]
    assert b"sale" in page.content
    assert staff.email.encode() in page.content
    assert len(later.context["changes"]) == 3
    assert b"This rule is gone." in later.content


def test_just_before_an_import_is_before_all_of_it(rule: PricingRule, desk: Client) -> None:
    before = state()
    with acting(lambda: {"request_id": "req_import"}):
        PricingRule.objects.filter(pk=rule.pk).update(markup_percent=1)
        PricingRule.objects.create(markup_percent=2)
        PricingRule.objects.create(markup_percent=3)

    newest = desk.get(PAST).context["changes"][0]
    then = rules_at(datetime.fromisoformat(newest["before"]), rules())

    assert {each.pk: each.values for each in then} == before


def test_the_history_goes_on_where_the_page_ends(rule: PricingRule, desk: Client) -> None:
    for percent in range(60):
        PricingRule.objects.filter(pk=rule.pk).update(markup_percent=percent)

    page = desk.get(PAST)
    rest = desk.get(PAST, {"before": page.context["older"]})

    pks = [each["entry"].pk for each in [*page.context["changes"], *rest.context["changes"]]]
    assert pks == list(changes_of_rules().values_list("pk", flat=True))


@pytest.mark.parametrize(
    "at", ["", "x", "0001-01-01T00:00", "2026-01-01T25:00", "9999-12-31T23:59"]
)
def test_a_moment_that_is_none_leads_back(desk: Client, at: str) -> None:
    assert desk.get(reverse("admin:office_rules_then"), {"at": at})["Location"] == PAST


@pytest.mark.parametrize("row", ["0", "abc", "9" * 40])
def test_a_rule_that_never_was_has_no_history(desk: Client, row: str) -> None:
    page = desk.get(reverse("admin:catalog_pricingrule_history", args=[row]))

    assert page.status_code == 200
    assert page.context["changes"] == []
