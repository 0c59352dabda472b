"""Money without floats, text without surprises, codes only where they are plain."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suppliers.reading import (
    Unreadable,
    clean_text,
    code_in,
    decimal_text,
    minor_units,
    phone_number,
    read_json,
    whole_number,
)


@given(st.integers(0, 10**9))
def test_what_is_printed_is_read_back(minor):
    assert minor_units(decimal_text(minor)) == minor


@given(st.text() | st.floats() | st.decimals() | st.integers() | st.none() | st.booleans())
def test_an_amount_is_sane_or_unreadable(raw):
    try:
        amount = minor_units(raw)
    except Unreadable:
        return
    assert 0 <= amount <= 10**9
    assert type(amount) is int


@pytest.mark.parametrize(
    ("raw", "minor"),
    [
        ("0.0067", 67),
        (Decimal("0.25"), 2500),
        (3, 30_000),
        ("1e-3", 10),
        ("0.00001", 1),
        ("0.12341", 1235),
    ],
)
def test_amounts_have_four_decimals_and_round_up(raw, minor):
    assert minor_units(raw) == minor


@pytest.mark.parametrize(
    "raw",
    [0.25, "NaN", "sNaN", "Infinity", "-0.01", "1e400", "100000.01", "0,25", "1" * 50, "", None],
)
def test_what_is_no_amount_is_unreadable(raw):
    with pytest.raises(Unreadable):
        minor_units(raw)


@pytest.mark.parametrize(
    "text", ["{", "NaN", '{"a": Infinity}', "[" * 100_000, '{"a": 1e9999999999999999999}']
)
def test_what_is_no_json_is_unreadable(text):
    with pytest.raises(Unreadable):
        read_json(text)


def test_json_numbers_stay_exact():
    assert read_json('{"cost": 0.1}') == {"cost": Decimal("0.1")}


@pytest.mark.parametrize(("raw", "count"), [("17", 17), (-3, 0), (10**30, 10**9)])
def test_counts_fit_a_database(raw, count):
    assert whole_number(raw) == count


@pytest.mark.parametrize("raw", [None, "", "1.5", [], "many"])
def test_what_is_no_count_is_unreadable(raw):
    with pytest.raises(Unreadable):
        whole_number(raw)


@pytest.mark.parametrize("raw", ["6281234567890", "+6281234567890", 6281234567890])
def test_phone_numbers_become_e164(raw):
    assert phone_number(raw) == "+6281234567890"


@pytest.mark.parametrize(
    "raw", ["", None, "12345", "0812345678", "79584******", "1" * 16, "+62 812"]
)
def test_what_is_no_phone_number_is_unreadable(raw):
    with pytest.raises(Unreadable):
        phone_number(raw)


@given(st.text())
def test_clean_text_can_be_stored(raw):
    text = clean_text(raw + "\x00\ud800")

    assert "\x00" not in text
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your code is 123456", "123456"),
        ("123-456 is your code", "123456"),
        ("Use 4711 to sign in.", "4711"),
        ("<#> 1234 is your code, 1234", "1234"),
        ("Code: 12345678", "12345678"),
        ("Your code is 123456 or 654321", None),
        ("Call +6281234567890", None),
        ("You paid $1234", None),
        ("Order 123456789012", None),
        ("See https://a.example/123456", None),
        ("It costs 1234.50", None),
        ("Welcome", None),
        ("Your code is 123", None),
    ],
)
def test_a_code_is_found_only_where_it_is_plain(text, code):
    assert code_in(text) == code
