"""What the database itself refuses, whoever asks."""

import pytest
from django.db import Error, connection, transaction
from django.db.utils import IntegrityError

from accounts.models import Mode, User
from tests.wallet.paper import hold, house, paper_order
from wallet.actions import open_wallet
from wallet.models import AccountKind, LedgerAccount, Transfer, TransferKind

pytestmark = pytest.mark.usefixtures("db")


def run(statement: str, *values: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # What the test wrote is checked now, so that nothing pending hides the refusal.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement, values)


def record(debit: LedgerAccount, credit: LedgerAccount, **changes: object) -> None:
    """Write a transfer past the actions, as a bug or an attacker would."""
    written: dict[str, object] = {
        "kind": TransferKind.ADJUSTMENT,
        "currency": debit.currency,
        "mode": debit.mode,
        "amount": 1,
        "reference": "forged",
    }
    with transaction.atomic():
        Transfer.objects.create(debit=debit, credit=credit, **written | changes)
        run("SET CONSTRAINTS ALL IMMEDIATE")


def test_two_accounts_of_one_money_can_be_moved_between(alice: User) -> None:
    record(house(AccountKind.PROMOTIONS), house(AccountKind.ADJUSTMENTS))

    assert Transfer.objects.filter(reference="forged").exists()


@pytest.mark.parametrize("written_in", ["IDR", "USD"])
def test_currencies_do_not_mix(alice: User, written_in: str) -> None:
    with pytest.raises(IntegrityError, match="same_money"):
        record(
            house(AccountKind.PROMOTIONS, currency="USD"),
            open_wallet(user=alice, mode=Mode.LIVE),
            currency=written_in,
        )


@pytest.mark.parametrize("written_as", Mode.values)
def test_sandbox_and_live_do_not_mix(alice: User, written_as: str) -> None:
    with pytest.raises(IntegrityError, match="same_money"):
        record(
            house(AccountKind.PROMOTIONS, mode=Mode.SANDBOX),
            open_wallet(user=alice, mode=Mode.LIVE),
            mode=written_as,
        )


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_is_positive(alice: User, amount: int) -> None:
    with pytest.raises(IntegrityError, match="amount_positive"):
        record(
            house(AccountKind.PROMOTIONS), open_wallet(user=alice, mode=Mode.LIVE), amount=amount
        )


def test_an_amount_is_a_number_of_rupiah_and_not_nan(alice: User) -> None:
    hold(paper_order(alice), alice)

    with pytest.raises(Error, match="NaN"):
        run("INSERT INTO wallet_transfer (amount) VALUES ('NaN'::numeric::bigint)")


def test_a_transfer_needs_two_accounts(alice: User) -> None:
    wallet = open_wallet(user=alice, mode=Mode.LIVE)

    with pytest.raises(IntegrityError, match="two_accounts"):
        record(wallet, wallet)


def test_a_reference_is_written_once(alice: User) -> None:
    order = paper_order(alice)
    hold(order, alice)

    with pytest.raises(IntegrityError, match="reference"):
        record(
            house(AccountKind.PROMOTIONS),
            house(AccountKind.ADJUSTMENTS),
            reference=f"hold:{order.reference}",
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE wallet_transfer SET amount = amount + 1",
        "UPDATE wallet_transfer SET reason = 'another'",
        "DELETE FROM wallet_transfer",
        "TRUNCATE wallet_transfer",
        "TRUNCATE wallet_ledgeraccount CASCADE",
        "DELETE FROM wallet_ledgeraccount",
    ],
)
def test_the_ledger_is_append_only(alice: User, statement: str) -> None:
    hold(paper_order(alice), alice)

    with pytest.raises(Error, match="append-only"):
        run(statement)


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'refunds'",
        "currency = 'USD'",
        "mode = 'sandbox'",
        "guarded = false, balance = NULL",
        "owner_id = NULL",
        "id = id + 1000000",
    ],
)
def test_an_account_cannot_become_another(alice: User, change: str) -> None:
    wallet = open_wallet(user=alice, mode=Mode.LIVE)

    with pytest.raises(Error, match="cannot become another"):
        run(f"UPDATE wallet_ledgeraccount SET {change} WHERE id = %s", wallet.pk)


def test_a_wallet_cannot_go_below_zero(alice: User) -> None:
    wallet = open_wallet(user=alice, mode=Mode.LIVE)

    with pytest.raises(IntegrityError, match="not_negative"):
        run("UPDATE wallet_ledgeraccount SET balance = -1 WHERE id = %s", wallet.pk)


def test_a_wallet_cannot_be_without_a_balance(alice: User) -> None:
    wallet = open_wallet(user=alice, mode=Mode.LIVE)

    with pytest.raises(IntegrityError, match="not_negative"):
        run("UPDATE wallet_ledgeraccount SET balance = NULL WHERE id = %s", wallet.pk)


@pytest.mark.parametrize(
    ("owned", "kind", "guarded"), [(True, "refunds", True), (False, "wallet", True)]
)
def test_only_a_customers_wallet_is_guarded(
    alice: User, owned: bool, kind: str, guarded: bool
) -> None:
    with pytest.raises(IntegrityError, match="only_wallets_guarded"):
        LedgerAccount.objects.create(
            owner=alice if owned else None,
            kind=kind,
            currency="EUR",
            mode=Mode.LIVE,
            guarded=guarded,
            balance=0,
        )


def test_there_is_one_wallet_for_an_account_a_currency_and_a_mode(alice: User) -> None:
    with pytest.raises(IntegrityError, match="account_unique"):
        LedgerAccount.objects.create(
            owner=alice, kind="wallet", currency="IDR", mode=Mode.LIVE, guarded=True, balance=0
        )


def test_the_house_has_one_account_of_each_kind_currency_and_mode() -> None:
    with pytest.raises(IntegrityError, match="account_unique"):
        LedgerAccount.objects.create(
            kind="refunds", currency="IDR", mode=Mode.LIVE, guarded=False, balance=None
        )


def test_a_mode_is_one_of_two(alice: User) -> None:
    with pytest.raises(IntegrityError, match="mode_known"):
        LedgerAccount.objects.create(
            owner=alice, kind="wallet", currency="IDR", mode="trial", guarded=True, balance=0
        )
