"""The table that the measurements fill."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    ours: float
    bare: float
    aim: str
    unit: str
    note: str

    @property
    def ratio(self) -> float:
        return self.ours / self.bare


def show(rows: Iterable[Row]) -> None:
    print(f"{'':14}{'ours':>12}{'bare':>12}{'ratio':>9}{'aim':>9}   ")
    for row in rows:
        print(
            f"{row.name:14}{row.ours:>12,.1f}{row.bare:>12,.1f}{row.ratio:>9.2f}{row.aim:>9}"
            f"   {row.unit}; {row.note}"
        )
