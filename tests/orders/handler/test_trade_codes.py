"""Countries and services by the trade's names, which staff may change, or by ours."""

from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from catalog.models import OWN_IDS_FROM, Country, Service
from nexotp.lib.brief import forget_everything
from tests import cast
from tests.orders.handler.calling import Door

pytestmark = pytest.mark.usefixtures("committed", "simulator")


@pytest.fixture
def whatsapp() -> Iterator[Service]:
    before = Service.objects.get(code="whatsapp")
    yield Service.objects.get(code="whatsapp")
    before.save()


@pytest.fixture
def indonesia() -> Iterator[Country]:
    before = Country.objects.get(code="id")
    yield Country.objects.get(code="id")
    before.save()


@pytest.fixture
def door(alice: User) -> Door:
    return Door(cast.key_for(alice))


@pytest.mark.parametrize("service", ["wa", "whatsapp", "svc_whatsapp"])
@pytest.mark.parametrize("country", ["6", "id", "06"])
def test_each_name_finds_it(service: str, country: str, door: Door) -> None:
    assert door("getPrices", service=service, country=country).json["6"]["wa"]["cost"] == 8800


def test_what_has_no_name_goes_by_ours(door: Door, whatsapp: Service, indonesia: Country) -> None:
    Service.objects.filter(pk=whatsapp.pk).update(trade_code="")
    Country.objects.filter(pk=indonesia.pk).update(trade_id=None)
    forget_everything()
    number = str(OWN_IDS_FROM + indonesia.pk)

    prices = door("getPrices", service="whatsapp", country=number).json

    assert prices[number]["whatsapp"]["cost"] == 8800
    assert door("getCountries").json[number]["id"] == int(number)
    bought = door("getNumberV2", service="whatsapp", country=number).json
    assert (bought["countryCode"], bought["serviceCode"]) == (number, "whatsapp")
    [row] = door("getActiveActivations").json["data"]
    assert (row["countryCode"], row["serviceCode"]) == (number, "whatsapp")
    assert door("getPrices", service="wa").word == "BAD_SERVICE"
    assert door("getNumber", service="whatsapp", country="6").word == "ERROR_SQL"


def test_what_is_hidden_is_not_there(door: Door, whatsapp: Service) -> None:
    Service.objects.filter(pk=whatsapp.pk).update(is_visible=False)
    forget_everything()
    try:
        assert door("getNumber", service="wa", country="6").word == "BAD_SERVICE"
        assert "wa" not in door("getPrices", country="6").json.get("6", {})
    finally:
        Service.objects.filter(pk=whatsapp.pk).update(is_visible=True)


def test_staff_changes_a_code(whatsapp: Service, staff: User, door: Door) -> None:
    client = Client()
    client.force_login(staff)
    page = f"/admin/catalog/service/{whatsapp.pk}/change/"
    sent = {"code": "whatsapp", "name": "WhatsApp", "category": "messenger", "popularity": "1"}
    sent |= {"is_visible": "on"}

    taken = client.post(page, {**sent, "trade_code": "tg"})
    ugly = client.post(page, {**sent, "trade_code": "W:A"})
    done = client.post(page, {**sent, "trade_code": "wax"})

    assert (taken.status_code, ugly.status_code, done.status_code) == (200, 200, 302)
    forget_everything()
    assert "wax" in door("getPrices", country="6").json["6"]


def test_loading_the_tables_again_leaves_them_alone(whatsapp: Service, indonesia: Country) -> None:
    Service.objects.filter(pk=whatsapp.pk).update(trade_code="wax")
    Country.objects.filter(pk=indonesia.pk).update(trade_id=None)

    call_command("load_reference_data", verbosity=0)

    whatsapp.refresh_from_db()
    indonesia.refresh_from_db()
    assert (whatsapp.trade_code, indonesia.trade_id) == ("wax", None)


def test_a_code_belongs_to_one_service(whatsapp: Service) -> None:
    whatsapp.trade_code = "tg"

    with pytest.raises(ValidationError, match=r"service has this|Layanan lain"):
        whatsapp.full_clean()
