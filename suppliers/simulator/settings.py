"""What can be changed about the simulator while it runs, and the check of what is sent for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from suppliers.reading import Unreadable, minor_units

#: every fault, each with the probability of happening, and when that is drawn
FAULTS = {
    "outage": "each request: the connection is cut before anything is done",
    "outage_503": "each request: HTTP 503 before anything is done",
    "too_fast": "each request: refused as one too many, before anything is done",
    "html": "each request: carried out, then answered with an HTML error page",
    "empty": "each request: carried out, then answered with nothing",
    "lose_answer": "each purchase: carried out, then the connection is cut",
    "delay": "each purchase: carried out, answered only after delay_s",
    "no_stock": "each purchase: no numbers, whatever is listed",
    "banned": "each purchase: banned for ban_s",
    "price_moved": "each purchase: refused, since it is half as much again as listed by now",
    "wrong_price": "each purchase: half as much again is charged as asked",
    "late_code": "each purchase: stays open beyond its lifetime, and gets its code only then",
    "refunded": "each purchase: no code, and paid back halfway without a word",
    "duplicate_message": "each message: delivered twice",
    "no_code": "each message: with its text, but no code recognized in it",
    "early_cancel": "each cancel: too early, however old it is",
    "code_during_cancel": "each cancel: the code comes first",
    "lying_cancel": "each cancel: confirmed, but it lives on and gets its code",
    "no_activation": "each question about one activation: never heard of it",
    "missing_from_list": "each activation in each active list: left out",
}

_HIGHEST_SECONDS = 10 * 24 * 60 * 60
_HIGHEST_STOCK = 10**6


class BadSetting(ValueError):
    """What is wrong with a setting."""


@dataclass(slots=True)
class Settings:
    """The supplier's behavior; the defaults are a well-behaved one.

    `code_rate` is the share of numbers that ever get a code; `stock` replaces every listed stock;
    requests beyond `requests_per_s` are refused as too fast.
    """

    latency_ms: float = 0
    code_after_s: float = 5
    code_rate: float = 1
    cancel_lock_s: float = 120
    lifetime_s: float = 20 * 60
    delay_s: float = 12.5
    ban_s: float = 10 * 60
    stock: int | None = None
    requests_per_s: float | None = None
    faults: dict[str, float] = field(default_factory=dict)


def read_change(sent: Any) -> dict[str, Any]:
    """Return the settings sent as JSON, all of them checked. Raises BadSetting."""
    if not isinstance(sent, dict):
        raise BadSetting("send a JSON object")
    unknown = sorted(set(sent) - set(_CHECKS))
    if unknown:
        known = ", ".join(sorted(_CHECKS))
        raise BadSetting(f"unknown setting: {', '.join(unknown)}; there are {known}")
    return {name: _CHECKS[name](name, value) for name, value in sent.items()}


def _number(name: str, value: Any, highest: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise BadSetting(f"{name} must be a number")
    if not 0 <= value <= highest:
        raise BadSetting(f"{name} must be between 0 and {highest}")
    return float(value)


def _seconds(name: str, value: Any) -> float:
    return _number(name, value, _HIGHEST_SECONDS)


def _milliseconds(name: str, value: Any) -> float:
    return _number(name, value, _HIGHEST_SECONDS * 1000)


def _share(name: str, value: Any) -> float:
    return _number(name, value, 1)


def _stock(name: str, value: Any) -> int | None:
    return None if value is None else int(_number(name, value, _HIGHEST_STOCK))


def _rate(name: str, value: Any) -> float | None:
    return None if value is None else _number(name, value, _HIGHEST_STOCK)


def _balance(name: str, value: Any) -> int:
    try:
        return minor_units(value, highest=Decimal(10**9))
    except Unreadable:
        raise BadSetting(f"{name} must be an amount in dollars") from None


def _faults(name: str, value: Any) -> dict[str, float]:
    if not isinstance(value, dict):
        raise BadSetting(f"{name} must be an object of names and probabilities")
    unknown = sorted(set(value) - set(FAULTS))
    if unknown:
        raise BadSetting(f"unknown fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}")
    return {fault: _share(fault, share) for fault, share in value.items()}


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "latency_ms": _milliseconds,
    "code_after_s": _seconds,
    "code_rate": _share,
    "cancel_lock_s": _seconds,
    "lifetime_s": _seconds,
    "delay_s": _seconds,
    "ban_s": _seconds,
    "stock": _stock,
    "requests_per_s": _rate,
    "balance": _balance,
    "faults": _faults,
}
