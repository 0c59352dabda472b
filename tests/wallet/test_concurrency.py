"""One wallet under many hands: real threads, real connections, winners counted."""

import pytest

from accounts.models import Mode, User
from tests import cast
from tests.together import all_at_once, kinds
from tests.wallet.paper import hold, paper_order
from wallet.actions import capture_price, credit_top_up, open_wallet, release_price
from wallet.models import LedgerAccount, Transfer

pytestmark = pytest.mark.usefixtures("committed")


def test_fifty_threads_spend_one_wallet_to_the_last_order_it_can_pay(alice: User) -> None:
    orders = [paper_order(alice, price=40_000) for _ in range(50)]

    outcomes = all_at_once(lambda number: hold(orders[number], alice), count=50)

    assert kinds(outcomes) == {"Transfer": 25, "InsufficientFunds": 25}
    assert cast.balance(alice) == 0
    after = Transfer.objects.filter(kind="hold").order_by("id").values_list("balance_after")
    assert [balance for (balance,) in after] == list(range(960_000, -1, -40_000))


def test_spending_and_earning_together_neither_deadlocks_nor_loses_a_rupiah(alice: User) -> None:
    orders = [paper_order(alice, price=1_000) for _ in range(50)]

    def there_and_back(number: int) -> None:
        hold(orders[number], alice)
        credit_top_up(user=alice, amount=10, top_up_id=f"T{number}", by=None)
        release_price(orders[number], reason="cancelled")

    outcomes = all_at_once(there_and_back, count=50)

    assert kinds(outcomes) == {"NoneType": 50}
    assert cast.balance(alice) == 1_000_500


@pytest.mark.parametrize("round_", range(5))
def test_of_capture_and_release_one_wins(alice: User, round_: int) -> None:
    order = paper_order(alice)
    hold(order, alice)

    def settle(number: int) -> Transfer:
        if number % 2:
            return capture_price(order)
        return release_price(order, reason="expired")

    outcomes = all_at_once(settle, count=10)

    assert kinds(outcomes) == {"Transfer": 5, "AlreadySettled": 5}
    settled = Transfer.objects.get(reference=f"settle:{order.reference}")
    assert cast.balance(alice) == (1_000_000 if settled.kind == "release" else 993_500)


def test_the_same_reference_from_fifty_threads_is_one_transfer(alice: User) -> None:
    outcomes = all_at_once(
        lambda _: credit_top_up(user=alice, amount=50_000, top_up_id="T1", by=None), count=50
    )

    assert kinds(outcomes) == {"Transfer": 50}
    assert {transfer.pk for transfer in outcomes if isinstance(transfer, Transfer)} == {
        Transfer.objects.get(reference="topup:T1").pk
    }
    assert cast.balance(alice) == 1_050_000


def test_the_same_hold_from_fifty_threads_takes_the_price_once(alice: User) -> None:
    order = paper_order(alice, price=900_000)

    outcomes = all_at_once(lambda _: hold(order, alice), count=50)

    assert kinds(outcomes) == {"Transfer": 50}
    assert cast.balance(alice) == 100_000


def test_a_sandbox_wallet_is_filled_once_by_many(alice: User) -> None:
    outcomes = all_at_once(lambda _: open_wallet(user=alice, mode=Mode.SANDBOX), count=50)

    assert kinds(outcomes) == {"LedgerAccount": 50}
    assert LedgerAccount.objects.filter(owner=alice, mode=Mode.SANDBOX).count() == 1
    assert Transfer.objects.filter(mode=Mode.SANDBOX).count() == 1
    assert cast.balance(alice, mode=Mode.SANDBOX) == 1_000_000
