"""Whom it is bought from."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.core.validators import URLValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Mode
from nexotp.lib import secretbox
from nexotp.lib.addresses import is_in_networks
from nexotp.lib.money import EXPONENTS
from suppliers import registry
from suppliers.base import Credentials
from suppliers.base import Supplier as SupplierClient


class PauseReason(models.TextChoices):
    """Why nothing is bought from a supplier for a while."""

    FAILING = "failing", _("Does not answer")
    BANNED = "banned", _("Has banned us")
    NO_BALANCE = "no_balance", _("Our balance there is used up")
    BAD_CREDENTIALS = "bad_credentials", _("Does not accept our key")
    BUSY = "busy", _("Asks us to slow down")
    STAFF = "staff", _("By staff")


# A balance read longer ago than this says nothing any more.
BALANCE_AGE = timedelta(minutes=15)


def protocol_choices() -> list[tuple[str, str]]:
    """A function, so that a new protocol needs no migration."""
    return [(name, name) for name in registry.PROTOCOLS]


class SupplierQuerySet(models.QuerySet["Supplier"]):
    def selling(self, mode: str, now: datetime) -> "SupplierQuerySet":
        """Suppliers that sell at this moment: neither switched off, stopped nor paused."""
        return self.switched_on().filter(Q(paused_until=None) | Q(paused_until__lte=now), mode=mode)

    def switched_on(self) -> "SupplierQuerySet":
        """Suppliers that may be bought from, unless they are paused."""
        return self.filter(is_enabled=True, stopped_at=None)

    def stopped(self) -> "SupplierQuerySet":
        """Suppliers that the stop of all buying covers."""
        return self.exclude(stopped_at=None)

    def short_of_money(self, now: datetime) -> "SupplierQuerySet":
        """Suppliers where our balance does not reach for everything that is on sale."""
        return self.filter(balance_at__gt=now - BALANCE_AGE, balance__lt=F("dearest_cost"))


class Supplier(models.Model):
    """One account at one supplier. Customers only ever see its public code."""

    code = models.SlugField(
        _("public code"), unique=True, help_text=_("What customers see as the provider.")
    )
    name = models.CharField(_("name"), max_length=60, help_text=_("Never shown to customers."))
    protocol = models.CharField(_("protocol"), max_length=20, choices=protocol_choices)
    mode = models.CharField(_("mode"), max_length=7, choices=Mode, default=Mode.LIVE)
    base_url = models.CharField(
        _("address"), max_length=200, blank=True, validators=[URLValidator(["http", "https"])]
    )
    api_key_encrypted = models.BinaryField(default=b"", editable=False)
    options = models.JSONField(_("options"), default=dict, blank=True)
    currency = models.CharField(
        _("currency"), max_length=3, default="USD", choices=[(c, c) for c in EXPONENTS]
    )
    is_enabled = models.BooleanField(_("enabled"), default=True)
    # Since when all buying is stopped. Apart from the switch, so that lifting the stop brings back
    # what was switched on before, and nothing else.
    stopped_at = models.DateTimeField(_("buying stopped at"), null=True, editable=False)
    priority = models.IntegerField(_("priority"), default=0)
    # Nobody buys anything here until then; `Pause` is about single goods.
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    paused_for = models.CharField(
        _("paused because"), max_length=15, choices=PauseReason, blank=True, editable=False
    )
    failure_count = models.PositiveIntegerField(default=0, editable=False)
    # How often its numbers got a code lately: what goods without orders of their own begin with.
    delivered_count = models.PositiveIntegerField(default=0, editable=False)
    ended_count = models.PositiveIntegerField(default=0, editable=False)
    balance = models.BigIntegerField(_("balance"), null=True, editable=False)
    balance_at = models.DateTimeField(null=True, editable=False)
    # How long the balance lasts at the pace of the last day; None where nothing is spent.
    hours_left = models.PositiveIntegerField(_("hours left"), null=True, editable=False)
    # What the balance is above what our books say, when they were compared last.
    drift = models.BigIntegerField(_("drift"), null=True, editable=False)
    float_alerted_at = models.DateTimeField(null=True, editable=False)
    drift_alerted_at = models.DateTimeField(null=True, editable=False)
    # Everything bought here before has been compared with the supplier's history.
    reconciled_until = models.DateTimeField(_("reconciled until"), null=True, editable=False)
    synced_at = models.DateTimeField(_("last sync"), null=True, editable=False)
    sync_error = models.CharField(max_length=200, blank=True, editable=False)
    # The poller's lease: whoever holds it asks this supplier for its open activations.
    poll_lease_until = models.DateTimeField(null=True, editable=False)
    poll_failure_count = models.PositiveIntegerField(default=0, editable=False)
    # The unguessable part of the address that this supplier may push to.
    push_token_encrypted = models.BinaryField(default=b"", editable=False)
    # The fingerprint of the rules, rates and margin that all prices here come from.
    priced_by = models.CharField(max_length=64, blank=True, editable=False)
    # Since when what is summed up of its offers may be wrong, because one of them changed.
    stale_since = models.DateTimeField(null=True, editable=False)
    # The highest cost among its offers on sale, and the balance that the sums were made for.
    dearest_cost = models.BigIntegerField(null=True, editable=False)
    summed_for = models.BigIntegerField(null=True, editable=False)

    objects = SupplierQuerySet.as_manager()

    class Meta:
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")
        permissions: ClassVar[list[Any]] = [
            ("stop_buying", _("May stop all buying")),
            ("sync_supplier", _("May have price lists read")),
        ]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(mode=Mode.LIVE) | Q(protocol="sandbox"),
                name="catalog_sandbox_supplier_is_simulated",
            ),
            models.CheckConstraint(
                condition=~Q(protocol="sandbox") | Q(mode=Mode.SANDBOX),
                name="catalog_live_supplier_is_real",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_switched_on(self) -> bool:
        """Whether it may be bought from, unless it is paused."""
        return self.is_enabled and self.stopped_at is None

    @property
    def has_api_key(self) -> bool:
        return bool(self.api_key_encrypted)

    def known_balance(self, now: datetime) -> int | None:
        """What is left of our money there; None where that was not read lately."""
        is_known = self.balance_at is not None and self.balance_at > now - BALANCE_AGE
        return self.balance if is_known else None

    def is_summed_for(self, balance: int | None) -> bool:
        """Whether the sums would be the same with this balance as they are."""

        def within_reach(left: int | None) -> int | None:
            if left is None or self.dearest_cost is None:
                return self.dearest_cost
            return min(left, self.dearest_cost)

        return within_reach(balance) == within_reach(self.summed_for)

    def set_api_key(self, key: str) -> None:
        self.api_key_encrypted = secretbox.encrypt(key)

    def api_key(self) -> str:
        """Return the key for whoever calls the supplier; pages never ask for it."""
        sealed = bytes(self.api_key_encrypted)
        return secretbox.decrypt(sealed) if sealed else ""

    @property
    def push_token(self) -> str:
        """Empty where the supplier has no address to push to."""
        sealed = bytes(self.push_token_encrypted)
        return secretbox.decrypt(sealed) if sealed else ""

    def renew_push_token(self) -> None:
        """Give a new address to push to; the one before works no more. Saves nothing."""
        self.push_token_encrypted = secretbox.encrypt(secrets.token_urlsafe(24))

    def may_push_from(self, address: str) -> bool:
        """Whether a push may come from this address; the option `push_networks` names some."""
        networks = str(self.options.get("push_networks", "")).replace(",", " ").split()
        return not networks or is_in_networks(address, networks)

    def client(self) -> SupplierClient:
        """Return the protocol client of this account."""
        client = registry.open_supplier(
            self.protocol,
            Credentials(
                base_url=self.base_url,
                api_key=self.api_key(),
                currency=self.currency,
                options={name: str(value) for name, value in self.options.items()},
            ),
        )
        if pace := self.options.get("requests_per_second"):
            # Agreed with this supplier, other than its protocol usually allows.
            burst = int(self.options.get("burst", pace))
            client.limits = replace(client.limits, requests_per_second=float(pace), burst=burst)
        return client
