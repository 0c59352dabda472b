"""The reference rates of the European Central Bank, against the euro.

One small XML file, replaced at about 16:00 Frankfurt time on working days; its page itself reads
it line by line with a regular expression. No ruble since March 2022.
Source: ecb.europa.eu, "Euro foreign exchange reference rates", for developers.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from suppliers.rates.base import RateSheet, RateSource, readable

# No XML parser: nothing in the file needs one, and what an attacker could add would.
_DAY = re.compile(r"""<Cube\s+time=["'](\d{4}-\d\d-\d\d)["']""", re.ASCII)
_RATE = re.compile(
    r"""<Cube\s+currency=["']([A-Z]{3})["']\s+rate=["']([^"']{1,40})["']""", re.ASCII
)
# They are of 14:15 in Frankfurt, an hour or two before that in UTC; the earlier is taken.
_OF_THE_DAY = timedelta(hours=12, minutes=15)


class EuropeanCentralBank(RateSource):
    address = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml"

    def read(self, text: str) -> RateSheet:
        days = _DAY.findall(text)
        if len(days) != 1:
            raise ValueError("not the rates of one day")
        as_of = datetime.fromisoformat(days[0]).replace(tzinfo=UTC) + _OF_THE_DAY
        return RateSheet("EUR", as_of, readable(dict(_RATE.findall(text))))
