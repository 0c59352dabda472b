"""The commands by which accounts and keys are made."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import keys
from accounts.models import ApiKey, Plan, User
from tests import cast

pytestmark = pytest.mark.usefixtures("db")


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_create_user_opens_an_account() -> None:
    said = run("create_user", "Carol@Example.test", "--password", "correct horse battery")

    user = User.objects.get(email="carol@example.test")
    assert said == f"{user.public_id}\n"
    assert user.check_password("correct horse battery")
    assert (user.plan.code, user.is_staff, user.is_superuser) == ("free", False, False)


def test_create_user_knows_staff_and_plans() -> None:
    run("create_user", "carol@example.test", "--staff", "--plan", "unlimited")

    user = User.objects.get(email="carol@example.test")
    assert (user.plan.code, user.is_staff) == ("unlimited", True)
    assert not user.has_usable_password()


@pytest.mark.parametrize(
    "arguments",
    [
        ["no address"],
        ["alice@example.test"],
        ["ALICE@example.test"],
        ["carol@example.test", "--plan", "gold"],
    ],
)
def test_create_user_refuses_what_cannot_be(alice: User, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run("create_user", *arguments)

    assert User.objects.count() == 1


@pytest.mark.parametrize("mode", ["live", "sandbox"])
def test_create_api_key_prints_the_key_and_nothing_else(
    alice: User, client: Client, mode: str
) -> None:
    said = run("create_api_key", "alice@example.test", "--mode", mode)

    key = said.removesuffix("\n")
    assert keys.parse(key) == keys.ParsedKey(mode, ApiKey.objects.get().public_id)
    assert client.get("/api/v1/balance", headers=cast.bearer(key)).status_code == 200


def test_create_api_key_takes_scopes(alice: User) -> None:
    run(
        *("create_api_key", "alice@example.test", "--mode", "live"),
        *("--scope", "order:read", "--scope", "balance:read"),
    )

    assert ApiKey.objects.get().scopes == ["order:read", "balance:read"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["nobody@example.test", "--mode", "live"],
        ["alice@example.test"],
        ["alice@example.test", "--mode", "trial"],
        ["alice@example.test", "--mode", "live", "--scope", "order:steal"],
    ],
)
def test_create_api_key_refuses_what_cannot_be(alice: User, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run("create_api_key", *arguments)

    assert not ApiKey.objects.exists()


def test_the_plans_are_seeded() -> None:
    assert set(Plan.objects.values_list("code", flat=True)) >= {"free", "pro", "unlimited"}


def test_a_plan_gives_more_than_the_one_below() -> None:
    limits = [
        [Plan.objects.get(code=code).bucket(name).burst for code in ("free", "pro", "unlimited")]
        for name in ("GENERAL", "ORDER", "POLL")
    ]

    assert all(free < pro < unlimited for free, pro, unlimited in limits)
