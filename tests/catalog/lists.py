"""A supplier whose whole price list stands in the test."""

from collections.abc import Callable, Iterator

from django.utils import timezone

from catalog.actions import sync_catalogue
from catalog.models import Offer, Supplier, SyncRun
from suppliers.base import Goods, Listing, NamedCode, OutcomeUnknown
from suppliers.sandbox import Sandbox

NAMED = {"wa": "WhatsApp", "tg": "Telegram", "go": "Google"}
COUNTRIES = {"6": "Indonesia", "187": "United States"}


class PriceList(Sandbox):
    """Change the class, and suppliers that speak this way sell something else."""

    vocabulary = "smsactivate"
    names = dict(NAMED)
    countries_named = dict(COUNTRIES)
    lines: list[Listing] = []
    breaks = False
    # Called when half of the lines have been read.
    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    def services(self) -> list[NamedCode]:
        return [NamedCode(code, name) for code, name in self.names.items()]

    def countries(self) -> list[NamedCode]:
        return [NamedCode(code, name) for code, name in self.countries_named.items()]

    def listings(self) -> Iterator[Listing]:
        half = len(self.lines) // 2
        yield from self.lines[:half]
        self.meanwhile()
        yield from self.lines[half:]
        if self.breaks:
            raise OutcomeUnknown("cut off")


def line(service: str, country: str = "6", *, cost: int = 1_000, stock: int = 5) -> Listing:
    return Listing(Goods(service, country), cost=cost, stock=stock)


def sync(supplier: Supplier) -> SyncRun:
    return sync_catalogue(supplier, now=timezone.now())


def stock(supplier: Supplier) -> dict[tuple[str, str], int]:
    rows = Offer.objects.filter(supplier=supplier).values_list(
        "service__code", "country__code", "stock"
    )
    return {(service, country): stock for service, country, stock in rows}


def cost(supplier: Supplier, service: str = "whatsapp", country: str = "id") -> int:
    goods = {"service__code": service, "country__code": country}
    return Offer.objects.get(supplier=supplier, **goods).cost
