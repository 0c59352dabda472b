"""The form of a key, and what is stored of it."""

import hashlib
import hmac
import re
import zlib
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts import keys
from accounts.actions import create_api_key
from accounts.models import ApiKey, Mode, User
from tests import cast

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FORM = re.compile(r"nx_(live|test)_[0-9A-Za-z]{48}")


@pytest.fixture
def key() -> str:
    key, _public_id = keys.generate(Mode.LIVE)
    return key


@pytest.mark.parametrize(("mode", "prefix"), [("live", "nx_live_"), ("sandbox", "nx_test_")])
def test_a_key_is_prefix_public_id_secret_and_checksum(mode: str, prefix: str) -> None:
    key, public_id = keys.generate(mode)

    assert FORM.fullmatch(key)
    assert key.startswith(prefix + public_id)
    assert len(public_id) == 10
    assert len(key) == len(prefix) + 10 + 32 + 6
    assert keys.parse(key) == keys.ParsedKey(mode=mode, public_id=public_id)


def test_the_checksum_is_crc32_in_base_62(key: str) -> None:
    number = 0
    for digit in key[-6:]:
        number = number * 62 + ALPHABET.index(digit)

    assert number == zlib.crc32(key[:-6].encode())


def test_the_secret_has_190_bits() -> None:
    assert 62**32 > 2**190


def test_keys_do_not_repeat() -> None:
    assert len({keys.generate(Mode.LIVE) for _ in range(1_000)}) == 1_000


def test_every_typing_error_of_one_character_is_noticed(key: str) -> None:
    typos = [
        key[:place] + other + key[place + 1 :]
        for place in range(len(key))
        for other in ALPHABET
        if other != key[place]
    ]

    assert len(typos) > 3_000
    assert [typo for typo in typos if keys.parse(typo)] == []


def test_a_character_more_or_less_or_exchanged_is_noticed(key: str) -> None:
    wrong = [key[:-1], key + "0", key[1:], f" {key}", f"{key}\n", key.upper(), "", "nx_live_"]
    swaps = [
        key[:place] + key[place + 1] + key[place] + key[place + 2 :]
        for place in range(len(key) - 1)
        if key[place] != key[place + 1]
    ]

    assert [each for each in wrong + swaps if keys.parse(each)] == []


def test_digits_of_other_scripts_are_no_digits(key: str) -> None:
    assert keys.parse(key[:10] + "٣" + key[11:]) is None


def test_a_malformed_key_is_refused_without_a_query(db: None, client: Client, key: str) -> None:
    typos = [key[:place] + "?" + key[place + 1 :] for place in range(0, len(key), 7)]
    typos += [key[:-1] + ("0" if key[-1] != "0" else "1"), "value", "x" * 10_000]

    with CaptureQueriesContext(connection) as queries:
        answers = [client.get("/api/v1/balance", headers=cast.bearer(typo)) for typo in typos]

    assert {answer.status_code for answer in answers} == {401}
    assert len(queries) == 0


def test_only_a_keyed_hash_is_stored(alice: User, settings: Settings) -> None:
    row, key = create_api_key(user=alice, mode=Mode.LIVE)

    version, _, pepper = settings.API_KEY_PEPPERS.partition(":")
    stored = ApiKey.objects.values().get(pk=row.pk)
    assert stored["digest"] == hmac.digest(pepper.encode(), key.encode(), hashlib.sha256)
    assert stored["pepper_version"] == int(version)
    assert key not in str(stored)
    assert key[18:50] not in str(stored)


def test_a_key_is_shown_by_its_ends_only(alice: User) -> None:
    row, key = create_api_key(user=alice, mode=Mode.SANDBOX)

    assert str(row) == f"{key[:18]}…{key[-4:]}"


@pytest.fixture
def peppers(settings: Settings) -> Iterator[Settings]:
    keys._peppers.cache_clear()
    yield settings
    keys._peppers.cache_clear()


def use(settings: Settings, peppers: str) -> None:
    settings.API_KEY_PEPPERS = peppers
    keys._peppers.cache_clear()


def test_the_highest_pepper_signs_and_the_others_still_verify(
    alice: User, client: Client, peppers: Settings
) -> None:
    use(peppers, "1:old")
    first = cast.key_for(alice)
    use(peppers, "1:old,10:new,2:between")
    second = cast.key_for(alice)

    answers = [client.get("/api/v1/balance", headers=cast.bearer(key)) for key in (first, second)]

    assert [answer.status_code for answer in answers] == [200, 200]
    versions = ApiKey.objects.order_by("pk").values_list("pepper_version", flat=True)
    assert list(versions) == [1, 10]


def test_a_retired_pepper_takes_its_keys_along(
    alice: User, client: Client, peppers: Settings
) -> None:
    use(peppers, "1:old")
    key = cast.key_for(alice)
    use(peppers, "2:new")

    answer = client.get("/api/v1/balance", headers=cast.bearer(key))

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


def test_another_pepper_under_the_same_version_fits_no_key(
    alice: User, client: Client, peppers: Settings
) -> None:
    use(peppers, "1:old")
    key = cast.key_for(alice)
    use(peppers, "1:stolen and replaced")

    assert client.get("/api/v1/balance", headers=cast.bearer(key)).status_code == 401


def test_digests_are_compared_in_constant_time(
    alice: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = cast.key_for(alice)
    compare, compared = hmac.compare_digest, []

    def watched(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    client.get("/api/v1/balance", headers=cast.bearer(key))

    assert bytes(ApiKey.objects.get().digest) in compared


def test_an_unknown_key_costs_one_hash_too(
    db: None, client: Client, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, hashed = keys.digest, []

    def watched(sent: str, pepper_version: int) -> bytes:
        hashed.append(sent)
        return digest(sent, pepper_version)

    monkeypatch.setattr(keys, "digest", watched)

    answer = client.get("/api/v1/balance", headers=cast.bearer(key))

    assert answer.status_code == 401
    assert hashed == [key]
