"""GET /balance: what the ledger says, in whole rupiah."""

import pytest

from accounts.models import User
from tests import cast
from tests.api.calls import TIME, Api


def test_the_balance_is_the_ledgers(api: Api, alice: User) -> None:
    data = api.get("/balance").data

    assert set(data) == {"balance", "currency", "updatedAt"}
    assert (data["balance"], data["currency"]) == (1_000_000, "IDR")
    assert isinstance(data["balance"], int)
    assert TIME.fullmatch(data["updatedAt"])


def test_the_balance_follows_at_once(api: Api, alice: User) -> None:
    api.get("/balance")

    cast.give(alice, 1)

    assert api.get("/balance").data["balance"] == 1_000_001


def test_a_new_account_has_nothing(api: Api) -> None:
    api.key = cast.key_for(cast.open_account("carol"))

    assert api.get("/balance").data["balance"] == 0


def test_the_sandbox_has_its_own_money(sandbox_api: Api, alice: User) -> None:
    cast.give(alice, 5)

    assert sandbox_api.get("/balance").data["balance"] == 1_000_000


@pytest.mark.parametrize("key", ["api", "bobs_api"])
def test_everybody_sees_their_own(request: pytest.FixtureRequest, alice: User, key: str) -> None:
    cast.give(alice, 7)
    expected = {"api": 1_000_007, "bobs_api": 1_000_000}

    assert request.getfixturevalue(key).get("/balance").data["balance"] == expected[key]
