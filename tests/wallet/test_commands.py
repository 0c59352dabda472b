"""The commands that people and scripts use on the books."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Mode, User
from tests import cast
from wallet.models import Transfer


def credit(*arguments: str) -> str:
    out = StringIO()
    call_command("credit_wallet", *arguments, stdout=out)
    return out.getvalue()


def test_credit_wallet_credits_and_keeps_the_reason(alice: User) -> None:
    said = credit("alice@example.test", "25000", "--reason", "promised on the phone")

    transfer = Transfer.objects.get(kind="adjustment")
    assert said == f"{transfer.public_id} balance 1025000\n"
    assert transfer.reason == "promised on the phone"
    assert cast.balance(alice) == 1_025_000


def test_credit_wallet_reaches_the_sandbox(alice: User) -> None:
    credit("alice@example.test", "5", "--mode", "sandbox", "--reason", "trial")

    assert cast.balance(alice, mode=Mode.SANDBOX) == 1_000_005
    assert cast.balance(alice) == 1_000_000


def test_credit_wallet_finds_the_address_however_it_is_written(alice: User) -> None:
    credit(" Alice@Example.test ", "5", "--reason", "trial")

    assert cast.balance(alice) == 1_000_005


def test_credit_wallet_takes_back_with_a_negative_amount(alice: User) -> None:
    credit("alice@example.test", "--reason", "paid twice", "--", "-1000000")

    assert cast.balance(alice) == 0


@pytest.mark.parametrize("amount", ["0", "NaN", "Infinity", "ten", "1.5", "1e30", ""])
def test_credit_wallet_refuses_what_is_no_amount(alice: User, amount: str) -> None:
    with pytest.raises(CommandError):
        credit("alice@example.test", amount, "--reason", "mistake")

    assert cast.balance(alice) == 1_000_000


def test_credit_wallet_wants_a_reason(alice: User) -> None:
    with pytest.raises(CommandError, match="reason"):
        credit("alice@example.test", "5", "--reason", " ")


@pytest.mark.usefixtures("committed")
def test_credit_wallet_does_not_overdraw(alice: User) -> None:
    with pytest.raises(CommandError):
        credit("alice@example.test", "--reason", "mistake", "--", "-1000001")

    assert cast.balance(alice) == 1_000_000


@pytest.mark.usefixtures("db")
def test_credit_wallet_knows_its_customers() -> None:
    with pytest.raises(CommandError, match=r"nobody@example\.test"):
        credit("nobody@example.test", "5", "--reason", "mistake")
