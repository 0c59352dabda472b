"""What the simulator sells: real codes and names, invented prices and stock.

The codes come from the shop's own tables, so that everything sold here has a name there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

_DATA = Path(__file__).parents[2] / "catalog" / "data"

_SOLD_EVERYWHERE = 40
_SHARE_SOLD = 0.45
# sold whatever the order of the table is
_MAIN_COUNTRIES = frozenset(
    ("ID", "US", "GB", "MY", "PH", "VN", "TH", "IN", "BR", "DE", "FR", "NL")
)
_OPERATORS = ("telkomsel", "indosat", "vodafone", "orange", "tmobile", "globe", "airtel", "claro")
_STEPS = 3  # operators of a country, each a step dearer than the one before


@dataclass(frozen=True, slots=True)
class Service:
    """A service by the trade's code, and by its 5sim name where it has one."""

    code: str
    name: str
    fivesim: str


@dataclass(frozen=True, slots=True)
class Country:
    """A country by the trade's numeric id; the prefix is digits only."""

    id: str
    iso: str
    name: str
    prefix: str
    fivesim: str
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """Price, in minor units, and stock of one service in one country."""

    cost: int
    stock: int


class Catalogue:
    """Services, countries and prices; the same seed draws the same ones.

    `percent` makes everything cheaper or dearer.
    """

    def __init__(
        self, seed: int, *, percent: int = 100, services: int = 300, countries: int = 60
    ) -> None:
        draw = Random(seed)
        self.services = _services(services)
        self.countries = _countries(countries, draw)
        self.lines: dict[tuple[str, str], Line] = {}
        factors = {country: draw.randrange(60, 300) for country in self.countries}
        for rank, service in enumerate(self.services):
            base = draw.randrange(400, 6_000)
            for country, factor in factors.items():
                popular = rank < _SOLD_EVERYWHERE
                if popular or draw.random() < _SHARE_SOLD:
                    cost = (base * factor // 100 + draw.randrange(100)) * percent // 100
                    stock = draw.choice((250, 1_000, 5_000) if popular else (0, 3, 40, 250, 1_000))
                    self.lines[service, country] = Line(cost, stock)

    def by_operator(self, line: Line, country: Country) -> Iterator[tuple[str, Line]]:
        """Part a line into the country's operators, the cheapest first."""
        share, rest = divmod(line.stock, _STEPS)
        for step, operator in enumerate(country.operators):
            cost = line.cost + step * max(1, line.cost // 5)
            yield operator, Line(cost, share if step else share + rest)


def _services(count: int) -> dict[str, Service]:
    rows = [row for row in _rows("services.tsv") if row["trade_code"]]
    rows.sort(key=lambda row: -int(row["popularity"]))
    slugs = {row["code"]: row["fivesim"] for row in _rows("service_codes.tsv")}
    return {
        row["trade_code"]: Service(row["trade_code"], row["name"], slugs.get(row["code"], ""))
        for row in rows[:count]
    }


def _countries(count: int, draw: Random) -> dict[str, Country]:
    rows = [row for row in _rows("countries.tsv") if row["trade_id"]]
    rows.sort(key=lambda row: row["iso"] not in _MAIN_COUNTRIES)
    slugs = {row["code"]: row["fivesim"] for row in _rows("country_codes.tsv")}
    return {
        row["trade_id"]: Country(
            id=row["trade_id"],
            iso=row["iso"],
            name=row["name_en"],
            prefix=row["prefix"].lstrip("+").replace("-", ""),
            fivesim=slugs.get(row["code"], ""),
            operators=tuple(draw.sample(_OPERATORS, _STEPS)),
        )
        for row in rows[:count]
    }


@cache
def _rows(name: str) -> list[Mapping[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
