"""What people see of a supplier's answer: short, harmless, and without the key."""

import base64
from urllib.parse import quote

import pytest

from suppliers.witness import note_request, redacted, witnessed

KEY = "s3cret/Key+with=signs"


@pytest.mark.parametrize(
    "said",
    [
        KEY,
        KEY.upper(),
        quote(KEY, safe=""),
        base64.b64encode(KEY.encode()).decode(),
        f"<html>?api_key={quote(KEY, safe='')}&action=getBalance</html>",
    ],
)
def test_the_key_is_taken_out_however_it_is_written(said: str) -> None:
    shown = redacted(f"before {said} after".encode(), KEY)

    assert said not in shown
    assert "•••" in shown
    assert shown.startswith("before")


def test_a_key_that_was_cut_off_is_taken_out_too() -> None:
    padding = "x " * ((2_000 - 10) // 2)

    with witnessed() as seen:
        exchange = note_request("GET", "host")
        assert exchange is not None
        exchange.note((padding + KEY).encode())

    kept = seen[0].body
    assert len(kept) == 2_000
    assert KEY[:8] not in redacted(b"y" + kept[-60:].rjust(1_999, b" "), KEY)


def test_mail_addresses_and_control_characters_are_taken_out() -> None:
    shown = redacted("a\x00b\x1b[31mc\u202ed boss@shop.example e\n\nf".encode(), KEY)

    assert shown == "a b [31mc d ••• e f"


def test_what_is_no_text_is_shown_short() -> None:
    shown = redacted(bytes(range(256)) * 40, "")

    assert len(shown) <= 402
    assert shown.isprintable()


def test_nobody_looks_on_outside() -> None:
    assert note_request("GET", "host") is None
    with witnessed() as seen:
        note_request("GET", "host")
        with witnessed() as inner:
            note_request("POST", "host")
        note_request("GET", "host")

    assert [each.method for each in seen] == ["GET", "GET"]
    assert [each.method for each in inner] == ["POST"]
