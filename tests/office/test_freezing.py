"""A frozen account reads and spends nothing; what is under way ends as always."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.actions import create_api_key, rotate_api_key
from accounts.freezing import AccountFrozen
from accounts.models import ApiKey, Dialect, Mode, User
from catalog.models import Supplier
from nexotp.lib.acting import acting
from office.actions import AlreadySo, NotYourRank, freeze_account, unfreeze_account
from office.models import Act, AuditEntry
from orders.actions import cancel_order, delete_account, place_order, poll_supplier
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.office.conftest import Colleague
from tests.orders.handler.calling import Door
from tests.together import all_at_once, kinds
from tests.wallet.top_ups import scenes
from wallet.actions import start_payment
from wallet.models import TopUp

pytestmark = pytest.mark.usefixtures("committed", "simulator")

MESSAGE = "We ask the bank about your last payment."


def freeze(user: User, by: User, *, message: str = "") -> None:
    freeze_account(user, by=by, reason="card stolen", message=message, now=timezone.now())
    user.refresh_from_db()


def called(path: str, key: str, *, body: dict[str, Any] | None = None) -> Any:
    client, headers = Client(), cast.bearer(key)
    if body is None:
        return client.get(f"/api/v1/{path}", headers=headers)
    return client.post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)


def test_it_spends_nothing_by_any_way(alice: User, staff: User) -> None:
    key, _ = create_api_key(user=alice, mode=Mode.LIVE)
    bank = scenes.bank_method()
    freeze(alice, staff)

    spending: list[Callable[[], object]] = [
        lambda: cast.buy(alice),
        lambda: cast.buy(alice, mode=Mode.SANDBOX),
        lambda: scenes.opened(alice, bank),
        lambda: create_api_key(user=alice, mode=Mode.SANDBOX),
        lambda: rotate_api_key(key, overlap=timedelta(), now=timezone.now()),
        lambda: delete_account(alice, give_up=cast.balance(alice), now=timezone.now()),
    ]
    for spend in spending:
        with pytest.raises(AccountFrozen):
            spend()

    assert (ApiKey.objects.count(), TopUp.objects.count(), Order.objects.count()) == (1, 0, 0)
    assert ApiKey.objects.get().revoked_at is None
    assert cast.balance(alice) == 1_000_000


def test_a_payment_that_was_not_begun_is_not(alice: User, staff: User) -> None:
    top_up = scenes.opened(alice, scenes.online_method("http://127.0.0.1:9"))
    freeze(alice, staff)

    with pytest.raises(AccountFrozen):
        start_payment(
            TopUp.objects.get(pk=top_up.pk),
            return_url="https://x.test",
            callback_url="https://x.test",
        )


def test_the_api_says_so_in_the_envelope_and_reads_on(alice: User, staff: User) -> None:
    key = cast.key_for(alice)
    order = {"service": "whatsapp", "country": "id", "idempotencyKey": "first"}
    placed = called("order", key, body=order).json()["data"]
    freeze(alice, staff, message=MESSAGE)

    refused = called("order", key, body=order | {"idempotencyKey": "second"})
    again = called("order", key, body=order)

    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "account_frozen"
    assert refused.json()["error"]["message"] == MESSAGE
    assert again.json()["data"]["orderId"] == placed["orderId"]
    for path in ("balance", f"order/{placed['orderId']}", "orders", "account"):
        assert called(path, key).status_code == 200, path


def test_the_handler_door_says_so(alice: User, staff: User) -> None:
    key = cast.key_for(alice)
    freeze(alice, staff)
    goods = {"service": "wa", "country": "6"}

    assert Door(key)("getNumber", **goods).word == "ACCOUNT_INACTIVE"
    assert Door(key)("getBalance").text.startswith("ACCESS_BALANCE:")
    hero = Door(key, Dialect.HERO)("getNumber", **goods)
    assert (hero.status, hero.word) == (403, "ACCOUNT_INACTIVE")
    assert not Order.objects.exists()


def test_open_orders_go_on_and_the_money_comes_back(
    alice: User, staff: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    delivered, given_up = cast.buy(alice), cast.buy(alice)
    Order.objects.update(cancel_available_at=timezone.now())
    given_up.refresh_from_db()
    freeze(alice, staff)

    simulator.deliver(cast.attempt_of(delivered).reference, code="4711")
    poll_supplier(alpha, now=timezone.now())
    cancel_order(given_up, by=None, reason="", now=timezone.now())

    delivered.refresh_from_db()
    given_up.refresh_from_db()
    assert (delivered.status, given_up.status) == ("received", "cancelled")
    assert cast.balance(alice) == 1_000_000 - delivered.price
    call_command("audit_ledger")


def test_its_owner_signs_in_and_reads_why(client: Client, alice: User, staff: User) -> None:
    order = cast.buy(alice)
    freeze(alice, staff, message="<b>" + MESSAGE)
    client.cookies["django_language"] = "en"

    client.post("/sign-in/", {"login": alice.email, "password": cast.PASSWORD})

    pages = ("/buy/", "/wallet/", f"/orders/{order.public_id}", "/developers/", "/docs/")
    for path in pages:
        page = client.get(path)
        assert page.status_code == 200, path
        assert "&lt;b&gt;" + MESSAGE in page.content.decode(), path
    form = client.get("/wallet/top-up/").content.decode()
    assert 'id="go-on"' not in form
    confirm = client.get("/buy/whatsapp/id/", follow=True).content.decode()
    assert 'id="buy-button" disabled' in confirm


def test_a_click_that_comes_too_late_is_told(client: Client, alice: User, staff: User) -> None:
    client.cookies["django_language"] = "en"
    cast.sign_in(client, alice)
    bank = scenes.bank_method()
    freeze(alice, staff, message=MESSAGE)

    topped_up = client.post(
        "/wallet/top-up/", {"amount": "50000", "method": bank.code, "key": "a-key-of-a-form"}
    )
    made = client.post("/developers/keys/add/", {"mode": "live", "scopes": ["balance:read"]})

    assert topped_up.status_code == 403
    assert made.status_code in {400, 409}
    assert not TopUp.objects.exists()
    assert not ApiKey.objects.exists()


def test_it_goes_on_when_it_is_lifted(alice: User, staff: User) -> None:
    freeze(alice, staff, message=MESSAGE)
    unfreeze_account(alice, by=staff, reason="the bank says it is fine")
    alice.refresh_from_db()

    assert cast.buy(alice).phone_number
    assert (alice.frozen_message, alice.frozen_reason) == ("", "")
    with pytest.raises(AlreadySo):
        unfreeze_account(alice, by=staff, reason="again")


def test_both_are_in_the_audit_with_their_reasons(alice: User, staff: User) -> None:
    with acting(lambda: {"by": staff.pk}):
        freeze(alice, staff)
        unfreeze_account(alice, by=staff, reason="the bank says it is fine")

    changed = AuditEntry.objects.filter(row_id=str(alice.pk), act=Act.UPDATE).order_by("pk")
    frozen, lifted = changed.filter(changes__has_key="frozen_at")
    assert (frozen.by, frozen.reason) == (staff, "card stolen")
    assert frozen.changes["frozen_reason"] == ["", "card stolen"]
    assert (lifted.by, lifted.reason) == (staff, "the bank says it is fine")


def test_nobody_freezes_themselves_or_their_betters(
    colleague: Colleague, staff: User, alice: User
) -> None:
    support, owner = colleague("support"), colleague("owner")

    for by, user in ((support, owner), (owner, staff), (owner, owner), (support, support)):
        with pytest.raises(NotYourRank):
            freeze(user, by)
    freeze(support, owner)
    freeze(alice, support)

    frozen = set(User.objects.exclude(frozen_at=None).values_list("email", flat=True))
    assert frozen == {support.email, alice.email}


@pytest.mark.parametrize("round_number", range(4))
def test_freezing_and_buying_at_once(alice: User, staff: User, round_number: int) -> None:
    stale = User.objects.get(pk=alice.pk)

    def work(number: int) -> object:
        if (number + round_number) % 4 == 0:
            return freeze_account(alice, by=staff, reason="x", message="", now=timezone.now())
        request = cast.whatsapp_in_indonesia()
        return place_order(request, user=stale, mode=Mode.LIVE, now=timezone.now()).order

    outcomes = all_at_once(work, count=8)

    bought = [each for each in outcomes if isinstance(each, Order)]
    counted = kinds(outcomes)
    assert counted.get("NoneType") == 1, outcomes
    assert counted.get("AlreadySo") == 1, outcomes
    assert len(bought) + counted.get("AccountFrozen", 0) == 6, outcomes
    row = User.objects.get(pk=alice.pk)
    assert row.frozen_at is not None
    assert Order.objects.count() == len(bought)
    spent = sum(order.price for order in bought)
    assert cast.balance(alice) == 1_000_000 - spent
    with pytest.raises(AccountFrozen):
        cast.buy(stale)
    call_command("audit_ledger")


@pytest.mark.parametrize("round_number", range(4))
def test_freezing_and_topping_up_at_once(alice: User, staff: User, round_number: int) -> None:
    bank = scenes.bank_method()
    works: list[Callable[[], object]] = [
        lambda: freeze_account(alice, by=staff, reason="x", message="", now=timezone.now()),
        lambda: scenes.opened(alice, bank),
    ]

    outcomes = all_at_once(lambda number: works[(number + round_number) % 2](), count=4)

    counted = kinds(outcomes)
    opened = counted.get("TopUp", 0)
    assert opened + counted.get("AccountFrozen", 0) == 2, outcomes
    assert TopUp.objects.count() == opened
    with pytest.raises(AccountFrozen):
        scenes.opened(alice, bank)
