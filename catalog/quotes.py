"""What goods cost at this moment, and who would be asked for them: one answer for all who ask.

The confirmation page, the API's price and the order itself read it here, so the price shown is
the price charged; a breaker that opens changes both in the same moment. `price` of an offer here
is what the account asking pays for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings

from accounts.models import User
from catalog.account_prices import prices_for
from catalog.models import ANY_PROVIDER, Country, Offer, Pause, Service, Supplier
from catalog.routing import Candidate, Route, Wanted, make_route
from nexotp.lib.db import PreparedRead

_MOST_OFFERS = 200


@dataclass(frozen=True, slots=True)
class Quote:
    """A price, and who would be asked for it."""

    route: Route
    offers: Mapping[int, Offer]

    @property
    def price(self) -> int | None:
        """None where nobody sells."""
        return self.route.price

    @property
    def to_try(self) -> list[Offer]:
        """The offers to try, in order; the price is that of the first."""
        return [self.offers[one.offer_id] for one in self.route.to_try]

    @property
    def on_sale(self) -> list[Offer]:
        """Every offer that could serve if it were asked for by its provider."""
        return [self.offers[one.offer_id] for one in self.route.able]


def find_quote(
    service: Service,
    country: Country,
    *,
    user: User | None,
    mode: str,
    now: datetime,
    provider: str = ANY_PROVIDER,
    wanted: Wanted | None = None,
    by_delivery: bool = False,
    rates: Mapping[str, Decimal] | None = None,
) -> Quote:
    """Return what these goods cost now; with `rates`, without offers that leave too thin a margin.

    Without a `user` it is what strangers see.

    The price is the same with and without: it is that of the first offer.
    """
    prices, offers = prices_for(user, now=now), {}
    for offer, supplier, pause in _OFFERS.all((mode, service.pk, country.pk, _MOST_OFFERS)):
        offer.supplier, offer.pause = supplier, pause
        offer.price = prices.of(offer)
        offers[offer.pk] = offer
    route = make_route(
        [_candidate(offer, now) for offer in offers.values()],
        now=now,
        provider=None if provider == ANY_PROVIDER else provider,
        wanted=wanted,
        by_delivery=by_delivery,
        rates=rates,
        floor_percent=settings.FLOOR_MARGIN_PERCENT,
    )
    return Quote(route, offers)


# From the few suppliers to their offers, each found by its unique key.
_OFFERS = PreparedRead(
    "SELECT {0}, {1}, {2} FROM catalog_supplier supplier"
    " JOIN catalog_offer offer ON offer.supplier_id = supplier.id AND supplier.mode = %s"
    " LEFT JOIN catalog_pause pause ON pause.supplier_id = offer.supplier_id"
    " AND pause.service_id = offer.service_id AND pause.country_id = offer.country_id"
    " WHERE offer.service_id = %s AND offer.country_id = %s"
    " AND (supplier.mode = 'sandbox' OR NOT EXISTS (SELECT FROM catalog_block block"
    " WHERE (block.service_id IS NULL OR block.service_id = offer.service_id)"
    " AND (block.country_id IS NULL OR block.country_id = offer.country_id)))"
    " ORDER BY offer.price, offer.id LIMIT %s",
    offer=Offer,
    supplier=Supplier,
    pause=Pause,
)


def _candidate(offer: Offer, now: datetime) -> Candidate:
    supplier, pause = offer.supplier, offer.pause
    return Candidate(
        offer_id=offer.pk,
        supplier_id=supplier.pk,
        provider=offer.provider_code,
        price=offer.price,
        cost=offer.cost,
        currency=supplier.currency,
        stock=offer.stock,
        delivered=offer.delivered_count,
        ended=offer.ended_count,
        past_delivered=supplier.delivered_count,
        past_ended=supplier.ended_count,
        priority=supplier.priority,
        balance=supplier.known_balance(now),
        is_enabled=supplier.is_switched_on,
        paused_until=supplier.paused_until,
        goods_paused_until=pause.until if pause else None,
    )
