"""Settings that cannot work, said at the start rather than when the rates have run out."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, register

from suppliers.rates.registry import SOURCES


@register
def source_of_rates_is_known(**_kwargs: Any) -> list[Error]:
    name = settings.EXCHANGE_RATE_SOURCE
    if not name or name in SOURCES:
        return []
    known = ", ".join(sorted(SOURCES))
    return [
        Error(
            f"EXCHANGE_RATE_SOURCE is {name!r}, and no source goes by that name.",
            hint=f"Known are {known}; empty, rates are managed in the admin.",
            id="catalog.E001",
        )
    ]
