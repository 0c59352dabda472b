"""The reviewed country and service tables keep their promises: they feed public codes."""

import csv
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "catalog" / "data"

COUNTRY_COLUMNS = ["code", "trade_id", "iso", "name_en", "name_id", "prefix"]
SERVICE_COLUMNS = ["code", "trade_code", "name", "category", "popularity"]
CATEGORIES = {
    "messaging",
    "social",
    "dating",
    "email",
    "search-ai",
    "shopping",
    "finance",
    "crypto",
    "payments",
    "transport",
    "delivery",
    "travel",
    "games",
    "gambling",
    "streaming",
    "work",
    "telecom",
    "government-education",
    "health",
    "food",
    "real-estate",
    "classifieds",
    "other",
}

Row = dict[str, str]


def read(name: str) -> tuple[list[str], list[Row]]:
    with (DATA / name).open(encoding="utf-8", newline="") as table:
        reader = csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True)
        return list(reader.fieldnames or []), list(reader)


COUNTRY_HEADER, COUNTRIES = read("countries.tsv")
SERVICE_HEADER, SERVICES = read("services.tsv")


def repeated(values: Iterable[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def not_matching(pattern: str, rows: list[Row], column: str) -> list[str]:
    return [row[column] for row in rows if not re.fullmatch(pattern, row[column])]


def test_the_columns_are_the_agreed_ones() -> None:
    assert COUNTRY_HEADER == COUNTRY_COLUMNS
    assert SERVICE_HEADER == SERVICE_COLUMNS


@pytest.mark.parametrize("rows", [COUNTRIES, SERVICES], ids=["countries", "services"])
def test_every_cell_is_filled_and_trimmed(rows: list[Row]) -> None:
    cells = [cell for row in rows for cell in row.values()]

    assert [cell for cell in cells if not cell or cell != cell.strip()] == []


def test_every_trade_id_has_one_country_in_order() -> None:
    assert [row["trade_id"] for row in COUNTRIES] == [str(number) for number in range(203)]


@pytest.mark.parametrize("column", ["code", "name_en", "name_id"])
def test_countries_are_told_apart_by(column: str) -> None:
    assert repeated(row[column] for row in COUNTRIES) == []


def test_only_the_united_states_appear_twice() -> None:
    assert repeated(row["iso"] for row in COUNTRIES) == ["US"]


def test_country_codes_are_the_lower_case_iso_codes() -> None:
    odd = {row["code"] for row in COUNTRIES if row["code"] != row["iso"].lower()}

    assert odd == {"us-virtual"}
    assert not_matching(r"[A-Z]{2}", COUNTRIES, "iso") == []


def test_prefixes_are_a_calling_code_or_a_north_american_area_code() -> None:
    assert not_matching(r"\+(1([2-9]\d{2})?|[2-9]\d{0,2}|7)", COUNTRIES, "prefix") == []


def test_area_codes_are_not_shared() -> None:
    area_codes = [row["prefix"] for row in COUNTRIES if re.fullmatch(r"\+1\d{3}", row["prefix"])]

    assert area_codes
    assert repeated(area_codes) == []


@pytest.mark.parametrize(
    ("code", "trade_id", "name_en", "name_id", "prefix"),
    [
        ("ru", "0", "Russia", "Rusia", "+7"),
        ("kz", "2", "Kazakhstan", "Kazakhstan", "+7"),
        ("id", "6", "Indonesia", "Indonesia", "+62"),
        ("us-virtual", "12", "United States (virtual)", "Amerika Serikat (virtual)", "+1"),
        ("hk", "14", "Hong Kong", "Hong Kong", "+852"),
        ("gb", "16", "United Kingdom", "Inggris Raya", "+44"),
        ("cd", "18", "DR Congo", "Republik Demokratik Kongo", "+243"),
        ("jm", "103", "Jamaica", "Jamaika", "+1876"),
        ("cg", "150", "Republic of the Congo", "Republik Kongo", "+242"),
        ("bt", "158", "Bhutan", "Bhutan", "+975"),
        ("us", "187", "United States", "Amerika Serikat", "+1"),
    ],
)
def test_known_countries(code: str, trade_id: str, name_en: str, name_id: str, prefix: str) -> None:
    [row] = [row for row in COUNTRIES if row["code"] == code]

    assert (row["trade_id"], row["name_en"], row["name_id"]) == (trade_id, name_en, name_id)
    assert row["prefix"] == prefix


def test_all_services_are_listed_by_code() -> None:
    codes = [row["code"] for row in SERVICES]

    assert len(codes) == 535
    assert codes == sorted(codes)


@pytest.mark.parametrize("column", ["code", "trade_code", "name"])
def test_services_are_told_apart_by(column: str) -> None:
    assert repeated(row[column].casefold() for row in SERVICES) == []


def test_service_codes_are_slugs() -> None:
    assert not_matching(r"[a-z0-9]+(-[a-z0-9]+)*", SERVICES, "code") == []
    assert not_matching(r"[a-z0-9]{2}", SERVICES, "trade_code") == []


def test_no_service_takes_the_sandbox_prefix() -> None:
    assert [row["code"] for row in SERVICES if row["code"].startswith("test-")] == []


def test_categories_are_the_closed_list_and_all_used() -> None:
    assert {row["category"] for row in SERVICES} == CATEGORIES


def test_popularity_is_a_weight_up_to_a_thousand() -> None:
    assert not_matching(r"0|[1-9]\d{0,2}|1000", SERVICES, "popularity") == []


def test_service_names_do_not_mix_latin_and_cyrillic() -> None:
    mixed = r"(?=.*[A-Za-z])(?=.*[\u0400-\u04FF]).*"

    assert [row["name"] for row in SERVICES if re.fullmatch(mixed, row["name"])] == []


def test_the_most_wanted_services_come_first() -> None:
    by_weight = sorted(SERVICES, key=lambda row: -int(row["popularity"]))

    assert [row["code"] for row in by_weight[:3]] == ["whatsapp", "telegram", "google"]


@pytest.mark.parametrize(
    ("code", "trade_code", "category"),
    [
        ("whatsapp", "wa", "messaging"),
        ("telegram", "tg", "messaging"),
        ("google", "go", "search-ai"),
        ("openai", "dr", "search-ai"),
        ("instagram", "ig", "social"),
        ("facebook", "fb", "social"),
        ("twitter", "tw", "social"),
        ("tiktok", "lf", "social"),
        ("line", "me", "messaging"),
        ("wechat", "wb", "messaging"),
        ("gojek", "ni", "transport"),
        ("grab", "jg", "transport"),
        ("shopee", "ka", "shopping"),
        ("tokopedia", "xd", "shopping"),
        ("ovo", "xh", "payments"),
        ("dana", "fr", "payments"),
        ("airbnb", "uk", "travel"),
        ("other", "ot", "other"),
    ],
)
def test_known_services(code: str, trade_code: str, category: str) -> None:
    [row] = [row for row in SERVICES if row["code"] == code]

    assert (row["trade_code"], row["category"]) == (trade_code, category)
