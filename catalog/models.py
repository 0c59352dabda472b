"""Services, countries, suppliers, their offers, and what prices them.

A *service* is what a code is for (WhatsApp); a *supplier* sells numbers; an *offer* is one
supplier's listing of service × country × operator. `cost` is what we pay, in the supplier's
currency; `price` is what customers pay, in the shop's, baked in when costs or rules change.
"""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Exists, F, Min, OuterRef, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import Mode
from nexotp.lib import secretbox
from nexotp.lib.addresses import is_in_networks
from nexotp.lib.money import EXPONENTS
from suppliers import registry
from suppliers.base import Credentials, Goods
from suppliers.base import Supplier as SupplierClient

ANY_PROVIDER = "any"


class ServiceQuerySet(models.QuerySet["Service"]):
    def visible_in(self, mode: str) -> "ServiceQuerySet":
        """Services a customer may see; the sandbox's own ones only in the sandbox."""
        visible = self.filter(is_visible=True)
        return visible if mode == Mode.SANDBOX else visible.filter(is_test=False)

    def search(self, text: str) -> "ServiceQuerySet":
        """Services whose name or code contains the text."""
        return self.filter(Q(name__icontains=text) | Q(code__icontains=text))

    def by_popularity(self) -> "ServiceQuerySet":
        return self.order_by("-popularity", "name")

    def with_availability(self, mode: str, country: "Country | None" = None) -> "ServiceQuerySet":
        """Annotate `stock` and the lowest `price` over the offers on sale."""
        annotated: ServiceQuerySet = _annotate(self, "service", mode, country=country)
        return annotated


class Service(models.Model):
    """Something that sends codes, by our own name for it."""

    code = models.SlugField(_("code"), max_length=60, unique=True)
    trade_code = models.CharField(max_length=8, blank=True, db_index=True)
    name = models.CharField(_("name"), max_length=80)
    category = models.CharField(_("category"), max_length=30)
    popularity = models.PositiveIntegerField(default=0)
    is_visible = models.BooleanField(_("visible"), default=True)
    is_test = models.BooleanField(_("sandbox only"), default=False)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return f"svc_{self.code}"


class CountryQuerySet(models.QuerySet["Country"]):
    def visible(self) -> "CountryQuerySet":
        return self.filter(is_visible=True)

    def with_availability(self, mode: str, service: Service | None = None) -> "CountryQuerySet":
        """Annotate `stock` and the lowest `price` over the offers on sale."""
        annotated: CountryQuerySet = _annotate(self, "country", mode, service=service)
        return annotated


class Country(models.Model):
    """A country as numbers are sold: two rows may share an ISO code (real and virtual USA)."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    trade_id = models.PositiveIntegerField(unique=True)
    iso = models.CharField("ISO", max_length=2, db_index=True)
    name_en = models.CharField(_("English name"), max_length=80)
    name_id = models.CharField(_("Indonesian name"), max_length=80)
    prefix = models.CharField(_("prefix"), max_length=8)
    is_visible = models.BooleanField(_("visible"), default=True)

    objects = CountryQuerySet.as_manager()

    class Meta:
        verbose_name = _("country")
        verbose_name_plural = _("countries")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.name_id if get_language() == "id" else self.name_en

    @property
    def public_id(self) -> str:
        return f"cty_{self.code}"

    @property
    def flag(self) -> str:
        """The flag as two regional indicator letters."""
        return "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in self.iso)


class PauseReason(models.TextChoices):
    """Why nothing is bought from a supplier for a while."""

    FAILING = "failing", _("Does not answer")
    BANNED = "banned", _("Has banned us")
    NO_BALANCE = "no_balance", _("Our balance there is used up")
    BAD_CREDENTIALS = "bad_credentials", _("Does not accept our key")
    BUSY = "busy", _("Asks us to slow down")
    STAFF = "staff", _("By staff")


def protocol_choices() -> list[tuple[str, str]]:
    """A function, so that a new protocol needs no migration."""
    return [(name, name) for name in registry.PROTOCOLS]


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

    class Meta:
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")
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

    def set_api_key(self, key: str) -> None:
        self.api_key_encrypted = secretbox.encrypt(key)

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
        key = secretbox.decrypt(bytes(self.api_key_encrypted)) if self.api_key_encrypted else ""
        client = registry.open_supplier(
            self.protocol,
            Credentials(
                base_url=self.base_url,
                api_key=key,
                currency=self.currency,
                options={name: str(value) for name, value in self.options.items()},
            ),
        )
        if pace := self.options.get("requests_per_second"):
            # Agreed with this supplier, other than its protocol usually allows.
            burst = int(self.options.get("burst", pace))
            client.limits = replace(client.limits, requests_per_second=float(pace), burst=burst)
        return client


class CodeMapping(models.Model):
    """What a supplier's own code means to us. Only reviewed rows are ever sold."""

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=120, blank=True)
    is_reviewed = models.BooleanField(_("reviewed"), default=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.supplier}: {self.code} ({self.name})"


class ServiceMapping(CodeMapping):
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        verbose_name = _("service mapping")
        verbose_name_plural = _("service mappings")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["supplier", "code"], name="catalog_service_code_once"),
        ]


class CountryMapping(CodeMapping):
    country = models.ForeignKey(Country, on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        verbose_name = _("country mapping")
        verbose_name_plural = _("country mappings")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["supplier", "code"], name="catalog_country_code_once"),
        ]


def provider_code(supplier: str, operator: str) -> str:
    """Return what customers see: the supplier's code, with the operator if it sells by one."""
    return f"{supplier}.{operator}" if operator else supplier


class OfferQuerySet(models.QuerySet["Offer"]):
    def on_sale(self, mode: str, now: datetime) -> "OfferQuerySet":
        """Offers a customer in this mode can buy at this moment."""
        on_sale = self.filter(on_sale_q(mode, now) & ~Exists(Pause.objects.of_offer().on(now)))
        return on_sale.exclude(Block.objects.goods()) if mode == Mode.LIVE else on_sale

    def for_goods(self, service: Service, country: Country) -> "OfferQuerySet":
        return self.filter(service=service, country=country)


def on_sale_q(mode: str, now: datetime, prefix: str = "") -> Q:
    """The condition for an offer to be on sale, for use through a relation too."""
    return Q(
        **{
            f"{prefix}stock__gt": 0,
            f"{prefix}price__isnull": False,
            f"{prefix}supplier__mode": mode,
            f"{prefix}supplier__is_enabled": True,
        }
    ) & (
        Q(**{f"{prefix}supplier__paused_until": None})
        | Q(**{f"{prefix}supplier__paused_until__lte": now})
    )


class Offer(models.Model):
    """One supplier's listing. Without a price (no rate, no rule) it is not on sale."""

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE)
    service = models.ForeignKey(Service, on_delete=models.PROTECT)
    country = models.ForeignKey(Country, on_delete=models.PROTECT)
    operator = models.CharField(max_length=40, blank=True)
    supplier_service = models.CharField(max_length=40)
    supplier_country = models.CharField(max_length=40)
    cost = models.BigIntegerField(_("cost"))
    price = models.BigIntegerField(_("price"), null=True)
    stock = models.PositiveIntegerField(_("stock"))
    delivered_count = models.PositiveIntegerField(default=0)
    ended_count = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = OfferQuerySet.as_manager()

    # Set by reads that ask for it: what is known of these goods' failures and bans.
    pause: "Pause | None" = None

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["supplier", "service", "country", "operator"], name="catalog_offer_once"
            ),
            models.CheckConstraint(condition=Q(cost__gt=0), name="catalog_offer_cost_positive"),
            models.CheckConstraint(
                condition=Q(price=None) | Q(price__gt=0), name="catalog_offer_price_positive"
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["service", "country", "price"],
                condition=Q(stock__gt=0, price__isnull=False),
                include=["stock", "supplier"],
                name="catalog_offer_by_service",
            ),
            models.Index(
                fields=["country", "service", "price"],
                condition=Q(stock__gt=0, price__isnull=False),
                include=["stock", "supplier"],
                name="catalog_offer_by_country",
            ),
            # Counting deliveries sets back the few offers that have a count.
            models.Index(
                fields=["id"], condition=Q(ended_count__gt=0), name="catalog_offer_counted"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier} {self.service} {self.country} {self.operator}".strip()

    @property
    def goods(self) -> Goods:
        return Goods(self.supplier_service, self.supplier_country, self.operator)

    @property
    def provider_code(self) -> str:
        """What customers see of the supplier."""
        return provider_code(self.supplier.code, self.operator)

    @property
    def success_rate(self) -> float | None:
        """Share of ended orders that got a code, from our own orders; None without any."""
        return round(self.delivered_count / self.ended_count, 3) if self.ended_count else None


class BlockQuerySet(models.QuerySet["Block"]):
    def goods(self) -> Q:
        """The condition for an offer to be on the list. Read first: the list is short."""
        listed = Q(pk__in=[])
        for service, country in self.values_list("service_id", "country_id"):
            named: dict[str, int | None] = {"service_id": service, "country_id": country}
            listed |= Q(**{name: value for name, value in named.items() if value is not None})
        return listed


class Block(models.Model):
    """Goods that are not sold, whoever has them; without a service or a country, all of them.

    The sandbox sells them all the same: nothing real is bought there.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, null=True, blank=True)
    country = models.ForeignKey(Country, on_delete=models.CASCADE, null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = BlockQuerySet.as_manager()

    class Meta:
        verbose_name = _("blocked goods")
        verbose_name_plural = _("blocked goods")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["service", "country"], nulls_distinct=False, name="catalog_block_once"
            ),
            # Everything is blocked by switching the suppliers off.
            models.CheckConstraint(
                condition=Q(service__isnull=False) | Q(country__isnull=False),
                name="catalog_block_names_something",
                violation_error_message=_("Name a service, a country, or both."),
            ),
        ]

    def __str__(self) -> str:
        return " × ".join(str(part) for part in (self.service, self.country) if part)


class PauseQuerySet(models.QuerySet["Pause"]):
    def on(self, now: datetime) -> "PauseQuerySet":
        """Pauses that hold at this moment."""
        return self.filter(until__gt=now)

    def of_offer(self) -> "PauseQuerySet":
        """The pause of the offer of an outer query."""
        goods = {name: OuterRef(name) for name in ("supplier", "service", "country")}
        return self.filter(**goods)


class Pause(models.Model):
    """Nothing is bought of one supplier's service in one country until a moment.

    Also where failures in a row are counted, so that a row may be there whose time is not yet.
    """

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE)
    service = models.ForeignKey(Service, on_delete=models.CASCADE)
    country = models.ForeignKey(Country, on_delete=models.CASCADE)
    until = models.DateTimeField(_("paused until"), null=True)
    reason = models.CharField(_("paused because"), max_length=15, choices=PauseReason, blank=True)
    failure_count = models.PositiveIntegerField(default=0, editable=False)

    objects = PauseQuerySet.as_manager()

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["supplier", "service", "country"], name="catalog_pause_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier} {self.service} {self.country}"


def _annotate(rows: Any, field: str, mode: str, **goods: Any) -> Any:
    """Annotate each service or country with `stock` and the lowest `price` on sale."""
    offers = Offer.objects.on_sale(mode, timezone.now()).filter(
        **{field: models.OuterRef("pk")},
        **{name: value for name, value in goods.items() if value is not None},
    )
    grouped = offers.order_by().values(field)
    return rows.annotate(
        stock=Coalesce(models.Subquery(grouped.annotate(n=Sum("stock")).values("n")), 0),
        price=models.Subquery(grouped.annotate(n=Min("price")).values("n")),
    )


class PricingRule(models.Model):
    """How cost becomes price. The most specific rule that matches wins; ties by the newest.

    Amounts are in minor units of the shop's currency, `markup_percent` in percent of the cost.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, null=True, blank=True)
    country = models.ForeignKey(Country, on_delete=models.CASCADE, null=True, blank=True)
    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, null=True, blank=True)
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    markup_percent = models.DecimalField(_("markup in percent"), max_digits=6, decimal_places=2)
    markup_fixed = models.BigIntegerField(_("fixed markup"), default=0)
    floor = models.BigIntegerField(_("lowest price"), default=1)
    ceiling = models.BigIntegerField(_("highest price"), null=True, blank=True)
    rounding = models.PositiveIntegerField(
        _("rounded up to a multiple of"), default=1, help_text=_("100 makes 6,500 out of 6,412.")
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("pricing rule")
        verbose_name_plural = _("pricing rules")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(markup_percent__gte=-100, floor__gt=0, rounding__gt=0)
                & (Q(ceiling=None) | Q(ceiling__gte=F("floor"))),
                name="catalog_rule_sane",
            ),
        ]

    def __str__(self) -> str:
        parts = [str(part) for part in (self.service, self.country, self.supplier) if part]
        return f"{' × '.join(parts) or '*'}: +{self.markup_percent} %"


class ExchangeRate(models.Model):
    """How much of the shop's currency one unit of another currency is worth.

    One that needs review moved too far to be believed without a person's word; it prices nothing.
    """

    currency = models.CharField(max_length=3, choices=[(c, c) for c in EXPONENTS])
    rate = models.DecimalField(_("rate"), max_digits=18, decimal_places=8)
    as_of = models.DateTimeField(_("as of"), default=timezone.now)
    source = models.CharField(_("source"), max_length=40, default="manual")
    needs_review = models.BooleanField(_("needs review"), default=False, editable=False)

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(rate__gt=0), name="catalog_rate_positive"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["currency", "-as_of"], name="catalog_rate_newest"),
        ]

    def __str__(self) -> str:
        return f"1 {self.currency} = {self.rate} {settings.SHOP_CURRENCY}"
