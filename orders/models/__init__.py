"""Orders, the purchases attempted for them, and the messages that came.

An order is a customer's; an attempt is one purchase at one supplier for it. Rows are the queue:
`next_action_at` says when a sweep must look at one again, and a lease says who is looking.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Mode, User
from catalog.models import Country, Offer, Service, Supplier, provider_code
from nexotp.lib.db import PreparedRead
from nexotp.lib.ids import new_id
from orders.models.books import StrayPurchase, StrayState, SupplierTopUp
from orders.states import (
    CAPTURED,
    FINAL,
    OPEN,
    SHOWN_AS,
    TRANSITIONS,
    AttemptState,
    IllegalTransition,
    Status,
)
from suppliers.base import Goods
from wallet.actions import OrderMoney

__all__ = [
    "AttemptQuerySet",
    "Order",
    "OrderMessage",
    "OrderQuerySet",
    "PurchaseAttempt",
    "StrayPurchase",
    "StrayState",
    "SupplierTopUp",
    "lease_from",
    "new_order_id",
]


def lease_from(now: datetime) -> datetime:
    """Return until when a row is left to whoever takes it now."""
    return now + timedelta(seconds=settings.ORDER_LEASE_SECONDS)


class OrderQuerySet(models.QuerySet["Order"]):
    def for_account(self, user: User, mode: str) -> "OrderQuerySet":
        return self.filter(user=user, mode=mode)

    def open(self) -> "OrderQuerySet":
        return self.filter(status__in=OPEN)

    def shown_as(self, status: str) -> "OrderQuerySet":
        """Orders that customers see in this status."""
        return self.filter(status__in=SHOWN_AS[status])

    def newest_first(self) -> "OrderQuerySet":
        return self.order_by("-pk")

    def with_key(self, key: str) -> "OrderQuerySet":
        """The order that holds an idempotency key; a failed one has given its key back."""
        return self.filter(idempotency_key=key).exclude(status=Status.FAILED)

    def locked(self, pk: int) -> "Order":
        """Return the row, locked until the transaction ends; foreign keys to it need not wait."""
        assert transaction.get_connection().in_atomic_block, "a lock outside is none"
        found = _LOCKED.one((pk,))
        if found is None:
            raise Order.DoesNotExist
        order: Order = found[0]
        return order

    def claim_due(self, now: datetime, *, limit: int) -> list["Order"]:
        """Lease the orders whose time has come to the caller; nobody else gets them meanwhile."""
        due = self.filter(next_action_at__lte=now).filter(
            Q(lease_until=None) | Q(lease_until__lt=now)
        )
        with transaction.atomic():
            pks = due.order_by("next_action_at").select_for_update(skip_locked=True, no_key=True)
            claimed = list(pks.values_list("pk", flat=True)[:limit])
            leased = {"lease_until": lease_from(now)}
            self.filter(pk__in=claimed).update(lease_token=F("lease_token") + 1, **leased)
        # Without those that somebody else, a customer who cancels, has taken over since.
        return list(self.filter(pk__in=claimed, **leased))


def new_order_id() -> str:
    return new_id("ord")


class Order(models.Model):
    """One number bought for one service, from the hold of its price to its end."""

    public_id = models.CharField(max_length=30, unique=True, default=new_order_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    mode = models.CharField(max_length=7, choices=Mode)
    status = models.CharField(max_length=10, choices=Status, default=Status.PURCHASING)
    service = models.ForeignKey(Service, to_field="code", on_delete=models.PROTECT)
    country = models.ForeignKey(Country, to_field="code", on_delete=models.PROTECT)
    provider = models.CharField(max_length=100, help_text=_("As the customer asked for it."))
    provider_code = models.CharField(max_length=100, blank=True, help_text=_("Who served it."))
    price = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    price_usd = models.BigIntegerField(null=True)
    idempotency_key = models.CharField(max_length=255, null=True)
    fingerprint = models.BinaryField(default=b"")
    phone_number = models.CharField(max_length=20, blank=True)
    can_resend = models.BooleanField(default=False)
    message_count = models.PositiveSmallIntegerField(default=0)
    resend_requested_at = models.DateTimeField(null=True)
    refund_amount = models.BigIntegerField(default=0)
    closing_as = models.CharField(max_length=10, blank=True)
    closing_since = models.DateTimeField(null=True)
    closing_reason = models.CharField(max_length=200, blank=True)
    failure = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    cancel_available_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)
    next_action_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.PositiveIntegerField(default=0)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["user", "mode", "idempotency_key"],
                condition=~Q(status=Status.FAILED) & Q(idempotency_key__isnull=False),
                name="orders_one_order_per_key",
            ),
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="orders_status_known"
            ),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="orders_mode_known"),
            models.CheckConstraint(condition=Q(price__gt=0), name="orders_price_positive"),
            models.CheckConstraint(
                condition=Q(status__in=[Status.PURCHASING, Status.FAILED])
                | (Q(expires_at__isnull=False) & ~Q(phone_number="")),
                name="orders_bought_has_number",
            ),
            # An open order without a next action would be forgotten.
            models.CheckConstraint(
                condition=Q(status__in=FINAL, next_action_at__isnull=True)
                | (~Q(status__in=FINAL) & Q(next_action_at__isnull=False)),
                name="orders_open_is_queued",
            ),
            models.CheckConstraint(
                condition=Q(status__in=FINAL, closed_at__isnull=False)
                | (~Q(status__in=FINAL) & Q(closed_at__isnull=True)),
                name="orders_final_is_closed",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.CLOSING)
                | Q(
                    closing_as__in=[Status.CANCELLED, Status.EXPIRED],
                    closing_since__isnull=False,
                ),
                name="orders_closing_knows_its_end",
            ),
            models.CheckConstraint(
                condition=Q(refund_amount=0) | Q(refund_amount=F("price")),
                name="orders_refund_is_the_price",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["user", "mode", "-id"], name="orders_of_account"),
            models.Index(
                fields=["user", "mode"],
                condition=Q(status__in=OPEN),
                name="orders_open_of_account",
            ),
            models.Index(
                fields=["next_action_at"],
                condition=Q(next_action_at__isnull=False),
                name="orders_due",
            ),
            # Reports over the last days find them without reading the years before.
            BrinIndex(fields=["created_at"], autosummarize=True, name="orders_recent"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def is_charged(self) -> bool:
        return self.status in CAPTURED and not self.refund_amount

    @property
    def public_status(self) -> str:
        """The status as customers see it."""
        if self.status in {Status.PURCHASING, Status.CLOSING}:
            return Status.WAITING.value
        return str(self.status)

    @property
    def money(self) -> OrderMoney:
        return OrderMoney(
            order_id=self.pk,
            reference=self.public_id,
            user_id=self.user_id,
            currency=self.currency,
            mode=self.mode,
            price=self.price,
        )

    def seconds_left(self, now: datetime) -> int:
        """Whole seconds until the number expires; 0 once the order is final."""
        if self.expires_at is None or not self.is_open:
            return 0
        return max(0, int((self.expires_at - now).total_seconds()))

    def can_cancel(self, now: datetime) -> bool:
        return self.status == Status.WAITING and (
            self.cancel_available_at is None or self.cancel_available_at <= now
        )

    def can_ask_resend(self, now: datetime) -> bool:
        return self.status == Status.RECEIVED and self.can_resend and self.seconds_left(now) > 0

    def can_finish(self) -> bool:
        return self.status == Status.RECEIVED

    def shown_messages(self) -> "Iterable[OrderMessage]":
        """The messages that the customer sees, oldest first; no query where none came."""
        return self.messages.filter(is_late=False).order_by("pk") if self.message_count else ()

    def move(self, to: Status, *, now: datetime, **changes: Any) -> None:
        """Change the status of a row that the caller has locked. Raises IllegalTransition."""
        if to not in TRANSITIONS[Status(self.status)]:
            raise IllegalTransition(f"{self.public_id}: {self.status} → {to}")
        self.note_change(now=now, status=to, **changes)

    def note_change(self, *, now: datetime, **changes: Any) -> None:
        """Change fields of a row that the caller has locked, and count the version up."""
        changes |= {"updated_at": now, "version": self.version + 1}
        if changes.get("status") in FINAL:
            changes |= {"closed_at": now, "next_action_at": None}
        for name, value in changes.items():
            setattr(self, name, value)
        self.save(update_fields=list(changes))


_LOCKED = PreparedRead(
    "SELECT {0} FROM orders_order placed WHERE placed.id = %s FOR NO KEY UPDATE", placed=Order
)


# In these there is an activation upstream, known by its reference.
_BOUGHT_STATES = [
    AttemptState.BOUGHT,
    AttemptState.ORPHANED,
    AttemptState.CANCELLED,
    AttemptState.FINISHED,
    AttemptState.LOST,
]


class AttemptQuerySet(models.QuerySet["PurchaseAttempt"]):
    def open_at(self, supplier: Supplier) -> "AttemptQuerySet":
        """Purchases whose order still waits for a message, or may get another."""
        return self.filter(
            supplier=supplier,
            state=AttemptState.BOUGHT,
            order__status__in=[Status.WAITING, Status.CLOSING, Status.RECEIVED],
        )

    def unknown_at(self, supplier: Supplier) -> "AttemptQuerySet":
        return self.filter(supplier=supplier, state=AttemptState.UNKNOWN)

    def on_same_site(self, supplier: Supplier) -> "AttemptQuerySet":
        """Purchases at this supplier, under whichever of our names for it.

        Two of our suppliers may be one account of theirs, and share its list.
        """
        site = {"protocol": supplier.protocol, "base_url": supplier.base_url}
        return self.filter(**{f"supplier__{name}": value for name, value in site.items()})

    def bought(self) -> "AttemptQuerySet":
        """Purchases that exist upstream and may need something done there."""
        return self.filter(
            state__in=[AttemptState.BOUGHT, AttemptState.ORPHANED, AttemptState.REVIEW]
        ).exclude(reference="")

    def locked(self, pk: int) -> "PurchaseAttempt":
        """Return the row, locked until the transaction ends; lock its order before."""
        return self.select_for_update(no_key=True).get(pk=pk)

    def claim_due(self, now: datetime, *, limit: int) -> list["PurchaseAttempt"]:
        """Lease the attempts whose time has come, by moving their time past the lease."""
        due = self.filter(next_action_at__lte=now).order_by("next_action_at")
        with transaction.atomic():
            pks = due.select_for_update(skip_locked=True, no_key=True)
            claimed = list(pks.values_list("pk", flat=True)[:limit])
            self.filter(pk__in=claimed).update(next_action_at=lease_from(now))
        return list(self.filter(pk__in=claimed).select_related("order", "supplier"))


class PurchaseAttempt(models.Model):
    """One purchase asked of one supplier. `cost` is in the supplier's currency."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="attempts")
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT)
    offer = models.ForeignKey(Offer, on_delete=models.SET_NULL, null=True)
    supplier_service = models.CharField(max_length=40)
    supplier_country = models.CharField(max_length=40)
    operator = models.CharField(max_length=40, blank=True)
    # An operator without stock may be replaced silently.
    reported_operator = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=11, choices=AttemptState, default=AttemptState.SENT)
    cost = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=80, blank=True)
    sent_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)
    # What was seen of this activation last, so that a poll writes only what changed.
    seen = models.CharField(max_length=64, blank=True)
    checked_at = models.DateTimeField(null=True)
    # The supplier pushed that something came, and it has not been read since.
    hinted_at = models.DateTimeField(null=True)
    look_count = models.PositiveSmallIntegerField(default=0)
    next_action_at = models.DateTimeField(null=True)
    # The supplier gave the cost back although the purchase was used, or booked as a loss.
    returned_at = models.DateTimeField(null=True, editable=False)
    # With the order's first purchase: who could have served, and why this one was asked.
    route = models.JSONField(null=True, editable=False)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("purchase attempt")
        verbose_name_plural = _("purchase attempts")
        constraints: ClassVar[list[Any]] = [
            # Two customers must never share a number, whatever else happens.
            models.UniqueConstraint(
                fields=["supplier", "reference"],
                condition=~Q(reference=""),
                name="orders_activation_once",
            ),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(state__in=[AttemptState.SENT, AttemptState.BOUGHT]),
                name="orders_one_live_attempt",
            ),
            models.CheckConstraint(
                condition=Q(state__in=AttemptState.values), name="orders_attempt_state_known"
            ),
            models.CheckConstraint(condition=Q(cost__gte=0), name="orders_cost_not_negative"),
            models.CheckConstraint(
                condition=~Q(state__in=_BOUGHT_STATES) | ~Q(reference=""),
                name="orders_activation_has_reference",
            ),
            # What may have been bought and belongs to nobody would be forgotten.
            models.CheckConstraint(
                condition=~Q(state__in=[AttemptState.UNKNOWN, AttemptState.ORPHANED])
                | Q(next_action_at__isnull=False),
                name="orders_loose_end_is_queued",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["supplier", "state"],
                condition=Q(
                    state__in=[AttemptState.SENT, AttemptState.BOUGHT, AttemptState.UNKNOWN]
                ),
                name="orders_attempt_live",
            ),
            models.Index(
                fields=["next_action_at"],
                condition=Q(next_action_at__isnull=False),
                name="orders_attempt_due",
            ),
            models.Index(
                fields=["supplier"],
                condition=Q(hinted_at__isnull=False),
                name="orders_attempt_hinted",
            ),
            BrinIndex(fields=["sent_at"], autosummarize=True, name="orders_attempt_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier} {self.reference or self.state}"

    @property
    def goods(self) -> Goods:
        return Goods(self.supplier_service, self.supplier_country, self.operator)

    @property
    def provider_code(self) -> str:
        """What customers see of the supplier that was asked."""
        return provider_code(self.supplier.code, self.operator)


class MessageQuerySet(models.QuerySet["OrderMessage"]):
    def shown(self) -> "MessageQuerySet":
        """What customers were charged for, the oldest first."""
        return self.filter(is_late=False).order_by("pk")


class OrderMessage(models.Model):
    """One message that reached the number. `fingerprint` keeps it from being stored twice."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="messages")
    public_id = models.CharField(max_length=30, unique=True, editable=False)
    fingerprint = models.CharField(max_length=64)
    code = models.CharField(max_length=40, null=True)
    text = models.TextField(blank=True)
    sender = models.CharField(max_length=60, blank=True)
    # Came after the end: kept for support, neither shown nor charged.
    is_late = models.BooleanField(default=False)
    received_at = models.DateTimeField()

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["order", "fingerprint"], name="orders_message_once"),
        ]

    def __str__(self) -> str:
        return self.code or self.text[:40]
