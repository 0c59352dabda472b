"""Pricing rules as a table: out and in again unchanged, and nothing taken for what it is not."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone as clock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import Tier
from catalog.models import Country, PricingRule, Service, Supplier
from catalog.rule_plans import Kind, Wanted, count_kinds, plan
from catalog.rule_sheets import header, read_rules, rows_of
from nexotp.lib.sheets import CellProblem, read_sheet, xlsx

pytestmark = pytest.mark.usefixtures("db")


def rules() -> list[PricingRule]:
    return list(PricingRule.objects.order_by("pk"))


def read(text: str) -> tuple[list[Wanted], list[CellProblem]]:
    sheet = read_sheet(text.encode())
    return read_rules(sheet.header, sheet.rows, rules())


def kinds(wanted: list[Wanted]) -> dict[Kind, int]:
    return dict(count_kinds(plan(wanted, rules(), replaces=False)))


def complaints(text: str) -> dict[tuple[int, str], str]:
    _wanted, problems = read(text)
    assert problems, "nothing was complained about"
    return {(each.row, each.column): str(each.message) for each in problems}


@pytest.fixture
def many(db: None) -> list[PricingRule]:
    """Rules of every sort."""
    whatsapp = Service.objects.get(code="whatsapp")
    indonesia = Country.objects.get(code="id")
    gold = Tier.objects.create(code="gold", name="=Gold")
    now = clock.now()
    for fields in (
        {"service": whatsapp, "country": indonesia, "markup_percent": Decimal("-12.34")},
        {"supplier": Supplier.objects.get(code="alpha"), "ceiling": 90_000, "rounding": 500},
        {
            "country": indonesia,
            "starts_at": now,
            "ends_at": now + timedelta(hours=1, microseconds=7),
        },
        {"tier": gold, "markup_fixed": -300, "is_active": False},
        # The same goods and times twice: that may be, and the newer one wins.
        {"tier": gold, "markup_percent": Decimal("9999.99"), "floor": 10**15},
    ):
        PricingRule.objects.create(**{"markup_percent": Decimal(30), **fields})
    return rules()


def as_csv(rules: list[PricingRule], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([header(), *rows_of(rules)])
    return text.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_went_out_as_csv_comes_back_unchanged(many: list[PricingRule], delimiter: str) -> None:
    wanted, problems = read(as_csv(many, delimiter))

    assert problems == []
    assert kinds(wanted) == {Kind.UNCHANGED: len(many)}


def test_what_went_out_as_xlsx_comes_back_unchanged(many: list[PricingRule]) -> None:
    sheet = read_sheet(xlsx(header(), rows_of(many), title="rules"))

    wanted, problems = read_rules(sheet.header, sheet.rows, many)

    assert problems == []
    assert kinds(wanted) == {Kind.UNCHANGED: len(many)}


def test_amounts_are_the_shops_currency_as_people_write_it(
    many: list[PricingRule], settings: Settings
) -> None:
    settings.SHOP_CURRENCY = "USD"

    written = list(rows_of(many))
    wanted, problems = read(as_csv(many))

    assert written[0][header().index("floor")] == Decimal("0.1000")
    assert problems == []
    assert kinds(wanted) == {Kind.UNCHANGED: len(many)}


def test_a_row_names_what_is_new_what_changes_and_what_stays() -> None:
    old = rules()[0]
    text = f"id,service,markup_percent\n{old.pk},,41\n,telegram,12.5\n"

    wanted, problems = read(text)
    changed, new = plan(wanted, rules(), replaces=False)

    assert problems == []
    assert (changed.kind, changed.changed) == (Kind.CHANGED, ["markup_percent"])
    # What is left out stays in a rule there is, and is the usual in a new one.
    assert changed.values["rounding"] == old.rounding == 100
    assert (new.kind, new.values["rounding"], new.values["is_active"]) == (Kind.NEW, 1, True)
    assert new.values["service_id"] == Service.objects.get(code="telegram").pk


def test_only_replacing_everything_removes() -> None:
    wanted, _problems = read("service,country,supplier,tier,markup_percent\ntelegram,,,,10\n")

    assert kinds(wanted) == {Kind.NEW: 1}
    assert dict(count_kinds(plan(wanted, rules(), replaces=True))) == {
        Kind.NEW: 1,
        Kind.REMOVED: 1,
    }


def test_a_sheet_without_numbers_read_twice_makes_no_rule_twice() -> None:
    text = "service,country,supplier,tier,markup_percent\n,,,,44\ntelegram,id,,,10\n"
    wanted, _problems = read(text)
    first = kinds(wanted)
    PricingRule.objects.create(**wanted[1].values)

    wanted, _problems = read(text)

    assert first == {Kind.CHANGED: 1, Kind.NEW: 1}
    assert kinds(wanted) == {Kind.CHANGED: 1, Kind.UNCHANGED: 1}
    assert plan(wanted, rules(), replaces=False)[0].changed == ["markup_percent"]


def test_an_empty_cell_is_nothing_or_the_usual() -> None:
    old = rules()[0]

    wanted, _problems = read(f"id,floor,ceiling,markup_fixed,active\n{old.pk},,,,\n")

    [line] = plan(wanted, rules(), replaces=False)
    assert line.changed == ["markup_fixed", "floor"]
    assert (line.values["floor"], line.values["markup_fixed"]) == (1, 0)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        *[("service", "nosuch"), ("country", "xx"), ("supplier", "nobody"), ("tier", "platinum")],
        *[("markup_percent", cell) for cell in ("", "much", "-100.01", "10000", "1.234", "1e3")],
        *[("markup_percent", cell) for cell in ("40%", "NaN", "Infinity", "٣", "0x10", "1,000")],
        *[("floor", cell) for cell in ("0", "-5", "12.5", "1.000", "1,000", "9" * 21, "10 000")],
        *[("markup_fixed", cell) for cell in ("1.000", "--1", "1000000000000001", "Rp 5")],
        *[("ceiling", cell) for cell in ("0", "1", "abc")],
        *[("rounding", cell) for cell in ("0", "-1", "2147483648")],
        *[("from", cell) for cell in ("tomorrow", "01/12/2026", "2026-13-01", "0001-01-01")],
        *[("until", cell) for cell in ("2026-12-01 25:00", "2020-01-01", "46000", "9999-12-31")],
        *[("active", cell) for cell in ("maybe", "2", "=TRUE()")],
        *[("id", cell) for cell in ("999999999", "abc", "-1", "1.5", "9" * 30)],
    ],
)
def test_a_cell_that_cannot_be_is_named_by_row_and_column(column: str, cell: str) -> None:
    cells = {"markup_percent": "10", "floor": "50", "from": "2026-01-01", "service": "telegram"}
    cells |= {column: cell}
    text = io.StringIO()
    csv.writer(text).writerows([["id", *cells], ["", *cells.values()]])
    if column == "id":
        text = io.StringIO(f"id,markup_percent\n{cell},10\n")

    assert set(complaints(text.getvalue())) == {(2, column)}


@pytest.mark.parametrize(
    ("cell", "percent"), [("40", 40), ("-5", -5), ("12.5", 12.5), ("12,5", 12.5), ("12,50", 12.5)]
)
def test_a_decimal_comma_is_understood_where_it_can_mean_nothing_else(
    cell: str, percent: float
) -> None:
    wanted, problems = read(f"id;service;markup_percent\n;telegram;{cell}\n")

    assert problems == []
    assert wanted[0].values["markup_percent"] == Decimal(str(percent))


def test_a_time_without_an_offset_is_the_shops() -> None:
    wanted, _problems = read(
        "id,service,markup_percent,from,until\n,telegram,10,2026-12-01 09:00,2026-12-31T23:59:59Z\n"
    )

    assert wanted[0].values["starts_at"] == datetime(2026, 12, 1, 2, tzinfo=UTC)
    assert wanted[0].values["ends_at"] == datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_two_rows_alike_are_a_slip() -> None:
    old = rules()[0].pk
    twice = complaints(f"id,markup_percent\n{old},10\n{old},20\n")
    alike = complaints("id,service,markup_percent\n,telegram,10\n,viber,9\n,telegram,20\n")

    assert [(place, "2" in said) for place, said in twice.items()] == [((3, "id"), True)]
    assert [(place, "2" in said) for place, said in alike.items()] == [((4, ""), True)]


def test_a_rule_moved_onto_another_is_a_slip_as_well(many: list[PricingRule]) -> None:
    of_goods, of_supplier = many[1], many[2]
    text = as_csv(many).replace(f"{of_supplier.pk},,,alpha", f"{of_supplier.pk},whatsapp,id,")

    assert set(complaints(text)) == {(4, "")}
    assert of_goods.service_id is not None


def test_a_tiers_rule_names_no_supplier(many: list[PricingRule]) -> None:
    found = complaints("id,tier,supplier,markup_percent\n,gold,alpha,5\n")

    assert set(found) == {(2, "supplier")}


def test_a_column_that_nobody_knows_is_named() -> None:
    assert (1, "markup") in complaints("id,markup\n,40\n")
    assert (1, "") in complaints("markup_percent\n40\n")


_SINCE = datetime(2000, 1, 2, tzinfo=UTC)
_AMOUNT = st.integers(1, 10**15)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    percent=st.decimals("-100", "9999.99", places=2),
    fixed=st.integers(-(10**15), 10**15),
    prices=st.tuples(_AMOUNT, _AMOUNT),
    rounding=st.integers(1, 2**31 - 1),
    starts_at=st.none()
    | st.timedeltas(timedelta(0), timedelta(days=2_000_000)).map(_SINCE.__add__),
    currency=st.sampled_from(["IDR", "USD"]),
)
def test_no_rule_is_changed_by_going_out_and_in(
    percent: Decimal,
    fixed: int,
    prices: tuple[int, int],
    rounding: int,
    starts_at: datetime | None,
    currency: str,
) -> None:
    from django.conf import settings as shop

    rule: Any = PricingRule(
        pk=1, markup_percent=percent, markup_fixed=fixed, floor=min(prices), ceiling=max(prices),
        rounding=rounding, starts_at=starts_at,
    )  # fmt: skip
    before, shop.SHOP_CURRENCY = shop.SHOP_CURRENCY, currency
    try:
        for content in (
            as_csv([rule]).encode(),
            xlsx(header(), rows_of([rule]), title="rules"),
        ):
            sheet = read_sheet(content)
            wanted, problems = read_rules(sheet.header, sheet.rows, [rule])
            assert problems == []
            assert [line.kind for line in plan(wanted, [rule], replaces=True)] == [Kind.UNCHANGED]
    finally:
        shop.SHOP_CURRENCY = before
