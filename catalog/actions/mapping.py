"""What suppliers' own codes mean to us: proposals, and what of them may be sold unseen."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from accounts.models import Mode
from catalog.models import Country, CountryMapping, Service, ServiceMapping, Supplier
from suppliers.base import NamedCode

Named = TypeVar("Named", Service, Country)


def map_services(supplier: Supplier, named: Iterable[NamedCode]) -> None:
    ours = {
        service.code if supplier.mode == Mode.SANDBOX else service.trade_code: service
        for service in Service.objects.all()
    }
    ServiceMapping.objects.bulk_create(
        (
            ServiceMapping(service=service, **mapping)
            for mapping, service in _mappings(supplier, named, ours)
        ),
        ignore_conflicts=True,
    )


def map_countries(supplier: Supplier, named: Iterable[NamedCode]) -> None:
    ours = {
        country.code if supplier.mode == Mode.SANDBOX else str(country.trade_id): country
        for country in Country.objects.all()
    }
    CountryMapping.objects.bulk_create(
        (
            CountryMapping(country=country, **mapping)
            for mapping, country in _mappings(supplier, named, ours)
        ),
        ignore_conflicts=True,
    )


def _mappings(
    supplier: Supplier, named: Iterable[NamedCode], ours: Mapping[str, Named]
) -> Iterator[tuple[dict[str, Any], Named | None]]:
    """Propose what each code means; reviewed where code and name agree, or the code is ours."""
    for each in named:
        found = ours.get(each.code)
        agrees = found is not None and (
            supplier.mode == Mode.SANDBOX or _same_name(each.name, _english(found))
        )
        mapping = {
            "supplier": supplier,
            "code": each.code,
            "name": each.name[:120],
            "is_reviewed": agrees,
        }
        yield mapping, found


def _english(named: Service | Country) -> str:
    return named.name_en if isinstance(named, Country) else named.name


def _same_name(theirs: str, ours: str) -> bool:
    """Codes have been reassigned over the years, so a code counts only where names agree."""
    return bare(theirs) == bare(ours)


def bare(name: str) -> str:
    """Return a name without what different spellings differ in."""
    return re.sub(r"[\W_]+", "", name.casefold())
