"""Settings that cannot work are told by `manage.py check`."""

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from suppliers.rates.registry import SOURCES


def found() -> list[str | None]:
    return [each.id for each in run_checks() if each.id and each.id.startswith("catalog.")]


@pytest.mark.parametrize("name", ["", *SOURCES])
def test_a_known_source_of_rates_is_fine(settings: Settings, name: str) -> None:
    settings.EXCHANGE_RATE_SOURCE = name

    assert found() == []


def test_an_unknown_source_of_rates_is_told_at_the_start(settings: Settings) -> None:
    settings.EXCHANGE_RATE_SOURCE = "ECB"

    assert found() == ["catalog.E001"]
