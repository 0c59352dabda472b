"""What each event moves, and that a reference moves it once."""

import pytest
from django.db import transaction

from accounts.models import Mode, User
from tests import cast
from tests.wallet.paper import hold, house, paper_order
from wallet.actions import (
    AlreadySettled,
    InsufficientFunds,
    ReferenceReused,
    adjust_wallet,
    capture_price,
    credit_top_up,
    open_wallet,
    record_cost,
    record_supplier_loss,
    refund_price,
    release_price,
)
from wallet.models import AccountKind, Transfer

pytestmark = pytest.mark.usefixtures("db")


def test_a_top_up_comes_from_payment_clearing(alice: User) -> None:
    transfer = credit_top_up(user=alice, amount=50_000, top_up_id="T1", by=None)

    assert transfer.debit == house(AccountKind.PAYMENT_CLEARING)
    assert transfer.credit == open_wallet(user=alice, mode=Mode.LIVE)
    assert transfer.balance_after == cast.balance(alice) == 1_050_000


def test_a_hold_leaves_the_wallet_for_orders_in_progress(alice: User) -> None:
    transfer = hold(paper_order(alice), alice)

    assert transfer.credit == house(AccountKind.ORDERS_IN_PROGRESS)
    assert transfer.balance_after == cast.balance(alice) == 993_500


def test_a_capture_earns_the_hold(alice: User) -> None:
    order = paper_order(alice)
    hold(order, alice)

    transfer = capture_price(order)

    assert transfer.debit == house(AccountKind.ORDERS_IN_PROGRESS)
    assert transfer.credit == house(AccountKind.SALES_REVENUE)
    assert cast.balance(alice) == 993_500


def test_a_release_gives_the_hold_back(alice: User) -> None:
    order = paper_order(alice)
    hold(order, alice)

    transfer = release_price(order, reason="cancelled")

    assert transfer.debit == house(AccountKind.ORDERS_IN_PROGRESS)
    assert transfer.balance_after == cast.balance(alice) == 1_000_000


def test_the_cost_is_recorded_in_the_suppliers_currency(alice: User) -> None:
    transfer = record_cost(paper_order(alice), cost=2_500, currency="USD")

    assert transfer.debit == house(AccountKind.COST_OF_SALES, currency="USD")
    assert transfer.credit == house(AccountKind.SUPPLIER_PREPAID, currency="USD")


def test_a_goodwill_refund_comes_from_refunds(alice: User, staff: User) -> None:
    order = paper_order(alice)
    hold(order, alice)
    capture_price(order)

    transfer = refund_price(order, by=staff, reason="the code was not accepted")

    assert transfer.debit == house(AccountKind.REFUNDS)
    assert transfer.by == staff
    assert cast.balance(alice) == 1_000_000


def test_a_purchase_nobody_owns_is_a_supplier_loss(alice: User) -> None:
    transfer = record_supplier_loss(
        attempt_id=7, order_id=3, cost=2_500, currency="USD", mode=Mode.LIVE, reason="orphaned"
    )

    assert transfer.debit == house(AccountKind.SUPPLIER_LOSSES, currency="USD")
    assert transfer.credit == house(AccountKind.SUPPLIER_PREPAID, currency="USD")


@pytest.mark.parametrize("amount", [7_000, -7_000])
def test_a_correction_goes_either_way_and_keeps_its_reason(
    alice: User, staff: User, amount: int
) -> None:
    transfer = adjust_wallet(
        user=alice, amount=amount, adjustment_id="A1", reason="wrong rate", by=staff
    )

    assert (transfer.amount, transfer.reason, transfer.by) == (7_000, "wrong rate", staff)
    assert house(AccountKind.ADJUSTMENTS) in (transfer.debit, transfer.credit)
    assert cast.balance(alice) == 1_000_000 + amount


def test_what_is_not_there_cannot_be_held(alice: User) -> None:
    order = paper_order(alice, price=1_000_001)

    with pytest.raises(InsufficientFunds), transaction.atomic():
        hold(order, alice)

    assert cast.balance(alice) == 1_000_000
    assert not Transfer.objects.filter(kind="hold").exists()


def test_the_last_rupiah_can_be_held(alice: User) -> None:
    hold(paper_order(alice, price=1_000_000), alice)

    assert cast.balance(alice) == 0


def test_a_correction_cannot_take_more_than_there_is(alice: User) -> None:
    with pytest.raises(InsufficientFunds), transaction.atomic():
        adjust_wallet(user=alice, amount=-1_000_001, adjustment_id="A1", reason="mistake", by=None)

    assert cast.balance(alice) == 1_000_000


def test_the_same_reference_is_one_transfer(alice: User) -> None:
    first = credit_top_up(user=alice, amount=50_000, top_up_id="T1", by=None)
    second = credit_top_up(user=alice, amount=50_000, top_up_id="T1", by=None)

    assert second == first
    assert Transfer.objects.filter(reference="topup:T1").count() == 1
    assert cast.balance(alice) == 1_050_000


def test_a_replayed_hold_changes_no_balance_even_of_an_empty_wallet(alice: User) -> None:
    order = paper_order(alice, price=600_000)
    first = hold(order, alice)

    second = hold(order, alice)

    assert second == first
    assert cast.balance(alice) == 400_000


def test_replays_of_everything_change_no_balance(alice: User, staff: User) -> None:
    released, captured = paper_order(alice), paper_order(alice)
    calls = [
        lambda: hold(released, alice),
        lambda: hold(captured, alice),
        lambda: release_price(released, reason="cancelled"),
        lambda: capture_price(captured),
        lambda: record_cost(captured, cost=2_500, currency="USD"),
        lambda: refund_price(captured, by=staff, reason="goodwill"),
        lambda: adjust_wallet(user=alice, amount=-5, adjustment_id="A1", reason="x", by=None),
    ]
    first = [call() for call in calls]
    balance, count = cast.balance(alice), Transfer.objects.count()

    again = [call() for call in calls]

    assert again == first
    assert (cast.balance(alice), Transfer.objects.count()) == (balance, count)


@pytest.mark.parametrize("change", [{"amount": 50_001}, {"user": "bob"}])
def test_a_reference_with_other_content_is_refused(
    alice: User, bob: User, change: dict[str, object]
) -> None:
    first = {"user": alice, "amount": 50_000, "top_up_id": "T1", "by": None}
    credit_top_up(**first)  # type: ignore[arg-type]
    other = first | change | ({"user": bob} if "user" in change else {})

    with pytest.raises(ReferenceReused), transaction.atomic():
        credit_top_up(**other)  # type: ignore[arg-type]

    assert (cast.balance(alice), cast.balance(bob)) == (1_050_000, 1_000_000)


def test_a_captured_order_cannot_be_released(alice: User) -> None:
    order = paper_order(alice)
    hold(order, alice)
    capture_price(order)

    with pytest.raises(AlreadySettled), transaction.atomic():
        release_price(order, reason="cancelled")

    assert cast.balance(alice) == 993_500


def test_a_released_order_cannot_be_captured(alice: User) -> None:
    order = paper_order(alice)
    hold(order, alice)
    release_price(order, reason="cancelled")

    with pytest.raises(AlreadySettled), transaction.atomic():
        capture_price(order)

    assert cast.balance(alice) == 1_000_000


def test_the_sandbox_wallet_is_filled_at_its_first_use(alice: User) -> None:
    wallet = open_wallet(user=alice, mode=Mode.SANDBOX)
    again = open_wallet(user=alice, mode=Mode.SANDBOX)

    assert (wallet.balance, again.balance) == (1_000_000, 1_000_000)
    assert Transfer.objects.get(credit=wallet).debit == house(
        AccountKind.PROMOTIONS, mode=Mode.SANDBOX
    )


def test_a_live_wallet_begins_empty(bob: User) -> None:
    newcomer = cast.open_account("carol")

    assert open_wallet(user=newcomer, mode=Mode.LIVE).balance == 0


def test_the_statement_shows_the_running_balance(alice: User) -> None:
    order = paper_order(alice)
    hold(order, alice)
    release_price(order, reason="expired")
    wallet = open_wallet(user=alice, mode=Mode.LIVE)

    lines = [
        (transfer.kind, transfer.signed_amount(wallet.pk), transfer.balance_after)
        for transfer in Transfer.objects.of(wallet)[:]
    ]

    assert lines == [
        ("release", 6_500, 1_000_000),
        ("hold", -6_500, 993_500),
        ("top_up", 1_000_000, 1_000_000),
    ]
