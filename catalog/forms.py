"""What a request may say about what it wants from the catalogue, read field by field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from catalog.lookup import find_country, find_service, is_known_provider
from catalog.models import ANY_PROVIDER, Country, Service
from nexotp.lib.fields import Fields


@dataclass(frozen=True, slots=True)
class GoodsChoice:
    """What is to be priced or bought, from whom, and which offer comes first."""

    service: Service
    country: Country
    provider: str = ANY_PROVIDER
    best_delivery: bool = False


class CatalogFields(Fields):
    """The fields that name things of the catalogue, in one mode."""

    def __init__(self, data: Mapping[str, Any], mode: str) -> None:
        super().__init__(data)
        self.mode = mode

    def service(self) -> Service | None:
        """Return the service named, if one is."""
        named = self.text("service")
        if named is None:
            return None
        found = find_service(named, self.mode)
        if found is None:
            self.wrong(
                "service", "unknown", _("There is no such service. GET /services lists them.")
            )
        return found

    def country(self) -> Country | None:
        """Return the country named, if one is."""
        named = self.text("country")
        if named is None:
            return None
        found = find_country(named)
        if found is None:
            self.wrong(
                "country", "unknown", _("There is no such country. GET /countries lists them.")
            )
        return found

    def provider(self) -> str:
        """`provider` and `pool` are the two documents' names for the same choice."""
        provider, pool = self.text("provider"), self.text("pool")
        if provider and pool and provider != pool:
            self.wrong("pool", "conflict", _("`provider` and `pool` say different things."))
        chosen = provider or pool or ANY_PROVIDER
        if not is_known_provider(chosen, self.mode):
            field = "provider" if provider else "pool"
            self.wrong(field, "unknown", _("There is no such provider. GET /providers lists them."))
        return chosen

    def best_delivery(self) -> bool:
        """Whether `pricing_option` is 1, the best rate, and not 0, the cheapest."""
        value = self.data.get("pricing_option")
        if value in (None, ""):
            return False
        if isinstance(value, bool) or value not in (0, 1, "0", "1"):
            self.wrong("pricing_option", "out_of_range", _("0 for cheapest, 1 for best rate."))
            return False
        return value in (1, "1")

    def goods(self) -> GoodsChoice | None:
        """Return what is wanted; None where service or country are not there or not known."""
        self.require("service", "country")
        service, country = self.service(), self.country()
        provider, best_delivery = self.provider(), self.best_delivery()
        if service is None or country is None:
            return None
        return GoodsChoice(service, country, provider, best_delivery)


def read_goods(query: Mapping[str, Any], mode: str) -> GoodsChoice:
    """Raises InvalidRequest naming every field that is missing or wrong."""
    fields = CatalogFields(query, mode)
    goods = fields.goods()
    fields.check()
    assert goods is not None, "what is not there has been complained about"
    return goods
