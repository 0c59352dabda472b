"""No log line carries a key, wherever in the line it stood."""

import logging
import sys
from io import StringIO

import pytest
import structlog

from accounts import keys
from nexotp.lib.logs import RedactKeys, line_formatter, redact

KEY, _PUBLIC_ID = keys.generate("live")
SANDBOX_KEY, _PUBLIC_ID = keys.generate("sandbox")


@pytest.fixture
def lines() -> StringIO:
    """What a logger named `redaction` would have written to the console."""
    lines = StringIO()
    handler = logging.StreamHandler(lines)
    handler.addFilter(RedactKeys())
    handler.setFormatter(line_formatter())
    logger = logging.getLogger("redaction")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.DEBUG)
    return lines


@pytest.mark.parametrize("key", [KEY, SANDBOX_KEY], ids=["live", "sandbox"])
def test_a_key_becomes_its_prefix(key: str) -> None:
    assert redact(f"Bearer {key}, and more") == f"Bearer {key[:8]}[redacted], and more"


@pytest.mark.parametrize("name", ["api_key", "apikey", "key", "token", "API_KEY"])
def test_a_suppliers_key_leaves_the_url(name: str) -> None:
    url = f"https://supplier.test/handler?action=getNumber&{name}=s3cr3t&service=wa"

    assert redact(url) == url.replace("s3cr3t", "[redacted]")


def test_plain_words_stay() -> None:
    assert redact("order placed for nx_live_ keys") == "order placed for nx_live_ keys"


def test_messages_and_arguments_are_cleaned(lines: StringIO) -> None:
    logging.getLogger("redaction").warning("refused %s from %s", KEY, "203.0.113.9")

    assert KEY not in lines.getvalue()
    assert "nx_live_[redacted]" in lines.getvalue()
    assert "203.0.113.9" in lines.getvalue()


def test_structured_events_are_cleaned_however_deep(lines: StringIO) -> None:
    logger = structlog.get_logger("redaction")

    logger.warning("refused", key=KEY, headers={"Authorization": f"Bearer {KEY}"}, all=[KEY])

    assert "refused" in lines.getvalue()
    assert KEY not in lines.getvalue()


def test_tracebacks_are_cleaned(lines: StringIO) -> None:
    def fail(key: str) -> None:
        raise ValueError(f"cannot use {key}")

    try:
        fail(KEY)
    except ValueError:
        logging.getLogger("redaction").exception("failed")
        structlog.get_logger("redaction").error("failed too", exc_info=sys.exc_info())

    assert lines.getvalue().count("ValueError") >= 2
    assert KEY not in lines.getvalue()
