"""Who may do what: each group at each page and each action of the real admin."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import Block, PricingRule, Service, ServiceMapping, Supplier
from office.models import Approval, ApprovalKind
from office.roles import OWNER, ROLES, permissions_of
from orders.models import Order, StrayPurchase
from tests import cast
from tests.office.conftest import Colleague, desk_of

pytestmark = pytest.mark.usefixtures("committed", "simulator")

EVERYBODY = {"support", "pricing", "finance", "owner"}
STAFF = [*sorted(EVERYBODY), "nobody"]

# Each page of the admin, and who may open it.
PAGES: dict[str, set[str]] = {
    "orders_order_changelist": {"support", "finance", "owner"},
    "orders_purchaseattempt_changelist": {"support", "finance", "owner"},
    "orders_ordermessage_changelist": {"support", "finance", "owner"},
    "orders_straypurchase_changelist": {"finance", "owner"},
    "orders_suppliertopup_changelist": {"finance", "owner"},
    "orders_suppliertopup_add": {"finance", "owner"},
    "wallet_ledgeraccount_changelist": {"support", "finance", "owner"},
    "wallet_transfer_changelist": {"support", "finance", "owner"},
    "wallet_topup_changelist": {"support", "finance", "owner"},
    "wallet_paymentmethod_changelist": {"finance", "owner"},
    "wallet_paymentmethod_add": {"owner"},
    "office_approval_changelist": {"support", "finance", "owner"},
    "office_approval_add": {"finance", "owner"},
    "office_bookscheck_changelist": {"finance", "owner"},
    "office_bookscheck_check_now": {"finance", "owner"},
    "office_close": {"finance", "owner"},
    "office_profit": {"finance", "owner"},
    "office_auditentry_changelist": {"owner"},
    "catalog_pricingrule_changelist": {"support", "pricing", "owner"},
    "catalog_pricingrule_add": {"pricing", "owner"},
    "office_why": {"support", "pricing", "owner"},
    "accounts_tier_changelist": {"support", "pricing", "owner"},
    "accounts_tier_add": {"pricing", "owner"},
    "catalog_exchangerate_changelist": EVERYBODY,
    "catalog_exchangerate_add": {"pricing", "owner"},
    "catalog_offer_changelist": {"support", "pricing", "owner"},
    "catalog_service_changelist": {"support", "pricing", "owner"},
    "catalog_service_add": {"owner"},
    "catalog_country_changelist": {"support", "pricing", "owner"},
    "catalog_block_changelist": {"support", "pricing", "owner"},
    "catalog_block_add": {"pricing", "owner"},
    "catalog_servicemapping_changelist": {"pricing", "owner"},
    "catalog_countrymapping_changelist": {"pricing", "owner"},
    "catalog_heldchange_changelist": {"pricing", "owner"},
    "catalog_syncrun_changelist": {"pricing", "owner"},
    "catalog_supplier_changelist": EVERYBODY,
    "catalog_supplier_add": {"owner"},
    "catalog_supplier_stop": {"support", "finance", "owner"},
    "catalog_supplier_resume": {"owner"},
    "catalog_pause_changelist": {"support", "pricing", "owner"},
    "catalog_pause_add": {"owner"},
    "accounts_user_changelist": {"support", "finance", "owner"},
    "accounts_user_add": {"owner"},
    "accounts_plan_changelist": {"support", "finance", "owner"},
    "accounts_plan_add": {"owner"},
    "accounts_apikey_changelist": {"support", "owner"},
    "accounts_ratecounter_changelist": {"owner"},
    "webhooks_endpoint_changelist": {"support", "owner"},
    "webhooks_delivery_changelist": {"support", "owner"},
    "auth_group_changelist": {"owner"},
    "auth_group_add": {"owner"},
    "index": {*EVERYBODY, "nobody"},
}

# Each action of a list, and who is offered it.
LIST_ACTIONS: dict[tuple[str, str], set[str]] = {
    ("orders_order", "cancel_selected"): {"support", "owner"},
    ("orders_straypurchase", "book"): {"finance", "owner"},
    ("orders_straypurchase", "disown"): {"finance", "owner"},
    ("catalog_exchangerate", "accept"): {"pricing", "owner"},
    ("catalog_servicemapping", "accept"): {"pricing", "owner"},
    ("catalog_servicemapping", "refuse"): {"pricing", "owner"},
    ("catalog_countrymapping", "accept"): {"pricing", "owner"},
    ("catalog_countrymapping", "refuse"): {"pricing", "owner"},
    ("catalog_heldchange", "believe"): {"pricing", "owner"},
    ("catalog_supplier", "sync_now"): {"pricing", "owner"},
    ("catalog_supplier", "switch_off"): {"owner"},
    ("catalog_supplier", "switch_on"): {"owner"},
    ("catalog_supplier", "lift"): {"owner"},
    ("catalog_supplier", "renew_push_address"): {"owner"},
    ("catalog_pause", "lift"): {"owner"},
    ("accounts_user", "lift_cool_down"): {"support", "owner"},
    ("accounts_apikey", "revoke"): {"support", "owner"},
    ("webhooks_endpoint", "pause"): {"support", "owner"},
}

# Each action on one row, and who may come as far as being asked.
ROW_ACTIONS: dict[str, set[str]] = {
    "orders_order_check_now": {"support", "owner"},
    "orders_order_cancel": {"support", "owner"},
    "orders_order_refund": {"support", "owner"},
    "orders_purchaseattempt_settle": {"finance", "owner"},
    "office_approval_approve": {"finance", "owner"},
    "office_approval_refuse": {"finance", "owner"},
    "accounts_user_write_note": {"support", "finance", "owner"},
    "accounts_user_freeze": {"support", "finance", "owner"},
    "accounts_user_unfreeze": {"support", "finance", "owner"},
    "accounts_user_see_as": {"support", "owner"},
    "accounts_user_lift": {"support", "owner"},
    "accounts_user_take_off_step": {"owner"},
    "orders_straypurchase_assign": {"finance", "owner"},
    "catalog_supplier_overview": EVERYBODY,
    "catalog_supplier_success": EVERYBODY,
    "catalog_supplier_costs": EVERYBODY,
    "catalog_supplier_sync_panel": EVERYBODY,
    "catalog_supplier_books": {"finance", "owner"},
    "catalog_supplier_switch_on": {"owner"},
    "catalog_supplier_switch_off": {"owner"},
    "catalog_supplier_pause": {"owner"},
    "catalog_supplier_lift": {"owner"},
}

# Each row of these may be changed by whom.
CHANGES: dict[type, set[str]] = {
    PricingRule: {"pricing", "owner"},
    Service: {"pricing", "owner"},
    Block: {"pricing", "owner"},
    ServiceMapping: {"pricing", "owner"},
    Supplier: {"owner"},
    User: {"owner"},
    Group: {"owner"},
}


@pytest.fixture(params=STAFF)
def role(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def desk(role: str, colleague: Colleague) -> Client:
    return desk_of(colleague(role))


def test_the_table_names_every_list_of_the_admin() -> None:
    from django.contrib import admin

    lists = {
        f"{model._meta.app_label}_{model._meta.model_name}_changelist"
        for model in admin.site._registry
    }

    assert lists - set(PAGES) == set()


def test_every_named_permission_exists() -> None:
    for role, named in ROLES.items():
        found = {
            f"{permission.content_type.app_label}.{permission.codename}"
            for permission in Group.objects.get(name=role).permissions.select_related(
                "content_type"
            )
        }
        assert found == set(named), role
    assert set(permissions_of(OWNER)) == set(Group.objects.get(name=OWNER).permissions.all())
    assert Permission.objects.get(codename="decide_approval") in permissions_of(OWNER)


def test_pages(role: str, desk: Client) -> None:
    opened = {page for page in PAGES if desk.get(reverse(f"admin:{page}")).status_code == 200}

    assert opened == {page for page, roles in PAGES.items() if role in roles}


def test_actions_on_lists(role: str, desk: Client) -> None:
    offered = set()
    for model, action in LIST_ACTIONS:
        page = desk.get(reverse(f"admin:{model}_changelist"))
        if page.status_code == 200:
            names = page.context["cl"].model_admin.get_actions(page.wsgi_request)
            offered |= {(model, action)} & {(model, name) for name in names}

    assert offered == {each for each, roles in LIST_ACTIONS.items() if role in roles}


def test_actions_on_one_row(
    role: str, desk: Client, received: Order, alice: User, bob: User, alpha: Supplier
) -> None:
    later = timezone.now() + timedelta(hours=1)
    User.objects.filter(pk=bob.pk).update(frozen_at=timezone.now(), cooling_until=later)
    asked = Approval.objects.create(
        kind=ApprovalKind.ADJUSTMENT,
        user=bob,
        amount=1,
        currency="IDR",
        mode="live",
        reason="x",
        asked_by=bob,
    )
    stray = StrayPurchase.objects.create(
        supplier=alpha, reference="x", cost=1, currency=alpha.currency
    )
    rows = {
        "orders_order": received.pk,
        "orders_purchaseattempt": cast.attempt_of(received).pk,
        "office_approval": asked.pk,
        "orders_straypurchase": stray.pk,
        "catalog_supplier": alpha.pk,
    }
    cast.give_second_step(bob)
    of_whoever_is_stopped = (
        *("accounts_user_unfreeze", "accounts_user_lift", "accounts_user_take_off_step"),
    )
    rows |= {"accounts_user": alice.pk} | dict.fromkeys(of_whoever_is_stopped, bob.pk)
    answers = {
        name: desk.get(
            reverse(f"admin:{name}", args=[rows.get(name) or rows["_".join(name.split("_")[:2])]])
        )
        for name in ROW_ACTIONS
    }

    assert {answer.status_code for answer in answers.values()} <= {200, 403}
    allowed = {name for name, answer in answers.items() if answer.status_code == 200}
    assert allowed == {name for name, roles in ROW_ACTIONS.items() if role in roles}


def test_changes_of_rows(role: str, desk: Client, alice: User) -> None:
    Block.objects.create(service=Service.objects.all()[0], reason="x")
    changed = set()
    for model in CHANGES:
        row: Any = model._default_manager.first()  # type: ignore[attr-defined]
        row = alice if model is User else row
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"  # type: ignore[attr-defined]
        answer = desk.post(reverse(name, args=[row.pk]), {"_nothing": "filled in"})
        changed |= {model} if answer.status_code == 200 else set()
        assert answer.status_code in {200, 403}, model

    assert changed == {model for model, roles in CHANGES.items() if role in roles}


def test_what_is_not_offered_does_nothing(role: str, desk: Client, alice: User) -> None:
    order = cast.buy(alice)
    Order.objects.filter(pk=order.pk).update(cancel_available_at=timezone.now())

    desk.post(
        reverse("admin:orders_order_changelist"),
        {"action": "cancel_selected", "_selected_action": [order.pk]},
    )
    desk.post(
        reverse("admin:catalog_supplier_changelist"),
        {"action": "switch_off", "asked": "1", "reason": "x"}
        | {"_selected_action": [Supplier.objects.get(code="alpha").pk]},
    )

    order.refresh_from_db()
    assert (order.status == "cancelled") is (role in {"support", "owner"})
    assert Supplier.objects.get(code="alpha").is_enabled is (role != "owner")


def test_what_a_supplier_is_asked_for_is_refused_to_others(
    role: str, desk: Client, alpha: Supplier
) -> None:
    allowed = {
        name
        for name in ("sync", "test", "compare")
        if desk.post(reverse(f"admin:catalog_supplier_{name}", args=[alpha.pk])).status_code != 403
    }
    by_link = {
        desk.get(reverse(f"admin:catalog_supplier_{name}", args=[alpha.pk])).status_code
        for name in ("sync", "test", "compare")
    }

    theirs = {"pricing": {"sync"}, "finance": {"compare"}, "owner": {"sync", "test", "compare"}}
    assert allowed == (theirs.get(role, set()) if role != "nobody" else set())
    assert by_link <= {405, 403}


def test_nobody_gives_rights_to_themselves(colleague: Colleague, staff: User, alice: User) -> None:
    owner = colleague("owner")
    desk = desk_of(owner)
    address = reverse("admin:accounts_user_change", args=[owner.pk])

    desk.post(
        address,
        {"email": owner.email, "plan": owner.plan_id, "is_active": "on", "is_staff": "on"}
        | {"is_superuser": "on", "groups": [group.pk for group in owner.groups.all()]},
    )
    over_the_superuser = [
        desk.post(reverse("admin:accounts_user_change", args=[staff.pk]), {"email": "x@x.test"}),
        desk.post(
            reverse("admin:auth_user_password_change", args=[staff.pk]),
            {"password1": "taken over 123", "password2": "taken over 123"},
        ),
    ]

    owner.refresh_from_db()
    assert not owner.is_superuser
    assert [answer.status_code for answer in over_the_superuser] == [403, 403]
    assert User.objects.get(pk=staff.pk).check_password(cast.PASSWORD)


def test_figures_on_the_first_page_are_for_those_who_may_see_them(
    role: str, desk: Client, received: Order
) -> None:
    context = desk.get(reverse("admin:index")).context

    assert ("cards" in context) is (role in {"support", "finance", "owner"})
    assert ("money_chart" in context) is (role in {"finance", "owner"})
