"""Sources of exchange rates: what they say, read exactly, and nothing believed that cannot be."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from suppliers.rates.base import RateSheet, RatesUnavailable
from suppliers.rates.ecb import EuropeanCentralBank
from suppliers.rates.open_rates import OpenRates
from suppliers.rates.registry import SOURCES, UnknownSource, open_source

ECB = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
    xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
  <gesmes:subject>Reference rates</gesmes:subject>
  <Cube>
    <Cube time='2026-06-22'>
      <Cube currency='USD' rate='1.0800'/>
      <Cube currency='CNY' rate='7.7760'/>
      <Cube currency='IDR' rate='17550.00'/>
    </Cube>
  </Cube>
</gesmes:Envelope>
"""
OPEN: dict[str, Any] = {
    "result": "success",
    "base_code": "USD",
    "time_last_update_unix": 1_782_086_402,
    "rates": {"USD": 1, "IDR": 16250.5, "RUB": 80.25, "EUR": 0.92, "CNY": 7.2},
}
BODIES = {"ecb": ECB, "open-rates": json.dumps(OPEN)}


@pytest.fixture(params=list(SOURCES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_central_bank_counts_from_the_euro() -> None:
    sheet = EuropeanCentralBank().read(ECB)

    assert sheet.as_of == datetime(2026, 6, 22, 12, 15, tzinfo=UTC)
    assert sheet.worth("USD", into="IDR") == Decimal(17_550) / Decimal("1.08")
    assert sheet.worth("EUR", into="IDR") == Decimal(17_550)
    assert sheet.worth("IDR", into="IDR") == 1
    assert sheet.worth("RUB", into="IDR") is None
    assert sheet.worth("USD", into="RUB") is None


def test_open_rates_count_from_the_dollar() -> None:
    sheet = OpenRates().read(json.dumps(OPEN))

    assert sheet.as_of == datetime(2026, 6, 22, 0, 0, 2, tzinfo=UTC)
    assert sheet.worth("USD", into="IDR") == Decimal("16250.5")
    assert sheet.worth("RUB", into="IDR") == Decimal("16250.5") / Decimal("80.25")


def test_each_is_asked_at_its_address(name, scripted, raw) -> None:
    scripted.answers(raw(BODIES[name]))

    sheet = open_source(name, scripted.url).sheet()

    assert isinstance(sheet, RateSheet)
    assert sheet.worth("USD", into="IDR")
    assert len(scripted.requests) == 1


def test_every_address_is_https() -> None:
    assert all(source.address.startswith("https://") for source in SOURCES.values())


def test_a_name_that_is_none() -> None:
    with pytest.raises(UnknownSource):
        open_source("nobody")


HTML = "<html><body>Sorry, we are closed</body></html>"


@pytest.mark.parametrize(
    "body",
    [
        *("", HTML, "null", "[]", "{}", "{", "7", '"x"', "\x00" * 50, "[" * 50_000),
        *(b"\xff\xfe", b"\x1f\x8b\x08not gzip"),
        ECB.replace("2026-06-22", "2026-02-30"),
        ECB.replace("<Cube time='2026-06-22'>", "<Cube>"),
        ECB.replace(
            "<Cube time='2026-06-22'>", "<Cube time='2026-06-19'/><Cube time='2026-06-22'>"
        ),
        ECB.replace("currency=", "name="),
        json.dumps(OPEN | {"result": "error"}),
        json.dumps(OPEN | {"base_code": None}),
        json.dumps(OPEN | {"time_last_update_unix": "yesterday"}),
        json.dumps(OPEN | {"time_last_update_unix": 10**30}),
        json.dumps(OPEN | {"time_last_update_unix": True}),
        json.dumps(OPEN | {"rates": []}),
        json.dumps(OPEN | {"rates": {"IDR": 16_250}}),
        json.dumps(OPEN | {"rates": {"USD": 2, "IDR": 16_250}}),
    ],
    ids=lambda body: ascii(body[:40]),
)
def test_what_is_no_rates_is_unavailable(name, scripted, raw, body) -> None:
    scripted.answers(raw(body))

    with pytest.raises(RatesUnavailable):
        open_source(name, scripted.url).sheet()


@pytest.mark.parametrize("status", [204, 301, 302, 403, 404, 429, 500, 503])
def test_another_status_is_unavailable(name, scripted, raw, status) -> None:
    scripted.answers(raw(BODIES[name], status=status, headers="Location: http://127.0.0.1:1/\r\n"))

    with pytest.raises(RatesUnavailable, match=str(status)):
        open_source(name, scripted.url).sheet()

    assert len(scripted.requests) == 1


def test_an_answer_without_end_is_unavailable(name, scripted, raw) -> None:
    scripted.answers(raw(BODIES[name] + " " * 70_000))

    with pytest.raises(RatesUnavailable, match="larger"):
        open_source(name, scripted.url).sheet()


def test_nobody_there_is_unavailable(name, free_port) -> None:
    with pytest.raises(RatesUnavailable):
        open_source(name, f"http://127.0.0.1:{free_port}/").sheet()


def test_an_answer_cut_short_is_unavailable(name, scripted, raw) -> None:
    scripted.answers(raw(BODIES[name])[:-100])
    started = time.monotonic()

    with pytest.raises(RatesUnavailable):
        open_source(name, scripted.url).sheet()

    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "rate",
    ["0", "0.0", "-1.08", "NaN", "Infinity", "1e999", "1e10", "abc", "", "9" * 30, "1,08", "٣"],
)
def test_a_rate_that_cannot_be_is_missing(rate) -> None:
    sheet = EuropeanCentralBank().read(ECB.replace("1.0800", rate))
    other = OpenRates().read(json.dumps(OPEN | {"rates": OPEN["rates"] | {"EUR": rate}}))

    assert sheet.worth("USD", into="IDR") is None
    assert sheet.worth("CNY", into="IDR") is not None
    assert other.worth("EUR", into="IDR") is None
    assert other.worth("USD", into="IDR") is not None


@pytest.mark.parametrize("rate", [None, True, [], {}, 0, -1])
def test_a_rate_of_another_kind_is_missing(rate) -> None:
    sheet = OpenRates().read(json.dumps(OPEN | {"rates": OPEN["rates"] | {"EUR": rate}}))

    assert sheet.worth("EUR", into="IDR") is None


def test_an_entity_is_not_expanded() -> None:
    bomb = ECB.replace("<gesmes", '<!DOCTYPE x [<!ENTITY a "9">]><gesmes', 1)

    sheet = EuropeanCentralBank().read(bomb.replace("1.0800", "&a;"))

    assert sheet.worth("USD", into="IDR") is None
