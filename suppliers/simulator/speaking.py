"""What a protocol of the simulator is: a request in, an answer out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from suppliers.reading import decimal_text
from suppliers.simulator.account import Account
from suppliers.simulator.books import Number


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. The path is without the account's own prefix, the parameters are of any kind."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    authorization: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer."""

    body: bytes | str
    status: int = 200
    content_type: str = "text/plain"


class Speaker(ABC):
    """One protocol, over one account. `address` is where it listens, below the account's."""

    address: str = ""

    def __init__(self, account: Account) -> None:
        self.account = account

    @abstractmethod
    def speaks(self, path: str) -> bool:
        """Whether this protocol has such a path."""

    @abstractmethod
    def is_purchase(self, asked: Asked) -> bool:
        """Whether carrying this out may sell a number."""

    @abstractmethod
    def answer(self, asked: Asked) -> Said:
        """Carry out one request."""

    @abstractmethod
    def too_fast(self) -> Said:
        """Refuse a request as one too many."""

    def reference(self, number: Number) -> str:
        """Return what the protocol calls a number."""
        return str(number.id)

    def number_id(self, reference: str) -> str:
        """Return the id of the number that the protocol calls so."""
        return reference

    def count(self, name: str) -> None:
        self.account.requests[name] += 1


def as_json(value: object, *, status: int = 200, content_type: str = "application/json") -> Said:
    return Said(orjson.dumps(value), status, content_type)


def amount(minor: int) -> orjson.Fragment:
    """Print minor units as a decimal number in JSON."""
    return orjson.Fragment(decimal_text(minor))
