"""What a measurement gives."""

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
