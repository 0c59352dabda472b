"""A chart of calls by day and bucket, as numbers for an SVG. Pure arithmetic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

# The drawing's own units; the browser scales it.
WIDTH, HEIGHT = 600, 200
_GAP = 0.28  # of a day's room, between two bars
# Every so many days one is named below.
_NAMED = 7


@dataclass(frozen=True, slots=True)
class Bar:
    """One bucket's part of a day's column."""

    bucket: str
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One day."""

    day: date
    bars: list[Bar]
    total: int
    middle: float
    is_named: bool

    @property
    def counts(self) -> list[int]:
        return [bar.count for bar in self.bars]


@dataclass(frozen=True, slots=True)
class Chart:
    """All days, with the height of the scale."""

    columns: list[Column]
    top: int
    total: int
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def half(self) -> int:
        return self.top // 2


def draw_usage(
    counts: Mapping[tuple[date, str], int], days: Sequence[date], buckets: Sequence[str]
) -> Chart:
    """Stack each day's buckets upon each other, in the order given."""
    totals = [sum(counts.get((day, bucket), 0) for bucket in buckets) for day in days]
    top = _round_up(max(totals, default=0))
    room = WIDTH / max(len(days), 1)
    columns = []
    for number, (day, total) in enumerate(zip(days, totals, strict=True)):
        left = room * number + room * _GAP / 2
        bars, base = [], float(HEIGHT)
        for bucket in buckets:
            count = counts.get((day, bucket), 0)
            height = HEIGHT * count / top
            base -= height
            bars.append(
                Bar(
                    bucket=bucket,
                    count=count,
                    x=round(left, 2),
                    y=round(base, 2),
                    width=round(room * (1 - _GAP), 2),
                    height=round(height, 2),
                )
            )
        is_named = (len(days) - 1 - number) % _NAMED == 0
        middle = round(room * (number + 0.5), 2)
        columns.append(Column(day, bars, total, middle, is_named))
    return Chart(columns, top, sum(totals))


def _round_up(most: int) -> int:
    """Return the least of 10, 20, 50, 100, 200, … that is not below."""
    scale = 10
    while True:
        for step in (1, 2, 5):
            if most <= scale * step:
                return scale * step
        scale *= 10
