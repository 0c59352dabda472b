"""The sandbox key that the reference shows to its reader: the same again, and always working."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import keys
from accounts.actions import revoke_api_key
from accounts.models import ApiKey, Mode, Scope, User
from accounts.reference_key import NAME, reference_key
from tests import together
from tests.api.calls import Api


def key_of(user: User) -> str:
    return reference_key(user=user, now=timezone.now())


def latest() -> ApiKey:
    return ApiKey.objects.latest("pk")


def test_it_is_the_same_key_again(alice: User) -> None:
    first, second = key_of(alice), key_of(alice)

    assert first == second
    assert ApiKey.objects.count() == 1
    assert (latest().name, latest().mode) == (NAME, Mode.SANDBOX)


def test_it_opens_the_sandbox(client: object, alice: User) -> None:
    api = Api(client, key_of(alice))  # type: ignore[arg-type]

    assert api.get("/account").data["mode"] == "sandbox"


def test_everybody_has_their_own(alice: User, bob: User) -> None:
    assert key_of(alice) != key_of(bob)


def test_it_is_never_a_live_one(alice: User) -> None:
    for _generation in range(5):
        key = key_of(alice)
        parsed = keys.parse(key)
        assert parsed is not None
        assert (key[:8], parsed.mode) == ("nx_test_", "sandbox")
        revoke_api_key(latest(), now=timezone.now())

    assert not ApiKey.objects.filter(mode=Mode.LIVE).exists()


def test_a_revoked_one_is_followed_by_another(alice: User) -> None:
    first = key_of(alice)
    revoke_api_key(latest(), now=timezone.now())

    second = key_of(alice)

    assert second != first
    assert second == key_of(alice)


def test_a_revoked_one_that_was_deleted_does_not_bring_the_next_one_in_doubt(alice: User) -> None:
    key_of(alice)
    revoke_api_key(latest(), now=timezone.now())
    second = key_of(alice)
    ApiKey.objects.earliest("pk").delete()

    key = key_of(alice)

    assert ApiKey.objects.usable(timezone.now()).filter(public_id=key[8:18]).exists()
    assert second == f"nx_test_{ApiKey.objects.earliest('pk').public_id}{second[18:]}"


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param({"expires_at": timezone.now() - timedelta(days=1)}, id="expired"),
        pytest.param({"scopes": [Scope.BALANCE_READ]}, id="lacks scopes"),
        pytest.param({"digest": b"\0" * 32}, id="of another secret"),
        pytest.param({"pepper_version": 99}, id="of a retired pepper"),
    ],
)
def test_one_that_does_not_work_is_followed_by_another(
    alice: User, spoil: dict[str, object]
) -> None:
    first = key_of(alice)
    ApiKey.objects.update(**spoil)

    assert key_of(alice) != first


def test_after_the_secret_was_changed_there_is_another(alice: User, settings: Settings) -> None:
    first = key_of(alice)
    settings.SECRET_KEY = "rotated"

    second = key_of(alice)

    assert second != first
    assert second == key_of(alice)
    assert ApiKey.objects.count() == 2


def test_a_stranger_to_the_secret_cannot_compute_it(alice: User, settings: Settings) -> None:
    first = key_of(alice)
    settings.SECRET_KEY = "guessed"

    assert key_of(alice)[18:50] != first[18:50]


@pytest.mark.usefixtures("committed")
def test_asked_for_at_the_same_moment_it_is_made_once(alice: User) -> None:
    outcomes = together.all_at_once(lambda _number: key_of(alice), count=8)

    assert together.kinds(outcomes) == {"str": 8}
    assert len(set(outcomes)) == 1
    assert ApiKey.objects.count() == 1
