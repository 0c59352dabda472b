"""What a supplier's codes may mean: by table, by name, and reviewed only where names agree."""

import pytest

from catalog.models import Country, Service, Supplier
from catalog.proposals import _table, propose_countries, propose_services
from suppliers.base import Credentials, NamedCode
from suppliers.registry import PROTOCOLS, open_supplier


@pytest.fixture
def services(db: None):
    """Return what is proposed for one service: our code, and whether that is reviewed."""

    def services(code: str, name: str, vocabulary: str) -> tuple[str | None, bool]:
        named = [NamedCode(code, name)]
        [mapping] = propose_services(Supplier(), named, vocabulary=vocabulary)
        found = mapping.service.code if mapping.service else None
        return found, mapping.is_reviewed

    return services


@pytest.fixture
def countries(db: None):
    def countries(named: NamedCode, vocabulary: str) -> tuple[str | None, bool]:
        [mapping] = propose_countries(Supplier(), [named], vocabulary=vocabulary)
        found = mapping.country.code if mapping.country else None
        return found, mapping.is_reviewed

    return countries


@pytest.mark.parametrize(
    ("code", "name", "vocabulary", "service", "is_reviewed"),
    [
        ("wa", "Whats App", "smsactivate", "whatsapp", True),
        ("wa", "Telegram", "smsactivate", "whatsapp", False),
        ("xyzw", "WhatsApp", "smsactivate", "whatsapp", True),
        ("xyzw", "Nobody knows", "smsactivate", None, False),
        ("whatsapp", "whatsapp", "fivesim", "whatsapp", True),
        ("vkontakte", "vkontakte", "fivesim", "vk", False),
        ("wa", "wa", "fivesim", None, False),
        ("WhatsApp", "WhatsApp", "smspool", "whatsapp", True),
        ("whatsapp", "", "ours", "whatsapp", True),
        ("wa", "", "ours", None, False),
    ],
)
def test_a_service_is_found_by_its_code_or_its_name(
    code: str, name: str, vocabulary: str, service: str | None, is_reviewed: bool, services
) -> None:
    assert services(code, name, vocabulary) == (service, is_reviewed)


@pytest.mark.parametrize(
    ("named", "vocabulary", "country", "is_reviewed"),
    [
        (NamedCode("6", "Indonesia"), "smsactivate", "id", True),
        (NamedCode("16", "England"), "smsactivate", "gb", False),
        (NamedCode("england", "England", "GB", "+44"), "fivesim", "gb", False),
        (NamedCode("indonesia", "Indonesia", "ID", "+62"), "fivesim", "id", True),
        (NamedCode("newplace", "Republic of Indonesia", "ID", "+62"), "fivesim", "id", False),
        (NamedCode("newplace", "Republic of Indonesia", "ID", "+61"), "fivesim", None, False),
        (NamedCode("ID", "Republic of Indonesia", "ID"), "smspool", "id", False),
        (NamedCode("US", "USA", "US"), "smspool", None, False),
        (NamedCode("US", "United States", "US"), "smspool", "us", True),
        (NamedCode("US_V", "United States (Virtual)"), "smspool", "us-virtual", True),
        (NamedCode("id", ""), "ours", "id", True),
    ],
)
def test_a_country_is_found_by_code_name_or_what_its_numbers_tell(
    named: NamedCode, vocabulary: str, country: str | None, is_reviewed: bool, countries
) -> None:
    assert countries(named, vocabulary) == (country, is_reviewed)


@pytest.mark.parametrize("table", ["service_codes", "country_codes"])
def test_the_tables_name_only_what_is_ours_and_each_code_once(table: str, db: None) -> None:
    rows = _table(table)
    ours: type[Service] | type[Country] = Service if table == "service_codes" else Country
    slugs = [row["fivesim"] for row in rows]

    assert len(rows) > 150
    assert {row["code"] for row in rows} <= set(ours.objects.values_list("code", flat=True))
    assert len(set(slugs)) == len(slugs)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_says_whose_codes_it_sells(protocol: str) -> None:
    client = open_supplier(protocol, Credentials("", ""))

    assert client.vocabulary in {"ours", "smsactivate", "fivesim", "smspool"}
