"""Any sequence of events keeps the books right: Hypothesis looks for one that does not."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Mode
from catalog.models import Supplier
from nexotp.lib.ids import new_id
from orders.models import Order, PurchaseAttempt
from orders.reports import audit_ledger
from orders.states import AttemptState, Status
from tests import cast
from tests.wallet.top_ups import scenes
from wallet.actions import (
    AlreadySettled,
    InsufficientFunds,
    TooManyOpenTopUps,
    TopUpDecided,
    adjust_wallet,
    approve_top_up,
    capture_price,
    credit_top_up,
    hold_price,
    open_wallet,
    record_cost,
    record_payment,
    refund_price,
    reject_top_up,
    release_price,
)
from wallet.gateways.base import PaymentState, PaymentStatus
from wallet.models import TopUp, Transfer

NAMES = ["alice", "bob"]
people, modes = st.sampled_from(NAMES), st.sampled_from(list(Mode))
amounts = st.integers(1, 2_000_000)


class LedgerMachine(RuleBasedStateMachine):
    """The model is a dict of balances; the shop is real, its supplier is not needed."""

    waiting: Bundle[Order] = Bundle("waiting")
    captured: Bundle[Order] = Bundle("captured")
    done: Bundle[Any] = Bundle("done")
    asked: Bundle[TopUp] = Bundle("asked")

    @initialize()
    def open_shop(self) -> None:
        self.users = {name: cast.open_account(name) for name in NAMES}
        self.balances = {
            (name, mode): 1_000_000 if mode == Mode.SANDBOX else 0
            for name in NAMES
            for mode in Mode
        }
        for name, mode in self.balances:
            open_wallet(user=self.users[name], mode=mode)
        self.bank = scenes.bank_method()
        self.online = scenes.online_method("http://127.0.0.1:9")
        self.transfers = Transfer.objects.count()

    def teardown(self) -> None:
        cast.sweep_up()

    @rule(target=done, name=people, mode=modes, amount=amounts)
    def top_up(self, name: str, mode: Mode, amount: int) -> Any:
        user, top_up_id = self.users[name], new_id("gift")

        def call() -> Transfer:
            return credit_top_up(user=user, amount=amount, top_up_id=top_up_id, by=None, mode=mode)

        call()
        self.balances[name, mode] += amount
        self.transfers += 1
        return call

    @rule(target=asked, name=people, amount=st.integers(1_000, 500_000), by_hand=st.booleans())
    def ask_top_up(self, name: str, amount: int, by_hand: bool) -> TopUp | MultipleResults[TopUp]:
        method = self.bank if by_hand else self.online
        try:
            return scenes.opened(self.users[name], method, asked=amount)
        except TooManyOpenTopUps:
            assert TopUp.objects.of(self.users[name]).pending().count() == 5
            return multiple()

    @rule(
        top_up=asked,
        status=st.sampled_from(list(PaymentStatus)),
        missing=st.sampled_from([0, 0, 0, 1, -1]),
    )
    def hear_from_gateway(self, top_up: TopUp, status: PaymentStatus, missing: int) -> None:
        before = scenes.fresh(top_up)
        paid = before.amount - missing if status == PaymentStatus.PAID else None
        said = PaymentState(before.public_id, status, "IDR", paid)
        self.note(before, record_payment(before, said, now=timezone.now()))

    @rule(top_up=asked, received=st.integers(1, 500_000))
    def approve(self, top_up: TopUp, received: int) -> None:
        before = scenes.fresh(top_up)
        try:
            after = approve_top_up(
                before, received=received, by=self.users["bob"], now=timezone.now()
            )
        except TopUpDecided:
            assert not before.can_be_decided
            return
        self.note(before, after)

    @rule(top_up=asked)
    def reject(self, top_up: TopUp) -> None:
        before = scenes.fresh(top_up)
        try:
            reject_top_up(before, reason="machine", by=self.users["bob"], now=timezone.now())
        except TopUpDecided:
            assert not before.can_be_decided

    def note(self, before: TopUp, after: TopUp) -> None:
        """A top-up that has just become CONFIRMED is one more transfer; no other is."""
        if before.credited is None and after.credited is not None:
            self.balances[after.user.email.split("@")[0], Mode.LIVE] += after.credited
            self.transfers += 1
        elif before.credited is not None:
            assert (after.state, after.credited) == (before.state, before.credited)

    @rule(target=done, name=people, mode=modes, amount=amounts, sign=st.sampled_from([1, -1]))
    def adjust(self, name: str, mode: Mode, amount: int, sign: int) -> Any:
        user, adjustment_id = self.users[name], new_id("adj")

        def call() -> Transfer:
            return adjust_wallet(
                user=user,
                amount=amount * sign,
                adjustment_id=adjustment_id,
                reason="machine",
                by=None,
                mode=mode,
            )

        if self.balances[name, mode] + amount * sign < 0:
            with pytest.raises(InsufficientFunds):
                call()
            return multiple()
        call()
        self.balances[name, mode] += amount * sign
        self.transfers += 1
        return call

    @rule(target=waiting, name=people, mode=modes, price=st.integers(1, 700_000))
    def hold(self, name: str, mode: Mode, price: int) -> Order | MultipleResults[Order]:
        affordable = self.balances[name, mode] >= price
        try:
            order = place(self.users[name], mode=mode, price=price)
        except InsufficientFunds:
            assert not affordable
            return multiple()
        assert affordable
        self.balances[name, mode] -= price
        self.transfers += 1
        return order

    @rule(target=captured, order=consumes(waiting))
    def capture(self, order: Order) -> Order:
        with transaction.atomic():
            order.move(Status.RECEIVED, now=timezone.now())
            capture_price(order.money)
            record_cost(order.money, cost=2_500, currency="USD")
        self.transfers += 2
        with pytest.raises(AlreadySettled):
            release_price(order.money, reason="late")
        return order

    @rule(target=done, order=consumes(waiting), end=st.sampled_from(["cancelled", "expired"]))
    def release(self, order: Order, end: str) -> Any:
        now = timezone.now()
        with transaction.atomic():
            order.attempts.update(state=AttemptState.CANCELLED)
            order.move(Status.CLOSING, now=now, closing_as=end, closing_since=now)
            order.move(Status(end), now=now, refund_amount=order.price)
            release_price(order.money, reason=end)
        self.balances[order.user.email.split("@")[0], Mode(order.mode)] += order.price
        self.transfers += 1
        with pytest.raises(AlreadySettled):
            capture_price(order.money)
        return lambda: release_price(order.money, reason="again")

    @rule(target=done, order=consumes(captured))
    def refund(self, order: Order) -> Any:
        by = self.users["bob"]
        with transaction.atomic():
            refund_price(order.money, by=by, reason="goodwill")
            order.note_change(now=timezone.now(), refund_amount=order.price)
        self.balances[order.user.email.split("@")[0], Mode(order.mode)] += order.price
        self.transfers += 1
        return lambda: refund_price(order.money, by=by, reason="again")

    @rule(order=waiting)
    def replay_hold(self, order: Order) -> None:
        hold_price(order.money, wallet=open_wallet(user=order.user, mode=order.mode))

    @rule(call=done)
    def replay(self, call: Any) -> None:
        call()

    @invariant()
    def balances_are_the_models(self) -> None:
        shown = {
            (name, mode): cast.balance(user, mode=mode)
            for name, user in getattr(self, "users", {}).items()
            for mode in Mode
        }
        assert shown == getattr(self, "balances", {})

    @invariant()
    def every_event_is_one_transfer(self) -> None:
        assert Transfer.objects.count() == getattr(self, "transfers", 0)

    @invariant()
    def the_audit_finds_nothing(self) -> None:
        assert audit_ledger() == []


def place(user: Any, *, mode: str, price: int) -> Order:
    """Hold a price for an order that has its number already. Raises InsufficientFunds."""
    now = timezone.now()
    wallet = open_wallet(user=user, mode=mode)
    with transaction.atomic():
        order = Order.objects.create(
            user=user,
            mode=mode,
            service_id="whatsapp",
            country_id="id",
            provider="any",
            price=price,
            currency="IDR",
            status=Status.WAITING,
            phone_number="+62800000000",
            expires_at=now + timedelta(minutes=20),
            next_action_at=now,
        )
        PurchaseAttempt.objects.create(
            order=order,
            supplier=Supplier.objects.get(code="alpha"),
            supplier_service="wa",
            supplier_country="6",
            state=AttemptState.BOUGHT,
            cost=2_500,
            currency="USD",
            reference=order.public_id,
            sent_at=now,
        )
        hold_price(order.money, wallet=wallet)
    return order


@pytest.mark.usefixtures("committed")
def test_no_sequence_of_events_unbalances_the_books() -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
