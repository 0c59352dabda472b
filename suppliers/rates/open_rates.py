"""The open access to ExchangeRate-API: daily, weekends too, every currency, no key.

Asks that it be named where its rates are shown, and to be asked no more often than hourly.
Source: exchangerate-api.com, "Free currency data API".
"""

from __future__ import annotations

from datetime import UTC, datetime

from suppliers.rates.base import RateSheet, RateSource, readable
from suppliers.reading import read_json


class OpenRates(RateSource):
    address = "https://open.er-api.com/v6/latest/USD"

    def read(self, text: str) -> RateSheet:
        answer = read_json(text)
        if not isinstance(answer, dict) or answer.get("result") != "success":
            raise ValueError("not a success")
        base, updated, rates = (
            answer.get(name) for name in ("base_code", "time_last_update_unix", "rates")
        )
        if not isinstance(base, str) or type(updated) is not int or not isinstance(rates, dict):
            raise ValueError("not rates")
        found = readable(rates)
        if found.get(base) != 1:
            raise ValueError("no rates against their own base")
        return RateSheet(base, datetime.fromtimestamp(updated, UTC), found)
