"""What waits for review: with a guess where a name holds one of ours, and with its stock."""

import pytest

from catalog.models import Country, CountryMapping, Proposer, Service, ServiceMapping, Supplier
from tests.catalog.lists import COUNTRIES, NAMED, line, stock, sync


@pytest.mark.parametrize(
    ("code", "name", "meaning", "by"),
    [
        ("813", "Google,youtube,Gmail", "google", Proposer.PART),
        ("814", "WhatsApp Business", "whatsapp", Proposer.PART),
        ("815", "The new Telegram", "telegram", Proposer.PART),
        ("wa", "WA Messenger", "whatsapp", Proposer.CODE),
    ],
)
def test_a_service_is_proposed(
    beta: Supplier, prices, code: str, name: str, meaning: str, by: Proposer
) -> None:
    prices.names = {code: name}
    prices.lines = [line(code)]

    sync(beta)

    mapping = ServiceMapping.objects.get(supplier=beta, code=code)
    assert mapping.service == Service.objects.get(code=meaning)
    assert (mapping.proposed_by, mapping.is_reviewed) == (by, False)
    assert stock(beta) == {}


@pytest.mark.parametrize("name", ["Inggris Raya", "Vietnam (mobile)"])
def test_a_country_is_proposed(beta: Supplier, prices, name: str) -> None:
    prices.countries_named = COUNTRIES | {"x1": name}

    sync(beta)

    mapping = CountryMapping.objects.get(supplier=beta, code="x1")
    assert mapping.country == Country.objects.get(code="vn" if "Viet" in name else "gb")
    assert (mapping.proposed_by, mapping.is_reviewed) == (Proposer.PART, False)


def test_a_code_without_a_name_may_be_one(beta: Supplier, prices) -> None:
    prices.lines = [line("telegram")]

    sync(beta)

    mapping = ServiceMapping.objects.get(supplier=beta, code="telegram")
    assert mapping.service == Service.objects.get(code="telegram")
    assert not mapping.is_reviewed


@pytest.mark.parametrize("name", ["", "Somewhere else", "Land of +1", "Go"])
def test_what_is_not_plain_is_not_proposed(beta: Supplier, prices, name: str) -> None:
    prices.countries_named = COUNTRIES | {"x1": name}

    sync(beta)

    assert CountryMapping.objects.get(supplier=beta, code="x1").country is None


def test_what_waits_behind_a_code_is_counted(beta: Supplier, prices) -> None:
    prices.lines = [line("zz", stock=7), line("zz", "187", stock=8), line("wa")]

    run = sync(beta)

    waiting = ServiceMapping.objects.waiting().get(supplier=beta, code="zz")
    assert (waiting.listing_count, waiting.stock_count) == (2, 15)
    assert run.unmapped_count == 1


def test_codes_that_no_column_holds_are_left_out(beta: Supplier, prices) -> None:
    prices.names = NAMED | {"x" * 41: "Too long", "": "Empty", "a\x00b": "NUL"}
    prices.lines = [line("x" * 41), line(""), line("a\x00b"), line("wa", cost=0), line("wa")]

    run = sync(beta)

    assert (run.read_count, run.unreadable_count, run.added_count) == (5, 4, 1)


def test_codes_may_hold_what_copy_treats_specially(beta: Supplier, prices) -> None:
    odd = "a\\b\tc\nd"
    prices.lines = [line(odd), line("wa")]

    sync(beta)

    assert ServiceMapping.objects.filter(supplier=beta, code=odd).exists()
