"""Who may do what: four groups with the least rights their work needs.

They are set again at every migration, so that this table is what holds. Other groups are left
alone.
"""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

OURS = ("accounts", "webhooks", "wallet", "catalog", "orders", "office")

_LOOK_AT_ORDERS = (
    *("orders.view_order", "orders.view_purchaseattempt", "orders.view_ordermessage"),
    *("accounts.view_user", "accounts.view_plan", "wallet.view_ledgeraccount"),
    *("wallet.view_transfer", "wallet.view_topup", "office.view_approval"),
)
_ANSWER_PEOPLE = ("office.view_accountnote", "office.add_accountnote", "accounts.freeze_user")
_LOOK_AT_CATALOGUE = (
    *("catalog.view_service", "catalog.view_country", "catalog.view_offer"),
    *("catalog.view_supplier", "catalog.view_pause", "catalog.view_block"),
    *("catalog.view_pricingrule", "catalog.view_exchangerate", "accounts.view_tier"),
)

ROLES: dict[str, tuple[str, ...]] = {
    "support": (
        *_LOOK_AT_ORDERS,
        *_ANSWER_PEOPLE,
        *_LOOK_AT_CATALOGUE,
        *("orders.check_order", "orders.cancel_order", "orders.refund_order"),
        *("accounts.view_apikey", "accounts.change_apikey", "accounts.lift_cool_down"),
        "accounts.view_as_user",
        *("webhooks.view_endpoint", "webhooks.change_endpoint", "webhooks.view_delivery"),
        "webhooks.view_deliveryattempt",
        # Whoever is at work when something goes wrong; only an owner lets it go on.
        "catalog.stop_buying",
    ),
    "pricing": (
        *_LOOK_AT_CATALOGUE,
        *("catalog.add_pricingrule", "catalog.change_pricingrule", "catalog.delete_pricingrule"),
        *("accounts.add_tier", "accounts.change_tier", "accounts.delete_tier"),
        *("catalog.add_exchangerate", "catalog.change_exchangerate"),
        *("catalog.add_block", "catalog.change_block", "catalog.delete_block"),
        *("catalog.change_service", "catalog.change_country"),
        *("catalog.view_servicemapping", "catalog.change_servicemapping"),
        *("catalog.view_countrymapping", "catalog.change_countrymapping"),
        *("catalog.view_heldchange", "catalog.change_heldchange", "catalog.view_syncrun"),
        "catalog.sync_supplier",
    ),
    "finance": (
        *_LOOK_AT_ORDERS,
        *_ANSWER_PEOPLE,
        *("catalog.view_supplier", "catalog.view_exchangerate"),
        *("orders.decide_attempt", "orders.view_straypurchase", "orders.change_straypurchase"),
        *("orders.view_suppliertopup", "orders.add_suppliertopup"),
        *("wallet.change_topup", "wallet.view_paymentmethod"),
        *("wallet.adjust_wallet", "office.decide_approval", "office.view_bookscheck"),
        *("office.add_bookscheck", "office.view_books", "catalog.stop_buying"),
    ),
}

OWNER = "owner"


def permissions_of(role: str) -> Any:
    """Return the permissions of one of the four groups; the owner has all of the shop's."""
    if role == OWNER:
        everything = Q(content_type__app_label__in=OURS)
        return Permission.objects.filter(everything | Q(content_type__app_label="auth"))
    named = Q(pk__in=[])
    for permission in ROLES[role]:
        app, codename = permission.split(".")
        named |= Q(content_type__app_label=app, codename=codename)
    return Permission.objects.filter(named)


def set_roles(**_options: Any) -> None:
    """Give each of the four groups exactly its permissions."""
    for role in (*ROLES, OWNER):
        group, _is_new = Group.objects.get_or_create(name=role)
        group.permissions.set(permissions_of(role))
