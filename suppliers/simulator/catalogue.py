"""What the simulator sells: real codes and names, invented prices and stock.

The codes come from the shop's own tables, so that everything sold here has a name there.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from random import Random

_DATA = Path(__file__).parents[2] / "catalog" / "data"

_SERVICES = 300
_COUNTRIES = 60
_SOLD_EVERYWHERE = 40
_SHARE_SOLD = 0.45
# sold whatever the order of the table is
_MAIN_COUNTRIES = frozenset(
    ("ID", "US", "GB", "MY", "PH", "VN", "TH", "IN", "BR", "DE", "FR", "NL")
)
_OPERATORS = ("telkomsel", "indosat", "vodafone", "orange", "tmobile", "globe", "airtel", "claro")


@dataclass(frozen=True, slots=True)
class Country:
    """A country by the trade's numeric id; the prefix is digits only."""

    id: str
    name: str
    prefix: str
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """Price, in minor units, and stock of one service in one country."""

    cost: int
    stock: int


class Catalogue:
    """Services, countries and prices; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        draw = Random(seed)
        self.services = _services()
        self.countries = _countries(draw)
        self.lines: dict[tuple[str, str], Line] = {}
        factors = {country: draw.randrange(60, 300) for country in self.countries}
        for rank, service in enumerate(self.services):
            base = draw.randrange(400, 6_000)
            for country, percent in factors.items():
                popular = rank < _SOLD_EVERYWHERE
                if popular or draw.random() < _SHARE_SOLD:
                    cost = base * percent // 100 + draw.randrange(100)
                    stock = draw.choice((250, 1_000, 5_000) if popular else (0, 3, 40, 250, 1_000))
                    self.lines[service, country] = Line(cost, stock)


def _services() -> dict[str, str]:
    rows = [row for row in _rows("services.tsv") if row["trade_code"]]
    rows.sort(key=lambda row: -int(row["popularity"]))
    return {row["trade_code"]: row["name"] for row in rows[:_SERVICES]}


def _countries(draw: Random) -> dict[str, Country]:
    rows = [row for row in _rows("countries.tsv") if row["trade_id"]]
    rows.sort(key=lambda row: row["iso"] not in _MAIN_COUNTRIES)
    return {
        row["trade_id"]: Country(
            id=row["trade_id"],
            name=row["name_en"],
            prefix=row["prefix"].lstrip("+").replace("-", ""),
            operators=tuple(draw.sample(_OPERATORS, 3)),
        )
        for row in rows[:_COUNTRIES]
    }


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
