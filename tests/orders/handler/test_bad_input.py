"""Nothing that comes in at the door ends in a crash or a page, in any dialect, by any method."""

from itertools import cycle
from typing import Any

import httpx2
import pytest

from accounts.models import Dialect, Plan, User
from orders.handler.table import ACTIONS
from orders.models import Order
from orders.reports import audit_ledger
from tests import cast
from tests.orders.handler.calling import PATHS, Door, checked

pytestmark = pytest.mark.usefixtures("committed", "simulator")

ANY_ACTION = pytest.mark.parametrize("action", [*ACTIONS, "setStatus", "getRentNumber"])
ANY_DIALECT = pytest.mark.parametrize("dialect", list(Dialect))
BAD = [
    *("", " ", "\x00", "a\x00b", "\r\nX-Injected: yes", "..", "null", "None", "NaN", "-0", "-1"),
    *("1.0", "1e400", "9" * 400, str(2**63), str(2**63 - 1), "٣", "½", "\u202e", "' OR 1=1 --"),
    *("x" * 5_000, "1,2,3", ",".join("ab" * 200), "[]", "2026-02-30", "9999-12-31", "<b>", ":"),
]
NAMES = (
    *("service", "country", "operator", "maxPrice", "orderId", "providerIds", "id", "status"),
    *("start", "end", "offset", "limit", "size", "length", "page", "activationType", "lang"),
)
RAW = [
    *("action", "action=", "action[]=getBalance", "action=getBalance&action=getNumber", "&&&==;"),
    *("action=getStatus&id[]=1", "action=getStatus&id=%ff%fe", "action=get%00Balance", "%", "%zz"),
    *("action=getHistory&start=%ed%a0%80", "action=getNumber&service=%c0%80", "a=" * 900),
    "action=getPrices&service[a][b]=wa&country[]=6",
]


@ANY_ACTION
def test_bad_values_of_every_parameter(action: str, bob: User) -> None:
    """Each value in some one parameter, each parameter with some value, and all at once."""
    bob.plan = Plan.objects.get(code="unlimited")
    bob.save(update_fields=["plan"])
    door = Door(cast.key_for(bob))
    usual = {"service": "wa", "country": "6", "id": "1", "status": "8", "maxPrice": "1"}

    said = [door(action, **usual | {name: bad}) for name, bad in zip(cycle(NAMES), BAD)]
    said += [door(action, **usual | {name: bad}) for name, bad in zip(NAMES, cycle(BAD[::-1]))]
    said += [door(action, **dict.fromkeys(NAMES, bad)) for bad in BAD]

    assert len(said) > 60
    assert {each.status for each in said} == {200}
    assert audit_ledger() == []


@ANY_ACTION
@pytest.mark.parametrize("dialect", [Dialect.HERO, Dialect.GRIZZLY])
def test_bad_values_in_the_other_dialects(action: str, dialect: Dialect, bob: User) -> None:
    door = Door(cast.key_for(bob), dialect)

    said = [door(action, **dict.fromkeys(NAMES, bad)) for bad in BAD[::3]]

    assert len(said) > 8
    assert not Order.objects.exists()


@ANY_DIALECT
@pytest.mark.parametrize("raw", RAW)
def test_queries_that_no_client_would_send(raw: str, dialect: Dialect, alice: User) -> None:
    key = cast.key_for(alice)

    for query in (f"api_key={key}&{raw}", f"{raw}&api_key={key}", raw, f"api_key[]={key}&{raw}"):
        said = Door(dialect=dialect).send("GET", query)
        assert said.status == 200 or dialect is Dialect.HERO
    assert not Order.objects.exists()


@ANY_DIALECT
@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"])
def test_other_methods_do_nothing(method: str, dialect: Dialect, alice: User) -> None:
    goods = {"action": "getNumber", "service": "wa", "country": "6"}

    said = Door(dialect=dialect).send(method, {"api_key": cast.key_for(alice), **goods})

    assert said.status == (405 if dialect is Dialect.HERO else 200)
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", "application/json"),
        (b'{"action": "getBalance"}', "application/json"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"action=getBalance&a=%ff", "application/x-www-form-urlencoded; charset=hex"),
        (b"action=getBalance", "application/x-www-form-urlencoded; charset=utf-16"),
        (b"x" * 200_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(3_000)), "application/x-www-form-urlencoded"),
        (b"--x\r\nnothing", "multipart/form-data; boundary=x"),
        (b"nothing", "multipart/form-data"),
        (b"nothing", "multipart/form-data; boundary=" + "x" * 300),
        (b"\x1f\x8b", "unknown/unknown"),
        (b"", "a; b*0*=x''a; b*1*=%ff"),
    ],
)
def test_bodies_of_every_kind(body: bytes, content_type: str, alice: User, web_server: str) -> None:
    headers = {"Content-Type": content_type}
    for path in PATHS.values():
        response = httpx2.post(
            f"{web_server}{path}?api_key={cast.key_for(alice)}&action=getStatus&id=7",
            content=body,
            headers=headers,
            trust_env=False,
        )
        said = checked(response.status_code, dict(response.headers), response.content)
        assert said.word in {"NO_ACTIVATION", "ERROR_SQL", "UNPROCESSABLE_ENTITY"} or (
            said.word.startswith("ACCESS_BALANCE")
        )


def test_a_form_in_chunks(alice: User, web_server: str) -> None:
    def stream() -> Any:
        yield b"action=getBal"
        yield b"ance"

    response = httpx2.post(
        f"{web_server}/stubs/handler_api?api_key={cast.key_for(alice)}",
        content=stream(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        trust_env=False,
    )

    assert response.text == "ACCESS_BALANCE:1000000.00"


@pytest.mark.parametrize("path", ["//stubs/handler_api.php", "//grizzly/stubs/handler_api"])
def test_a_slash_too_many_is_forgiven(path: str, alice: User, web_server: str) -> None:
    url = f"{web_server}{path}?api_key={cast.key_for(alice)}&action=getBalance"

    assert httpx2.get(url, trust_env=False).text == "ACCESS_BALANCE:1000000.00"


def test_a_broken_shop_is_no_page(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_options: object) -> None:
        raise ZeroDivisionError("secret words")

    key = cast.key_for(alice)
    monkeypatch.setattr("orders.handler.door.check_scope", broken)

    assert Door(key)("getBalance").word == "ERROR_SQL"
    response = _hero_answer(key)
    assert response.status_code == 503
    assert b"secret" not in response.content
    assert response.json()["title"] == "SERVER_ERROR"


def _hero_answer(key: str) -> Any:
    from django.test import Client

    return Client().get(PATHS[Dialect.HERO], {"api_key": key, "action": "getBalance"})
