"""The sidebar: the shop's work in groups, each line only for whoever may open it."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.models import Supplier
from office.models import Approval
from office.reports.home import mappings_waiting
from orders.models import PurchaseAttempt
from orders.states import AttemptState

_Line = tuple["str | Promise", str, str, str]

#: title, icon, address, permission
_GROUPS: list[tuple["str | Promise", list[_Line]]] = [
    (
        _("Orders"),
        [
            (_("Orders"), "receipt_long", "orders_order_changelist", "orders.view_order"),
            (
                _("Purchases"),
                "shopping_bag",
                "orders_purchaseattempt_changelist",
                "orders.view_purchaseattempt",
            ),
            (
                _("Messages"),
                "sms",
                "orders_ordermessage_changelist",
                "orders.view_ordermessage",
            ),
            (
                _("Purchases without an order"),
                "help",
                "orders_straypurchase_changelist",
                "orders.view_straypurchase",
            ),
        ],
    ),
    (
        _("Money"),
        [
            (_("Daily close"), "today", "office_close", "office.view_books"),
            (_("Profit"), "trending_up", "office_profit", "office.view_books"),
            (
                _("Approvals"),
                "how_to_reg",
                "office_approval_changelist",
                "office.view_approval",
            ),
            (_("Top-ups"), "add_card", "wallet_topup_changelist", "wallet.view_topup"),
            (
                _("Ways to pay"),
                "credit_card",
                "wallet_paymentmethod_changelist",
                "wallet.view_paymentmethod",
            ),
            (
                _("Wallets and accounts"),
                "account_balance_wallet",
                "wallet_ledgeraccount_changelist",
                "wallet.view_ledgeraccount",
            ),
            (_("Transfers"), "payments", "wallet_transfer_changelist", "wallet.view_transfer"),
            (
                _("Checks of the books"),
                "fact_check",
                "office_bookscheck_changelist",
                "office.view_bookscheck",
            ),
            (
                _("Paid to suppliers"),
                "savings",
                "orders_suppliertopup_changelist",
                "orders.view_suppliertopup",
            ),
        ],
    ),
    (
        _("Prices"),
        [
            (
                _("Pricing rules"),
                "sell",
                "catalog_pricingrule_changelist",
                "catalog.view_pricingrule",
            ),
            (_("Why this price"), "help_center", "office_why", "catalog.view_pricingrule"),
            (_("Tiers"), "loyalty", "accounts_tier_changelist", "accounts.view_tier"),
            (
                _("Exchange rates"),
                "currency_exchange",
                "catalog_exchangerate_changelist",
                "catalog.view_exchangerate",
            ),
            (_("Offers"), "storefront", "catalog_offer_changelist", "catalog.view_offer"),
        ],
    ),
    (
        _("Catalogue"),
        [
            (_("Services"), "apps", "catalog_service_changelist", "catalog.view_service"),
            (_("Countries"), "public", "catalog_country_changelist", "catalog.view_country"),
            (
                _("Services to review"),
                "rule",
                "catalog_servicemapping_changelist",
                "catalog.view_servicemapping",
            ),
            (
                _("Countries to review"),
                "map",
                "catalog_countrymapping_changelist",
                "catalog.view_countrymapping",
            ),
            (
                _("Held changes"),
                "pan_tool",
                "catalog_heldchange_changelist",
                "catalog.view_heldchange",
            ),
            (_("Blocked goods"), "block", "catalog_block_changelist", "catalog.view_block"),
        ],
    ),
    (
        _("Suppliers"),
        [
            (
                _("Suppliers"),
                "local_shipping",
                "catalog_supplier_changelist",
                "catalog.view_supplier",
            ),
            (_("Pauses"), "pause_circle", "catalog_pause_changelist", "catalog.view_pause"),
            (_("Sync runs"), "sync", "catalog_syncrun_changelist", "catalog.view_syncrun"),
        ],
    ),
    (
        _("People"),
        [
            (_("Accounts"), "group", "accounts_user_changelist", "accounts.view_user"),
            (_("API keys"), "key", "accounts_apikey_changelist", "accounts.view_apikey"),
            (_("Plans"), "tune", "accounts_plan_changelist", "accounts.view_plan"),
            (_("Webhooks"), "webhook", "webhooks_endpoint_changelist", "webhooks.view_endpoint"),
            (
                _("Deliveries"),
                "outgoing_mail",
                "webhooks_delivery_changelist",
                "webhooks.view_delivery",
            ),
            (_("Groups"), "badge", "auth_group_changelist", "auth.view_group"),
            (_("Audit"), "history", "office_auditentry_changelist", "office.view_auditentry"),
        ],
    ),
]


def _waiting_approvals() -> int:
    return Approval.objects.pending().count()


def _loose_purchases() -> int:
    loose = [AttemptState.UNKNOWN, AttemptState.REVIEW]
    return PurchaseAttempt.objects.filter(state__in=loose).count()


# What waits there for somebody; each is a count in a small index.
_BADGES = {
    "office_approval_changelist": _waiting_approvals,
    "orders_purchaseattempt_changelist": _loose_purchases,
    "catalog_servicemapping_changelist": mappings_waiting,
}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups with the lines that this person may open."""
    home: dict[str, Any] = {"title": _("Home"), "icon": "home", "link": reverse("admin:index")}
    home["active"] = request.path == home["link"]
    groups: list[dict[str, Any]] = [{"items": [home]}]
    for title, lines in _GROUPS:
        items = [
            _item(name, icon, address)
            for name, icon, address, permission in lines
            if request.user.has_perm(permission)
        ]
        if items:
            groups.append({"title": title, "collapsible": True, "items": items})
    _mark_active(groups, request.path)
    return groups


def standing(request: HttpRequest) -> list[str] | None:
    """Return what every page says while all buying is stopped, with its color."""
    if not Supplier.objects.stopped().exists():
        return None
    return [gettext("All buying is stopped"), "danger"]


def _mark_active(groups: list[dict[str, Any]], path: str) -> None:
    """Of all lines that lead here, only the nearest is where we are."""
    items = [item for group in groups[1:] for item in group["items"]]
    nearest = max((i["link"] for i in items if path.startswith(i["link"])), key=len, default="")
    for item in items:
        item["active"] = item["link"] == nearest


def _item(name: "str | Promise", icon: str, address: str) -> dict[str, Any]:
    item: dict[str, Any] = {"title": name, "icon": icon, "link": reverse(f"admin:{address}")}
    count = _BADGES[address]() if address in _BADGES else 0
    if count:
        item["badge"] = count
    return item
