"""Sign-ups that nobody confirms are forgotten; nothing that belongs to somebody is."""

from datetime import datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.actions import create_user, delete_unconfirmed
from accounts.models import User
from tests import cast
from tests.together import all_at_once
from wallet.actions import open_wallet

NEW = {"email": "carol@example.test", "password1": "correct horse battery", "terms": "on"}
SOON, LATER = timedelta(days=6), timedelta(days=8)


def sign_up() -> User:
    assert Client().post("/sign-up/", NEW).status_code == 302
    return User.objects.get(email=NEW["email"])


def later(by: timedelta) -> datetime:
    return timezone.now() + by


@pytest.mark.usefixtures("db")
def test_it_is_forgotten_after_a_week_and_not_before() -> None:
    sign_up()

    assert delete_unconfirmed(now=later(SOON)) == 0
    assert delete_unconfirmed(now=later(LATER)) == 1
    assert not User.objects.exists()
    assert not EmailAddress.objects.exists()


@pytest.mark.usefixtures("db")
def test_the_address_can_sign_up_again() -> None:
    first = sign_up()
    delete_unconfirmed(now=later(LATER))
    cache.clear()  # a week has passed for the limits, too

    assert sign_up().pk != first.pk


def test_nobody_else_is(alice: User, staff: User) -> None:
    # One whose present address is confirmed while a new one waits for its code.
    EmailAddress.objects.create(user=alice, email="new@example.test", verified=False)
    create_user(email="robot@example.test", password=None)

    assert delete_unconfirmed(now=later(LATER)) == 0
    assert User.objects.count() == 3


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("what", ["wallet", "money", "key"])
def test_an_account_to_which_anything_belongs_stays(what: str) -> None:
    user = sign_up()
    if what == "wallet":
        open_wallet(user=user, mode="live")
    elif what == "money":
        cast.give(user, 1_000)
    else:
        cast.key_for(user)

    assert delete_unconfirmed(now=later(LATER)) == 0
    assert User.objects.get() == user


@pytest.mark.usefixtures("committed")
def test_of_many_who_delete_at_once_one_does() -> None:
    sign_up()

    outcomes = all_at_once(lambda _: delete_unconfirmed(now=later(LATER)), count=6)

    assert sorted(outcomes, key=str) == [0, 0, 0, 0, 0, 1]
    call_command("audit_ledger")
