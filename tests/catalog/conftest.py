from collections.abc import Iterator

import pytest

from catalog.models import Supplier
from suppliers import registry
from tests.catalog.lists import PriceList, line


@pytest.fixture
def prices(committed: None, monkeypatch: pytest.MonkeyPatch) -> type[PriceList]:
    """Change this class, and the supplier `beta` sells that."""

    class Beta(PriceList):
        lines = [line("wa"), line("tg"), line("wa", "187")]

    monkeypatch.setitem(registry.PROTOCOLS, "smsactivate", Beta)
    return Beta


@pytest.fixture
def beta(committed: None) -> Iterator[Supplier]:
    supplier = Supplier.objects.create(code="beta", name="Beta", protocol="smsactivate")
    yield supplier
    supplier.delete()
