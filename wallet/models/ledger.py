"""The ledger: accounts, and transfers between exactly two of them.

A transfer is one row with one debit account, one credit account and one positive amount, so it
balances by construction. Transfers are never changed: the database refuses UPDATE, DELETE and
TRUNCATE. *Guarded* accounts (wallets) keep a balance that cannot go below zero; *recorded* ones
(everything of ours) keep none and are never locked, so no row is hot.
"""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Mode, User
from nexotp.lib.ids import new_id


class AccountKind(models.TextChoices):
    """The chart of accounts; only the first belongs to a customer."""

    WALLET = "wallet", _("Wallet")
    ORDERS_IN_PROGRESS = "orders_in_progress", _("Orders in progress")
    SALES_REVENUE = "sales_revenue", _("Sales revenue")
    COST_OF_SALES = "cost_of_sales", _("Cost of sales")
    SUPPLIER_PREPAID = "supplier_prepaid", _("Prepaid at suppliers")
    SUPPLIER_LOSSES = "supplier_losses", _("Lost at suppliers")
    PAYMENT_CLEARING = "payment_clearing", _("Payment clearing")
    BANK = "bank", _("Bank")
    REFUNDS = "refunds", _("Refunds")
    PROMOTIONS = "promotions", _("Promotions")
    ADJUSTMENTS = "adjustments", _("Adjustments")


class LedgerAccountQuerySet(models.QuerySet["LedgerAccount"]):
    def wallet_of(self, user: User, mode: str) -> "LedgerAccountQuerySet":
        """The wallet of one account in one mode; empty until something opened it."""
        return self.filter(
            owner=user, kind=AccountKind.WALLET, currency=settings.SHOP_CURRENCY, mode=mode
        )


class LedgerAccount(models.Model):
    """One account of the ledger, in one currency and one mode."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True
    )
    kind = models.CharField(max_length=20, choices=AccountKind)
    currency = models.CharField(max_length=3)
    mode = models.CharField(max_length=7, choices=Mode)
    guarded = models.BooleanField()
    balance = models.BigIntegerField(null=True)
    # Its owner is told when an order takes the balance below this; 0 is never, none is the
    # shop's usual.
    low_balance_at = models.BigIntegerField(null=True)
    opened_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = LedgerAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger account")
        verbose_name_plural = _("ledger accounts")
        permissions: ClassVar[list[Any]] = [
            ("adjust_wallet", _("May correct wallets")),
        ]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["owner", "kind", "currency", "mode"],
                nulls_distinct=False,
                name="wallet_account_unique",
            ),
            # The target of the composite foreign keys that keep currencies and modes apart.
            models.UniqueConstraint(
                fields=["id", "currency", "mode"], name="wallet_account_currency_mode"
            ),
            models.CheckConstraint(
                # Said in full: a balance of NULL would make `balance >= 0` unknown, and so pass.
                condition=Q(guarded=True, balance__isnull=False, balance__gte=0)
                | Q(guarded=False, balance__isnull=True),
                name="wallet_account_balance_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(kind=AccountKind.WALLET, guarded=True, owner__isnull=False)
                | (~Q(kind=AccountKind.WALLET) & Q(guarded=False, owner=None)),
                name="wallet_account_only_wallets_guarded",
            ),
            models.CheckConstraint(
                condition=Q(mode__in=Mode.values), name="wallet_account_mode_known"
            ),
            models.CheckConstraint(
                condition=Q(low_balance_at__isnull=True) | Q(low_balance_at__gte=0),
                name="wallet_account_threshold_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner or self.kind} {self.currency} {self.mode}"

    @property
    def low_balance_threshold(self) -> int:
        """Below which its owner is told; 0 is never. Minor units."""
        usual: int = settings.LOW_BALANCE_THRESHOLD
        return usual if self.low_balance_at is None else self.low_balance_at


class TransferKind(models.TextChoices):
    """What a transfer was for, as statements show it."""

    TOP_UP = "top_up", _("Top-up")
    HOLD = "hold", _("Order placed")
    CAPTURE = "capture", _("Code received")
    RELEASE = "release", _("Order refunded")
    COST = "cost", _("Supplier's cost")
    REFUND = "refund", _("Goodwill refund")
    PROMOTION = "promotion", _("Promotion")
    LOSS = "loss", _("Supplier loss")
    PREPAY = "prepay", _("Paid to a supplier")
    COST_BACK = "cost_back", _("Cost given back")
    LOSS_BACK = "loss_back", _("Loss given back")
    STRAY = "stray", _("Purchase nobody made")
    ADJUSTMENT = "adjustment", _("Correction")


# What moves a customer's money; the other kinds pass between accounts of ours.
WALLET_KINDS = [
    TransferKind.TOP_UP,
    TransferKind.HOLD,
    TransferKind.RELEASE,
    TransferKind.REFUND,
    TransferKind.PROMOTION,
    TransferKind.ADJUSTMENT,
]


# What a reference begins with where it ends in a name that customers see.
_NAMED_AFTER = ("hold", "settle", "refund", "topup", "adjust")
_MOST_DIGITS = 18


def new_transfer_id() -> str:
    return new_id("txn")


class TransferQuerySet(models.QuerySet["Transfer"]):
    def of(self, account: LedgerAccount) -> "Statement":
        """Those that moved this account, the newest first."""
        return Statement(self, account)

    def between(self, since: datetime | None, until: datetime | None) -> "TransferQuerySet":
        """Transfers from `since` to `until`, both included; without one of them, no limit."""
        rows = self if since is None else self.filter(created_at__gte=since)
        return rows if until is None else rows.filter(created_at__lte=until)

    def numbered(self, text: str) -> "TransferQuerySet":
        """Those of an order, by the number or the id that customers see, or of a top-up."""
        name = text.strip().removeprefix("#")
        if name.isascii() and name.isdigit() and len(name) <= _MOST_DIGITS:
            return self.filter(order_id=int(name))
        return self.filter(reference__in=[f"{event}:{name}" for event in _NAMED_AFTER])


class Statement:
    """One account's transfers, the newest first: what pages need of a queryset.

    Each side is read by its own index. Asked for both at once and in order, PostgreSQL would
    walk through everybody's transfers until it has met enough of this account's.
    """

    def __init__(self, transfers: TransferQuerySet, account: LedgerAccount) -> None:
        self._transfers = transfers
        self._account = account

    def filter(self, **conditions: Any) -> "Statement":
        return Statement(self._transfers.filter(**conditions), self._account)

    def count(self) -> int:
        return self._transfers.filter(Q(debit=self._account) | Q(credit=self._account)).count()

    def __getitem__(self, window: slice) -> list["Transfer"]:
        out, into = (
            self._transfers.filter(**{side: self._account}).order_by("-id")[: window.stop]
            for side in ("debit", "credit")
        )
        return list(out.union(into, all=True).order_by("-id")[window])


class Transfer(models.Model):
    """One movement of money. `balance_after` is the guarded side's balance, for the statement."""

    public_id = models.CharField(
        max_length=30, unique=True, default=new_transfer_id, editable=False
    )
    kind = models.CharField(max_length=10, choices=TransferKind)
    # No foreign keys of their own: the migration adds composite ones, which hold the currency and
    # the mode of both sides to the transfer's.
    debit = models.ForeignKey(
        LedgerAccount,
        on_delete=models.PROTECT,
        related_name="debits",
        db_constraint=False,
        db_index=False,
    )
    credit = models.ForeignKey(
        LedgerAccount,
        on_delete=models.PROTECT,
        related_name="credits",
        db_constraint=False,
        db_index=False,
    )
    currency = models.CharField(max_length=3)
    mode = models.CharField(max_length=7, choices=Mode)
    amount = models.BigIntegerField()
    reference = models.CharField(max_length=80, unique=True)
    balance_after = models.BigIntegerField(null=True)
    # The order lives above the wallet, so this is its number and not a foreign key;
    # audit_ledger proves that it exists.
    order_id = models.BigIntegerField(null=True, db_index=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=30, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = TransferQuerySet.as_manager()

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="wallet_transfer_amount_positive"
            ),
            models.CheckConstraint(
                condition=~Q(debit=F("credit")), name="wallet_transfer_two_accounts"
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["debit", "id"], name="wallet_transfer_debit"),
            models.Index(fields=["credit", "id"], name="wallet_transfer_credit"),
            # Sums over an hour find it without reading the years before.
            BrinIndex(fields=["created_at"], autosummarize=True, name="wallet_transfer_recent"),
            # Support looks for what a caller's request did.
            models.Index(
                fields=["request_id"],
                condition=~Q(request_id=""),
                name="wallet_transfer_request",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.amount} {self.currency}"

    @property
    def top_up_public_id(self) -> str:
        """The public id of the top-up that brought the money; empty for what has no page."""
        name = self.reference.removeprefix("topup:")
        return name if self.kind == TransferKind.TOP_UP and name.startswith("tup_") else ""

    @property
    def order_public_id(self) -> str:
        """The public id of the order that moved the money: references of one end in it."""
        return self.reference.partition(":")[2] if self.order_id else ""

    def signed_amount(self, account_id: int) -> int:
        """Return the amount as the account's owner sees it: negative when it went out."""
        return self.amount if self.credit_id == account_id else -self.amount
