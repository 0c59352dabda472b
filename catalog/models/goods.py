"""What is sold: services and countries, and what of them is on sale."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import F, FilteredRelation, Min, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import Mode
from catalog.models.resting import Block, Pause
from catalog.models.suppliers import Supplier

# What an account pays for an offer, in a query that reaches offers by this prefix.
PriceColumn = Callable[[str], Any]
ANY_PROVIDER = "any"
# Countries without an id of the trade's go by numbers above all that the trade may come to use.
OWN_IDS_FROM = 10_000
# Of an offer, from the side of its service or its country.
_IN_STOCK = Q(offer__stock__gt=0, offer__price__isnull=False)


def _baked_price(prefix: str) -> Any:
    return F(f"{prefix}price")


def _with_sums(
    rows: Any,
    relation: str,
    goods: Q,
    mode: str,
    now: datetime,
    *,
    barred: Q | None = None,
    price: PriceColumn = _baked_price,
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
        price=Min(price("_shelf__"), filter=sold),
    )


def _barred(field: str, mode: str, now: datetime, **there: Any) -> Q:
    """The condition for what cannot be bought: paused or blocked, of the services or countries
    annotated, or beyond our balance at its supplier.

    These lists are short, and so read first: looked for offer by offer they would cost most of it.
    """
    barred = Q()
    resting = Pause.objects.on(now).filter(**there)
    for own, supplier in resting.values_list(f"{field}_id", "supplier_id"):
        barred |= Q(pk=own, _shelf__supplier=supplier)
    for short, balance in Supplier.objects.short_of_money(now).values_list("pk", "balance"):
        barred |= Q(_shelf__supplier=short, _shelf__cost__gt=balance)
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
        self,
        mode: str,
        country: "Country | None" = None,
        *,
        now: datetime,
        price: PriceColumn = _baked_price,
    ) -> "ServiceQuerySet":
        """Annotate `stock` and the lowest `price` over what is on sale, there or anywhere.

        Anywhere it is everybody's price: the sums over many goods know no other.
        """
        if country is None:
            goods = Q(availability__country=None)
            annotated: ServiceQuerySet = _with_sums(self, "availability", goods, mode, now)
        else:
            goods = Q(offer__country=country) & _IN_STOCK
            barred = _barred("service", mode, now, country=country)
            annotated = _with_sums(self, "offer", goods, mode, now, barred=barred, price=price)
        return annotated


class Service(models.Model):
    """Something that sends codes, by our own name for it."""

    code = models.SlugField(_("code"), max_length=60, unique=True)
    trade_code = models.CharField(
        _("trade's code"),
        max_length=8,
        blank=True,
        validators=[RegexValidator(r"^[a-z0-9]+\Z", _("Small letters and digits only."))],
        help_text=_("What SMS-Activate's protocol calls it, such as wa; empty: our own code."),
    )
    name = models.CharField(_("name"), max_length=80)
    category = models.CharField(_("category"), max_length=30)
    popularity = models.PositiveIntegerField(
        _("popularity"), default=0, help_text=_("The highest comes first.")
    )
    mark = models.SlugField(
        _("drawing"),
        max_length=60,
        blank=True,
        help_text=_("One of the drawings that the shop has; empty: the one of its own code."),
    )
    # Of the picture that staff sent in, which is shown before any other; empty without one.
    picture_digest = models.CharField(max_length=16, blank=True, editable=False)
    is_visible = models.BooleanField(_("visible"), default=True)
    is_test = models.BooleanField(_("sandbox only"), default=False)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["trade_code"],
                condition=~Q(trade_code=""),
                name="catalog_trade_code_once",
                violation_error_message=_("Another service has this trade's code."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return service_id(self.code)


class ServicePicture(models.Model):
    """A picture that staff sent in: a PNG of nothing but pixels, made anew from what was sent.

    Apart from the service, so that reading services does not carry pictures along.
    """

    service = models.OneToOneField(
        Service, on_delete=models.CASCADE, primary_key=True, related_name="picture"
    )
    digest = models.CharField(max_length=16)
    png = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.service} {self.digest}"


class CountryQuerySet(models.QuerySet["Country"]):
    def visible(self) -> "CountryQuerySet":
        return self.filter(is_visible=True)

    def with_availability(
        self,
        mode: str,
        service: Service | None = None,
        *,
        now: datetime,
        price: PriceColumn = _baked_price,
    ) -> "CountryQuerySet":
        """Annotate `stock` and the lowest `price` over what is on sale, for it or for anything.

        For anything it is everybody's price: the sums over many goods know no other.
        """
        if service is None:
            goods = Q(availability__service=None)
            annotated: CountryQuerySet = _with_sums(self, "availability", goods, mode, now)
        else:
            goods = Q(offer__service=service) & _IN_STOCK
            barred = _barred("country", mode, now, service=service)
            annotated = _with_sums(self, "offer", goods, mode, now, barred=barred, price=price)
        return annotated


def name_column() -> str:
    """Return which of a country's names is shown in the language of this moment."""
    return "name_id" if get_language() == "id" else "name_en"


class Country(models.Model):
    """A country as numbers are sold: two rows may share an ISO code (real and virtual USA)."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    trade_id = models.PositiveIntegerField(
        _("trade's id"),
        unique=True,
        null=True,
        blank=True,
        validators=[MaxValueValidator(OWN_IDS_FROM - 1)],
        help_text=_("What SMS-Activate's protocol calls it, such as 6; empty: a number of ours."),
    )
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
    def trade_number(self) -> int:
        """What SMS-Activate's protocol calls it."""
        return OWN_IDS_FROM + self.pk if self.trade_id is None else self.trade_id

    @property
    def flag(self) -> str:
        """The flag as two regional indicator letters."""
        return "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in self.iso)
