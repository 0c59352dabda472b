"""Reading suppliers' price lists and baking prices into offers, always for many rows at once."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction

from catalog.models import (
    CountryMapping,
    ExchangeRate,
    Offer,
    ServiceMapping,
    Supplier,
)
from catalog.pricing import PRICE_SQL
from catalog.proposals import propose_countries, propose_services
from nexotp.lib.db import PreparedRead, release_connection
from nexotp.lib.money import EXPONENTS
from suppliers.base import Listing, SupplierError

logger = structlog.get_logger(__name__)

# A price list that lost more than this share of what was in stock is not believed.
_LARGEST_LOSS = 0.5


class SyncFailed(Exception):
    """The supplier's catalogue could not be read or was not believed; nothing was changed."""


def sync_catalogue(supplier: Supplier, *, now: datetime) -> int:
    """Bring offers in line with the supplier's price list and return how many changed.

    Everything is read before anything is written. Offers that vanished go out of stock.
    Raises SyncFailed.
    """
    client = supplier.client()
    release_connection()
    try:
        services, countries = client.services(), client.countries()
        listings = list(client.listings())
    except SupplierError as error:
        Supplier.objects.filter(pk=supplier.pk).update(sync_error=str(error)[:200])
        raise SyncFailed(f"{supplier}: {error}") from error
    logger.info("catalogue read", supplier=supplier.code, listings=len(listings))
    in_stock = Offer.objects.filter(supplier=supplier, stock__gt=0).count()
    if len(listings) < in_stock * (1 - _LARGEST_LOSS):
        Supplier.objects.filter(pk=supplier.pk).update(sync_error="catalogue shrank")
        raise SyncFailed(f"{supplier}: {len(listings)} listings where {in_stock} were in stock")
    with transaction.atomic():
        ServiceMapping.objects.bulk_create(
            propose_services(supplier, services, vocabulary=client.vocabulary),
            ignore_conflicts=True,
        )
        CountryMapping.objects.bulk_create(
            propose_countries(supplier, countries, vocabulary=client.vocabulary),
            ignore_conflicts=True,
        )
        changed = _store_listings(supplier, listings, now=now)
        reprice_offers(supplier=supplier, now=now)
        Supplier.objects.filter(pk=supplier.pk).update(synced_at=now, sync_error="")
    logger.info("catalogue stored", supplier=supplier.code, changed=changed)
    return changed


def reprice_offers(
    *, now: datetime, supplier: Supplier | None = None, offer: Offer | None = None
) -> int:
    """Bake prices into offers by the rules and rates of this moment; return how many changed.

    An offer without a rate or a rule, or whose price would not leave the floor margin, gets no
    price and is not on sale.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _REPRICE,
            {
                "rates": json.dumps({c: str(rate) for c, rate in exchange_rates(now).items()}),
                "now": now,
                "supplier": supplier.pk if supplier else None,
                "offer": offer.pk if offer else None,
                "keep": Decimal(100 - settings.FLOOR_MARGIN_PERCENT) / 100,
            },
        )
        changed: int = cursor.rowcount
    return changed


def exchange_rates(now: datetime) -> dict[str, Decimal]:
    """Return, per currency with a fresh rate, shop minor units for one of its minor units."""
    rates = {settings.SHOP_CURRENCY: Decimal(1)}
    oldest = now - timedelta(hours=settings.EXCHANGE_RATE_MAX_AGE_HOURS)
    for (current,) in _CURRENT_RATES.all((now, oldest)):
        shift = EXPONENTS[settings.SHOP_CURRENCY] - EXPONENTS[current.currency]
        rates[current.currency] = current.rate.scaleb(shift)
    return rates


_CURRENT_RATES = PreparedRead(
    "SELECT DISTINCT ON (rate.currency) {0} FROM catalog_exchangerate rate"
    " WHERE rate.as_of <= %s AND rate.as_of >= %s AND NOT rate.needs_review"
    " ORDER BY rate.currency, rate.as_of DESC",
    rate=ExchangeRate,
)


def refresh_balance(supplier: Supplier, *, now: datetime) -> None:
    """Remember what is left at the supplier. Raises SupplierError."""
    client = supplier.client()
    release_connection()
    balance = client.balance()
    Supplier.objects.filter(pk=supplier.pk).update(balance=balance, balance_at=now)


def _store_listings(supplier: Supplier, listings: Iterable[Listing], *, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        with cursor.copy("COPY staged_listing FROM STDIN") as copy:
            for listing in listings:
                goods = listing.goods
                copy.write_row(
                    (goods.service, goods.country, goods.operator, listing.cost, listing.stock)
                )
        values: dict[str, Any] = {"supplier": supplier.pk, "now": now}
        cursor.execute(_UPSERT, values)
        changed: int = cursor.rowcount
        cursor.execute(_VANISHED, values)
        changed += cursor.rowcount
        cursor.execute("DROP TABLE staged_listing")
    return changed


_STAGE = """
CREATE TEMPORARY TABLE staged_listing (
    service text, country text, operator text, cost bigint, stock integer
) ON COMMIT DROP
"""

# Two of a supplier's codes may mean the same to us; the cheaper one is then the offer.
_MAPPED = """
    SELECT DISTINCT ON (service.service_id, country.country_id, staged.operator)
        service.service_id, country.country_id, staged.*
    FROM staged_listing staged
    JOIN catalog_servicemapping service ON service.supplier_id = %(supplier)s
        AND service.code = staged.service AND service.is_reviewed
        AND service.service_id IS NOT NULL
    JOIN catalog_countrymapping country ON country.supplier_id = %(supplier)s
        AND country.code = staged.country AND country.is_reviewed
        AND country.country_id IS NOT NULL
    ORDER BY service.service_id, country.country_id, staged.operator, staged.cost
"""

_UPSERT = f"""
INSERT INTO catalog_offer (supplier_id, service_id, country_id, operator, supplier_service,
    supplier_country, cost, stock, delivered_count, ended_count, updated_at)
SELECT %(supplier)s, service_id, country_id, operator, service, country, cost, stock, 0, 0, %(now)s
FROM ({_MAPPED}) listed
ON CONFLICT (supplier_id, service_id, country_id, operator) DO UPDATE SET
    supplier_service = excluded.supplier_service, supplier_country = excluded.supplier_country,
    cost = excluded.cost, stock = excluded.stock, updated_at = excluded.updated_at
WHERE (catalog_offer.cost, catalog_offer.stock, catalog_offer.supplier_service,
       catalog_offer.supplier_country)
   IS DISTINCT FROM (excluded.cost, excluded.stock, excluded.supplier_service,
       excluded.supplier_country)
"""

_VANISHED = f"""
UPDATE catalog_offer SET stock = 0, updated_at = %(now)s
WHERE supplier_id = %(supplier)s AND stock > 0 AND NOT EXISTS (
    SELECT FROM ({_MAPPED}) listed
    WHERE listed.service_id = catalog_offer.service_id
      AND listed.country_id = catalog_offer.country_id
      AND listed.operator = catalog_offer.operator
)
"""

_REPRICE = f"""
WITH rate AS (
    SELECT key AS currency, value::numeric AS rate FROM jsonb_each_text(%(rates)s::jsonb)
), priced AS (
    SELECT offer.id, offer.cost * rate.rate AS cost,
        -- greatest and least pass over NULL, so an offer without a rule is told apart first
        CASE WHEN rule.id IS NOT NULL THEN {PRICE_SQL} END AS price
    FROM catalog_offer offer
    JOIN catalog_supplier supplier ON supplier.id = offer.supplier_id
    LEFT JOIN rate ON rate.currency = supplier.currency
    LEFT JOIN LATERAL (
        SELECT * FROM catalog_pricingrule candidate
        WHERE candidate.is_active
          AND (candidate.service_id IS NULL OR candidate.service_id = offer.service_id)
          AND (candidate.country_id IS NULL OR candidate.country_id = offer.country_id)
          AND (candidate.supplier_id IS NULL OR candidate.supplier_id = offer.supplier_id)
          AND (candidate.starts_at IS NULL OR candidate.starts_at <= %(now)s)
          AND (candidate.ends_at IS NULL OR candidate.ends_at > %(now)s)
        ORDER BY (candidate.service_id IS NOT NULL)::int * 4
               + (candidate.country_id IS NOT NULL)::int * 2
               + (candidate.supplier_id IS NOT NULL)::int DESC, candidate.id DESC
        LIMIT 1
    ) rule ON true
    WHERE (%(supplier)s::bigint IS NULL OR offer.supplier_id = %(supplier)s)
      AND (%(offer)s::bigint IS NULL OR offer.id = %(offer)s)
), sellable AS (
    SELECT id, CASE WHEN cost <= price * %(keep)s THEN price END AS price FROM priced
)
UPDATE catalog_offer SET price = sellable.price FROM sellable
WHERE catalog_offer.id = sellable.id AND catalog_offer.price IS DISTINCT FROM sellable.price
"""
