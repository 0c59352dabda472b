"""Deleting an account: who it was is forgotten, what was bought and paid is not."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, User
from orders.actions import (
    AccountClosed,
    OpenOrdersRemain,
    StaffAccount,
    TopUpPending,
    WalletNotEmpty,
    cancel_order,
    delete_account,
)
from orders.models import Order
from tests import cast
from tests.together import all_at_once
from tests.wallet.top_ups import scenes
from wallet.actions import AccountShut
from wallet.models import TopUp, Transfer
from webhooks.actions import create_endpoint
from webhooks.models import Endpoint

pytestmark = pytest.mark.usefixtures("committed", "simulator")

ALL = 1_000_000


def leave(user: User, *, give_up: int = ALL, now: datetime | None = None) -> None:
    delete_account(user, give_up=give_up, now=now or timezone.now())


def test_nothing_tells_any_more_whose_it_was(alice: User) -> None:
    key = cast.key_for(alice, name="Alice's server", allowed_networks=["203.0.113.7"])
    create_endpoint(
        user=alice, mode="live", url="https://alice.example/", events=["*"], now=timezone.now()
    )
    browser = Client()
    browser.post("/sign-in/", {"login": alice.email, "password": cast.PASSWORD})
    Authenticator.objects.create(user=alice, type="totp", data={})
    transfers = list(Transfer.objects.order_by("pk").values())

    leave(alice)

    row = User.objects.get(pk=alice.pk)
    assert row.email == f"{row.public_id}@deleted.invalid".lower()
    assert (row.is_active, row.has_usable_password()) == (False, False)
    assert row.deleted_at is not None
    kept = ApiKey.objects.get()
    assert (kept.name, kept.allowed_networks) == ("", [])
    assert kept.revoked_at is not None
    assert not EmailAddress.objects.exists()
    assert not Authenticator.objects.exists()
    assert not Endpoint.objects.kept().exists()
    assert list(Transfer.objects.order_by("pk").values()) == transfers
    assert browser.get("/wallet/").status_code == 302
    assert browser.get("/api/v1/balance", headers=cast.bearer(key)).status_code == 401
    assert cast.posted()[-1].to == ["alice@example.test"]
    call_command("audit_ledger")


def test_the_address_is_free_again(alice: User) -> None:
    leave(alice)

    assert cast.open_account("alice").pk != alice.pk


def test_an_open_order_stands_in_the_way(alice: User) -> None:
    order = cast.buy(alice)
    paid = ALL - order.price

    with pytest.raises(OpenOrdersRemain):
        leave(alice, give_up=paid)
    assert User.objects.get().is_active
    cancel_order(order, by=alice, reason="", now=timezone.now() + timedelta(minutes=3))
    leave(alice)

    assert Order.objects.get().user == alice
    call_command("audit_ledger")


@pytest.mark.parametrize("give_up", [0, ALL - 1, ALL + 1])
def test_money_is_given_up_exactly_or_kept(alice: User, give_up: int) -> None:
    with pytest.raises(WalletNotEmpty):
        leave(alice, give_up=give_up)

    assert User.objects.get().email == "alice@example.test"


def test_staff_does_not_vanish(staff: User) -> None:
    with pytest.raises(StaffAccount):
        leave(staff, give_up=0)


def test_the_page_says_what_is_lost_and_does_it(client: Client, alice: User) -> None:
    client.cookies["django_language"] = "en"
    cast.sign_in(client, alice)

    page = client.get("/account/delete/").content.decode()
    assert "I give up Rp\u00a01,000,000" in page
    assert client.post("/account/delete/").status_code == 409
    assert client.post("/account/delete/", {"give_up": "x"}).status_code == 409
    assert User.objects.get().is_active

    done = client.post("/account/delete/", {"give_up": str(ALL)})

    assert done["Location"] == "/sign-in/"
    assert "Goodbye" in client.get("/sign-in/").content.decode()
    assert not User.objects.get().is_active
    assert client.get("/wallet/").status_code == 302


@pytest.mark.parametrize("round_number", range(4))
def test_leaving_and_buying_at_once(alice: User, round_number: int) -> None:
    works: list[Callable[[], object]] = [lambda: leave(alice), lambda: cast.buy(alice)]

    outcomes = all_at_once(lambda number: works[(number + round_number) % 2](), count=4)

    left = [each for each in outcomes if each is None]
    bought = [each for each in outcomes if isinstance(each, Order)]
    refused = [each for each in outcomes if isinstance(each, Exception)]
    allowed = (AccountClosed, OpenOrdersRemain, WalletNotEmpty)
    assert all(isinstance(each, allowed) for each in refused), outcomes
    # Either there are orders, or the account has gone: never both.
    assert bool(left) != bool(bought), outcomes
    assert Order.objects.open().exists() == bool(bought)
    assert User.objects.get().is_active == bool(bought)
    call_command("audit_ledger")


@pytest.mark.parametrize("round_number", range(4))
def test_leaving_and_topping_up_at_once(alice: User, round_number: int) -> None:
    bank = scenes.bank_method()
    works: list[Callable[[], object]] = [
        lambda: leave(alice),
        lambda: scenes.opened(alice, bank),
    ]

    outcomes = all_at_once(lambda number: works[(number + round_number) % 2](), count=4)

    left = [each for each in outcomes if each is None]
    opened = [each for each in outcomes if isinstance(each, TopUp)]
    refused = [each for each in outcomes if isinstance(each, Exception)]
    allowed = (AccountShut, TopUpPending, WalletNotEmpty)
    assert all(isinstance(each, allowed) for each in refused), outcomes
    # Nobody is left to pay into the wallet of an account that has gone.
    assert bool(left) != bool(opened), outcomes
    assert User.objects.get().is_active == bool(opened)
    call_command("audit_ledger")


def test_no_top_up_is_opened_by_whoever_has_just_left(alice: User) -> None:
    bank = scenes.bank_method()
    leave(alice)

    with pytest.raises(AccountShut):
        scenes.opened(alice, bank)

    assert not TopUp.objects.exists()
