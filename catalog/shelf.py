"""What strangers see of the shop: services and countries on sale, with their lowest prices.

Read at most once a minute in each process, whatever is asked of it.
"""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts.models import Mode
from catalog.models import Service
from nexotp.lib.brief import briefly

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ShelfService:
    """A service on sale; `price` is the lowest, in minor units of the shop's currency."""

    code: str
    name: str
    price: int


@briefly(seconds=_SECONDS)
def services_on_sale() -> tuple[ShelfService, ...]:
    """Return every service that has numbers, the most wanted first."""
    wanted = Service.objects.visible_in(Mode.LIVE).by_popularity()
    summed: Any = wanted.with_availability(Mode.LIVE, now=timezone.now())
    rows = summed.filter(stock__gt=0).values("code", "name", "price")
    return tuple(ShelfService(**row) for row in rows)


def search_services(text: str) -> list[ShelfService]:
    """Return the services on sale whose name or code has the text, those that begin so first."""
    wanted = text.casefold()
    found = [
        service
        for service in services_on_sale()
        if wanted in service.name.casefold() or wanted in service.code
    ]
    return sorted(found, key=lambda service: not service.name.casefold().startswith(wanted))
