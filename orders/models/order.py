"""The order: a customer's, its price, and how it stands.

Rows are the queue: `next_action_at` says when a sweep must look at one again, and a lease says
who is looking.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.live import tell_pages
from accounts.models import Mode, User
from catalog.models import Country, Service
from nexotp.lib.db import PreparedRead
from nexotp.lib.ids import new_id
from orders.states import (
    CAPTURED,
    FINAL,
    OPEN,
    SHOWN_AS,
    TRANSITIONS,
    IllegalTransition,
    Status,
)
from wallet.actions import OrderMoney

if TYPE_CHECKING:
    from orders.models.messages import OrderMessage


# Orders get their numbers nearly in the order of their times; not further apart than this.
_OUT_OF_ORDER = timedelta(hours=1)
# How many services and countries a text may stand for, and how many orders the end of a number.
_MOST_GOODS = 50
_MOST_PHONES = 1_000
# The end of a phone number that is worth looking for.
_FEWEST_DIGITS = 4


def _number_of(orders: "OrderQuerySet") -> int:
    """Return the number of the first of them, or one that no order has."""
    return orders.values_list("pk", flat=True).first() or 0


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

    def placed_between(self, since: datetime | None, until: datetime | None) -> "OrderQuerySet":
        """Orders of one account, placed from `since` to `until`; without one of them, no limit.

        Numbers follow the times, but for a little: so the walk by number begins and ends near
        those of the span, however long the account's history is.
        """
        rows = self
        if since is not None:
            first = self.filter(created_at__gte=since - _OUT_OF_ORDER).order_by("created_at")
            rows = rows.filter(created_at__gte=since, pk__gte=_number_of(first))
        if until is not None:
            last = self.filter(created_at__lte=until + _OUT_OF_ORDER).order_by("-created_at")
            rows = rows.filter(created_at__lte=until, pk__lte=_number_of(last))
        return rows

    def matching(self, text: str) -> "OrderQuerySet":
        """Orders by their number or id, by the end of their phone number, or by their goods."""
        name = text.strip()
        digits = re.sub(r"[\s().-]", "", name)
        if name.startswith("ord_"):
            return self.filter(public_id=name)
        if re.fullmatch(r"#\d{1,18}", name, re.ASCII):
            return self.filter(pk=int(name[1:]))
        if re.fullmatch(r"\+?\d{1,18}", digits, re.ASCII):
            return self._with_digits(digits)
        services = Service.objects.search(name).values_list("code", flat=True)[:_MOST_GOODS]
        named = Q(name_en__icontains=name) | Q(name_id__icontains=name)
        countries = Country.objects.filter(named).values_list("code", flat=True)[:_MOST_GOODS]
        return self.filter(Q(service__in=list(services)) | Q(country__in=list(countries)))

    def _with_digits(self, digits: str) -> "OrderQuerySet":
        """A phone number's last digits, in its local form too, or an order's number."""
        number = Q(pk=int(digits)) if digits.isdigit() else Q(pk=None)
        end = digits.lstrip("0")
        if len(end) < _FEWEST_DIGITS:
            return self.filter(number)
        phones = self.alias(backwards=Reverse("phone_number"))
        # A search of its own for each: one condition with OR would walk the whole history.
        found = phones.filter(backwards__startswith=end[::-1]).values("pk")
        return self.filter(pk__in=[row["pk"] for row in found.order_by("-pk")[:_MOST_PHONES]]) | (
            self.filter(number)
        )

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
    # The customer said that the number had been used for the service before.
    number_reported_at = models.DateTimeField(null=True)
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
        permissions: ClassVar[list[Any]] = [
            ("check_order", _("May have an order checked")),
            ("cancel_order", _("May cancel orders")),
            ("refund_order", _("May refund orders")),
        ]
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
            # What the history is narrowed down by. That of phone numbers, backwards, stands in a
            # migration: Django has no word for its kind here.
            models.Index(fields=["user", "mode", "status", "-id"], name="orders_by_status"),
            models.Index(fields=["user", "mode", "created_at"], name="orders_by_time"),
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
            # Support looks for the number that a customer names.
            models.Index(
                fields=["phone_number"],
                condition=~Q(phone_number=""),
                name="orders_of_number",
            ),
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
        return self.messages.shown() if self.message_count else ()

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
        tell_pages(self.user_id, self.public_id)


_LOCKED = PreparedRead(
    "SELECT {0} FROM orders_order placed WHERE placed.id = %s FOR NO KEY UPDATE", placed=Order
)
