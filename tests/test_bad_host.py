"""A Host that is not ours: a clean refusal, and one line in the log."""

import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from django.test import Client

from nexotp.lib.logs import line_formatter


@pytest.fixture
def lines() -> Iterator[StringIO]:
    """What the shop would have written to the console."""
    lines = StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(line_formatter())
    root = logging.getLogger()
    root.addHandler(handler)
    yield lines
    root.removeHandler(handler)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("host", ["evil.example", "evil example", "[", "a" * 300])
@pytest.mark.parametrize("path", ["/terms/", "/", "/sign-in/", "/nowhere/"])
def test_a_bad_host_is_refused_and_noted_in_one_line(lines: StringIO, host: str, path: str) -> None:
    answer = Client(headers={"Accept-Language": "en"}).get(path, HTTP_HOST=host)

    assert answer.status_code == 400
    assert "The request could not be read" in answer.content.decode()
    [line] = lines.getvalue().splitlines()
    assert "level=warning" in line
    assert "Invalid HTTP_HOST header" in line
