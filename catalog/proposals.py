"""What a supplier's codes may mean to us: proposed here, sold only when reviewed.

Codes have been reassigned over the years and published tables are wrong, so a code counts by
itself only where the name that comes with it agrees. Everything else waits for a person.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

from catalog.models import Country, CountryMapping, Proposer, Service, ServiceMapping, Supplier
from suppliers.base import NamedCode

_DATA = Path(__file__).parent / "data"

#: a protocol whose codes are our own slugs needs no review
OURS = "ours"
_TRADE = "smsactivate"

Named = TypeVar("Named", Service, Country)
Key = TypeVar("Key", str, tuple[str, str])


def propose_services(
    supplier: Supplier, named: Iterable[NamedCode], *, vocabulary: str
) -> Iterator[ServiceMapping]:
    """Propose a service of ours for each code of a supplier's, or none."""
    services = list(Service.objects.all())
    ours = _by_code(services, vocabulary, "service_codes", trade=lambda one: one.trade_code)
    names = _by_name((service.name, service) for service in services)
    for each in named:
        found, by = _first(ours.get(each.code), names.get(bare(each.name)))
        agrees = found is not None and bare(each.name) == bare(found.name)
        yield ServiceMapping(
            supplier=supplier,
            code=each.code,
            name=each.name[:120],
            service=found,
            is_reviewed=agrees or (vocabulary == OURS and found is not None),
            proposed_by=by,
        )


def propose_countries(
    supplier: Supplier, named: Iterable[NamedCode], *, vocabulary: str
) -> Iterator[CountryMapping]:
    """Propose a country of ours for each code of a supplier's, or none.

    An ISO code and a prefix that are one country's alone are a hint, too, if no proof.
    """
    countries = list(Country.objects.all())
    ours = _by_code(countries, vocabulary, "country_codes", trade=_trade_id)
    names = _by_name((country.name_en, country) for country in countries)
    numbers = alone(((country.iso, _digits(country.prefix)), country) for country in countries)
    isos = alone((country.iso, country) for country in countries)
    for each in named:
        hint = numbers.get((each.iso, _digits(each.prefix))) if each.prefix else isos.get(each.iso)
        found, by = _first(ours.get(each.code), names.get(bare(each.name)), hint)
        agrees = found is not None and bare(each.name) == bare(found.name_en)
        yield CountryMapping(
            supplier=supplier,
            code=each.code,
            name=each.name[:120],
            country=found,
            is_reviewed=agrees or (vocabulary == OURS and found is not None),
            proposed_by=by,
        )


def _first(*found: Named | None) -> tuple[Named | None, Proposer]:
    """Return the first that was found: by code, by name, or by what the numbers tell."""
    ways = (Proposer.CODE, Proposer.NAME, Proposer.PREFIX)
    for one, way in zip(found, ways, strict=False):
        if one is not None:
            return one, way
    return None, Proposer.CODE


def _by_code(
    rows: list[Named], vocabulary: str, table: str, *, trade: Callable[[Named], str]
) -> dict[str, Named]:
    """Return ours by the codes of a vocabulary; a vocabulary without a table gives none."""
    if vocabulary == OURS:
        return {row.code: row for row in rows}
    if vocabulary == _TRADE:
        return {trade(row): row for row in rows if trade(row)}
    codes = {row["code"]: row.get(vocabulary) for row in _table(table)}
    return {code: row for row in rows if (code := codes.get(row.code))}


def _by_name(pairs: Iterable[tuple[str, Named]]) -> dict[str, Named]:
    return alone((bare(name), row) for name, row in pairs)


def alone(pairs: Iterable[tuple[Key, Named]]) -> dict[Key, Named]:
    """Return what goes by each key, without the keys that several go by."""
    found: dict[Key, Named] = {}
    shared = set()
    for key, row in pairs:
        if key in found:
            shared.add(key)
        found[key] = row
    return {key: row for key, row in found.items() if key not in shared and key != ""}


def bare(name: str) -> str:
    """Return a name without what different spellings differ in."""
    return re.sub(r"[\W_]+", "", name.casefold())


def _trade_id(country: Country) -> str:
    return "" if country.trade_id is None else str(country.trade_id)


def _digits(prefix: str) -> str:
    return re.sub(r"\D", "", prefix)


@cache
def _table(name: str) -> list[Mapping[str, str]]:
    """Return a table of codes: our own in the first column, a vocabulary's in each other."""
    with (_DATA / f"{name}.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))
