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
from django.db.models import Exists, F, FilteredRelation, Min, OuterRef, Q, Sum
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
# Of an offer, from the side of its service or its country.
_IN_STOCK = Q(offer__stock__gt=0, offer__price__isnull=False)


def _with_sums(
    rows: Any, relation: str, goods: Q, mode: str, now: datetime, *, barred: Q | None = None
) -> Any:
    """Annotate each row with the `stock` and the lowest `price` of what belongs to it.

    One join and one grouping for all rows: a subquery for each would look a thousand times.
    """
    # They are few, and a join's condition takes no subquery; nobody has the number 0.
    selling = [0, *Supplier.objects.selling(mode, now).values_list("pk", flat=True)]
    sellers = Q(**{f"{relation}__supplier__in": selling})
    sold = ~barred if barred else None
    return rows.annotate(_shelf=FilteredRelation(relation, condition=goods & sellers)).annotate(
        stock=Coalesce(Sum("_shelf__stock", filter=sold), 0),
        price=Min("_shelf__price", filter=sold),
    )


def _barred(field: str, mode: str, now: datetime, **there: Any) -> Q:
    """The condition for goods that are paused or blocked, of the services or countries annotated.

    Both lists are short, and so read first: looked for offer by offer they would cost most of it.
    """
    barred = Q()
    resting = Pause.objects.on(now).filter(**there)
    for own, supplier in resting.values_list(f"{field}_id", "supplier_id"):
        barred |= Q(pk=own, _shelf__supplier=supplier)
    if mode == Mode.LIVE:
        [other] = there
        listed = Block.objects.filter(Q(**there) | Q(**{other: None}))
        for own in listed.values_list(f"{field}_id", flat=True):
            barred |= Q(pk__isnull=False) if own is None else Q(pk=own)
    return barred


def service_id(code: str) -> str:
    return f"svc_{code}"


def country_id(code: str) -> str:
    return f"cty_{code}"


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

    def with_availability(
        self, mode: str, country: "Country | None" = None, *, now: datetime
    ) -> "ServiceQuerySet":
        """Annotate `stock` and the lowest `price` over what is on sale, there or anywhere."""
        if country is None:
            goods = Q(availability__country=None)
            annotated: ServiceQuerySet = _with_sums(self, "availability", goods, mode, now)
        else:
            goods = Q(offer__country=country) & _IN_STOCK
            barred = _barred("service", mode, now, country=country)
            annotated = _with_sums(self, "offer", goods, mode, now, barred=barred)
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
        return service_id(self.code)


class CountryQuerySet(models.QuerySet["Country"]):
    def visible(self) -> "CountryQuerySet":
        return self.filter(is_visible=True)

    def with_availability(
        self, mode: str, service: Service | None = None, *, now: datetime
    ) -> "CountryQuerySet":
        """Annotate `stock` and the lowest `price` over what is on sale, for it or for anything."""
        if service is None:
            goods = Q(availability__service=None)
            annotated: CountryQuerySet = _with_sums(self, "availability", goods, mode, now)
        else:
            goods = Q(offer__service=service) & _IN_STOCK
            barred = _barred("country", mode, now, service=service)
            annotated = _with_sums(self, "offer", goods, mode, now, barred=barred)
        return annotated


def name_column() -> str:
    """Return which of a country's names is shown in the language of this moment."""
    return "name_id" if get_language() == "id" else "name_en"


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
        return str(getattr(self, name_column()))

    @property
    def public_id(self) -> str:
        return country_id(self.code)

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


class SupplierQuerySet(models.QuerySet["Supplier"]):
    def selling(self, mode: str, now: datetime) -> "SupplierQuerySet":
        """Suppliers that sell at this moment: neither switched off nor paused."""
        return self.filter(
            Q(paused_until=None) | Q(paused_until__lte=now), mode=mode, is_enabled=True
        )


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
    # The fingerprint of the rules, rates and margin that all prices here come from.
    priced_by = models.CharField(max_length=64, blank=True, editable=False)
    # Since when what is summed up of its offers may be wrong, because one of them changed.
    stale_since = models.DateTimeField(null=True, editable=False)

    objects = SupplierQuerySet.as_manager()

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


class Proposer(models.TextChoices):
    """How we came to think that a supplier's code means what the mapping says."""

    CODE = "code", _("same code")
    NAME = "name", _("same name")
    PART = "part", _("name within the name")
    PREFIX = "prefix", _("same ISO code or prefix")


class CodeMappingQuerySet(models.QuerySet[Any]):
    def waiting(self) -> "CodeMappingQuerySet":
        """Codes that nobody has looked at yet."""
        return self.filter(is_reviewed=False)


class CodeMapping(models.Model):
    """What a supplier's own code means to us. Only reviewed rows are ever sold.

    Reviewed without a meaning, a code is not sold on purpose.
    """

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=120, blank=True)
    is_reviewed = models.BooleanField(_("reviewed"), default=False)
    proposed_by = models.CharField(
        _("proposed for"), max_length=6, choices=Proposer, default=Proposer.CODE, editable=False
    )
    # What waits behind a code that is not reviewed yet, as of the last sync.
    listing_count = models.PositiveIntegerField(_("listings"), default=0, editable=False)
    stock_count = models.BigIntegerField(_("stock"), default=0, editable=False)

    objects = CodeMappingQuerySet.as_manager()

    #: the field that says what the code means to us
    MEANING: ClassVar[str]

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.supplier}: {self.code} ({self.name})"

    @property
    def meaning(self) -> Any:
        """Our service or country, or None."""
        return getattr(self, self.MEANING)

    @meaning.setter
    def meaning(self, meaning: Any) -> None:
        setattr(self, self.MEANING, meaning)


class ServiceMapping(CodeMapping):
    MEANING = "service"

    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        verbose_name = _("service mapping")
        verbose_name_plural = _("service mappings")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["supplier", "code"], name="catalog_service_code_once"),
        ]


class CountryMapping(CodeMapping):
    MEANING = "country"

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
        on_sale = self.filter(
            ~Exists(Pause.objects.of_offer().on(now)),
            supplier__in=Supplier.objects.selling(mode, now),
            stock__gt=0,
            price__isnull=False,
        )
        return on_sale.exclude(Block.objects.goods()) if mode == Mode.LIVE else on_sale

    def for_goods(self, service: Service, country: Country) -> "OfferQuerySet":
        return self.filter(service=service, country=country)


class Offer(models.Model):
    """One supplier's listing. Without a price (no rate, no rule) it is not on sale."""

    # The indexes below begin with each of the three; more of them would only slow syncs down.
    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, db_index=False)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, db_index=False)
    country = models.ForeignKey(Country, on_delete=models.PROTECT, db_index=False)
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


class AvailabilityQuerySet(models.QuerySet["Availability"]):
    def on_sale(self, mode: str, now: datetime) -> "AvailabilityQuerySet":
        """Sums of suppliers that sell at this moment."""
        return self.filter(supplier__in=Supplier.objects.selling(mode, now))

    def of(self, service: Service | None, country: Country | None) -> "AvailabilityQuerySet":
        """Sums over a service, over a country, or over everything."""
        return self.filter(service=service, country=country)


class Availability(models.Model):
    """What one provider has on sale in all, of a service, in a country, or of everything.

    Kept by syncs and repricing, so that questions about many goods need not read all offers; what
    is blocked is left out, what is paused for a moment is not. Whether the supplier as a whole
    sells at this moment is asked when it is read.
    """

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, db_index=False)
    operator = models.CharField(max_length=40, blank=True)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, null=True)
    country = models.ForeignKey(Country, on_delete=models.CASCADE, null=True)
    price = models.BigIntegerField()
    stock = models.BigIntegerField()
    delivered_count = models.BigIntegerField()
    ended_count = models.BigIntegerField()

    objects = AvailabilityQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["supplier", "operator", "service", "country"],
                nulls_distinct=False,
                name="catalog_availability_once",
            ),
            models.CheckConstraint(
                condition=Q(service=None) | Q(country=None), name="catalog_availability_is_a_sum"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier} {self.operator} {self.service or self.country or '*'}"


class HeldChange(models.Model):
    """What a supplier's list says about an offer and what we do not believe yet.

    The offer keeps its last cost until the list has said so often enough, or staff agrees.
    Without a cost it is that the offer is gone, together with most of its kind.
    """

    offer = models.OneToOneField(Offer, on_delete=models.CASCADE, primary_key=True)
    cost = models.BigIntegerField(_("new cost"), null=True)
    seen_count = models.PositiveIntegerField(_("syncs that said so"))
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("held change")
        verbose_name_plural = _("held changes")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(cost=None) | Q(cost__gt=0), name="catalog_held_cost_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offer}: {self.offer.cost} → {self.cost or '∅'}"


class SyncState(models.TextChoices):
    READING = "reading", _("Reading")
    STORING = "storing", _("Storing")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CUT_OFF = "cut_off", _("Cut off")


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    def under_way(self) -> "SyncRunQuerySet":
        return self.filter(ended_at=None)


class SyncRun(models.Model):
    """One reading of a supplier's price list: its log, and the lease of whoever reads."""

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, verbose_name=_("supplier"))
    state = models.CharField(_("state"), max_length=8, choices=SyncState, default=SyncState.READING)
    began_at = models.DateTimeField(_("began"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    lease_until = models.DateTimeField()
    read_count = models.PositiveIntegerField(_("listings"), default=0)
    unreadable_count = models.PositiveIntegerField(_("unreadable"), default=0)
    added_count = models.PositiveIntegerField(_("added"), default=0)
    changed_count = models.PositiveIntegerField(_("changed"), default=0)
    vanished_count = models.PositiveIntegerField(_("vanished"), default=0)
    held_count = models.PositiveIntegerField(_("held back"), default=0)
    unmapped_count = models.PositiveIntegerField(_("unknown codes"), default=0)
    is_too_short = models.BooleanField(default=False)
    error = models.CharField(_("error"), max_length=200, blank=True)
    peak_memory = models.BigIntegerField(_("memory"), null=True)

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("sync run")
        verbose_name_plural = _("sync runs")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["supplier"], condition=Q(ended_at=None), name="catalog_one_sync_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, state__in=[SyncState.READING, SyncState.STORING])
                | (
                    Q(ended_at__isnull=False)
                    & Q(state__in=[SyncState.DONE, SyncState.FAILED, SyncState.CUT_OFF])
                ),
                name="catalog_sync_ended_or_under_way",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["supplier", "-began_at"], name="catalog_sync_newest"),
            models.Index(fields=["-began_at"], name="catalog_sync_began"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier} {self.began_at:%Y-%m-%d %H:%M}"

    @property
    def written_count(self) -> int:
        """Offers that were written."""
        return self.added_count + self.changed_count + self.vanished_count

    @property
    def summary(self) -> str:
        """What it did, in a line for people."""
        if self.error:
            return self.error
        counts = {
            _("listings"): self.read_count,
            _("added"): self.added_count,
            _("changed"): self.changed_count,
            _("vanished"): self.vanished_count,
            _("held back"): self.held_count,
            _("unknown codes"): self.unmapped_count,
        }
        return ", ".join(f"{count:,} {name}" for name, count in counts.items())


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
