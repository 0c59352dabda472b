"""Suppliers of any protocol, each simulated, selling what the tests buy."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.utils import timezone

from catalog.actions import reprice_some
from catalog.models import Country, Offer, Service, Supplier
from suppliers.simulator.remote import RemoteSimulator
from tests import cast


@dataclass(frozen=True)
class Seller:
    """A supplier of the shop's, and what stands behind it."""

    supplier: Supplier
    simulator: RemoteSimulator


def open_supplier(
    code: str, protocol: str, simulator: RemoteSimulator, *, goods: list[tuple[str, str]]
) -> Supplier:
    """Have a simulator sell these services in these countries to the shop.

    Whatever it calls them, what it sells first is what we want.
    """
    supplier = Supplier(
        code=code, name=code, protocol=protocol, base_url=simulator.url, options=cast.FAST
    )
    supplier.set_api_key(simulator.api_key)
    supplier.save()
    listings = {listing.goods: listing for listing in supplier.client().listings()}
    offers = [
        Offer.objects.create(
            supplier=supplier,
            service=Service.objects.get(code=service),
            country=Country.objects.get(code=country),
            operator=listing.goods.operator,
            supplier_service=listing.goods.service,
            supplier_country=listing.goods.country,
            cost=listing.cost,
            stock=listing.stock,
        ).pk
        for (service, country), listing in zip(goods, listings.values(), strict=False)
    ]
    reprice_some(offers, supplier=supplier, now=timezone.now())
    return supplier


@contextmanager
def only_seller(protocol: str, simulator: RemoteSimulator) -> Iterator[Seller]:
    """Nobody else sells WhatsApp in Indonesia meanwhile."""
    simulator.reset()
    simulator.control(code_rate=0, cancel_lock_s=0, stock=1_000)
    supplier = open_supplier("seller", protocol, simulator, goods=[("whatsapp", "id")])
    others = Offer.objects.exclude(supplier=supplier).filter(
        service__code="whatsapp", country__code="id"
    )
    stocks = dict(others.values_list("pk", "stock"))
    others.update(stock=0)
    try:
        yield Seller(supplier, simulator)
    finally:
        for pk, stock in stocks.items():
            Offer.objects.filter(pk=pk).update(stock=stock)
        supplier.delete()
