import pytest
from django.test import Client

from accounts.models import Mode, User
from catalog.models import Supplier
from tests import cast
from tests.api.calls import Api


@pytest.fixture
def api(client: Client, alice: User) -> Api:
    """The API with alice's live key."""
    return Api(client, cast.key_for(alice))


@pytest.fixture
def bobs_api(client: Client, bob: User) -> Api:
    return Api(client, cast.key_for(bob))


@pytest.fixture
def sandbox_api(client: Client, alice: User) -> Api:
    """The API with alice's sandbox key."""
    return Api(client, cast.key_for(alice, mode=Mode.SANDBOX))


@pytest.fixture
def sandbox() -> Supplier:
    return Supplier.objects.get(code="sandbox")
