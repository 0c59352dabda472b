"""Reading what suppliers answer: untrusted text, numbers and JSON, made safe or refused.

Money becomes integers in minor units (four decimals) by way of Decimal; floats never occur.
"""

from __future__ import annotations

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus

import ijson

from suppliers.base import ReceivedMessage

DECIMALS = 4

_HIGHEST_BALANCE = Decimal(1_000_000_000)
# No number costs a hundred thousand dollars or rubles; what says so is broken.
_HIGHEST_AMOUNT = Decimal(100_000)
_HIGHEST_COUNT = 10**9
_LONGEST_NUMBER = 40
_LONGEST_TEXT = 4_000
_EXCERPT = 120
_LARGEST_ITEM = 32 * 1024 * 1024

_REFERENCE = re.compile(r"[0-9A-Za-z_-]{1,64}")
_BARE_CODE = re.compile(r"[0-9A-Za-z-]{1,16}")
_LOCAL_TIME = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)[ T](\d\d?)[-:](\d\d?)[-:](\d\d?)", re.ASCII)
# more digits of a second than this Python reads
_FRACTION = re.compile(r"(\.\d{6})\d+")
_PHONE = re.compile(r"\+?([1-9]\d{5,14})", re.ASCII)
# A run of four to eight digits, possibly parted once, that is no piece of something longer.
_CODE = re.compile(r"(?<![\w.,:/+#$€£-])(\d{4,8}|\d{3,4}[- ]\d{3,4})(?![\w/%$€£-]|[.,:]\d|[- ]\d)")


class Unreadable(ValueError):
    """A value is not what it should be."""


def text_of(body: bytes) -> str:
    """Return an answer as text, without a byte order mark and blanks around it."""
    return body.decode("utf-8", "replace").strip("\ufeff \t\r\n")


def read_json(text: str) -> Any:
    """Parse JSON with exact numbers. Raises Unreadable."""
    with suppress(ValueError, ArithmeticError, RecursionError):
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    # Raised out here: the parser's error holds the whole text, which may echo a key.
    raise Unreadable("not JSON")


def items_of(chunks: Iterable[bytes]) -> Iterator[tuple[str, Any]]:
    """Yield the items of one large JSON object while it arrives, with exact numbers.

    One item at a time is in memory. Raises Unreadable, when some may have been yielded.
    """
    decoder = getincrementaldecoder("utf-8")("replace")
    found: Any = ijson.sendable_list()
    parser = ijson.kvitems_coro(found, "")
    unfinished = 0
    for chunk in chunks:
        _feed(parser.send, decoder.decode(chunk).encode())
        unfinished = 0 if found else unfinished + len(chunk)
        if unfinished > _LARGEST_ITEM:
            raise Unreadable("an item without end")
        yield from found
        del found[:]
    _feed(parser.close)
    yield from found


def _feed(parse: Callable[..., Any], *data: bytes) -> None:
    """Raises Unreadable."""
    with suppress(ijson.JSONError, ValueError, ArithmeticError):
        parse(*data)
        return
    # Raised out here, as in `read_json`.
    raise Unreadable("not JSON")


def minor_units(raw: object, *, highest: Decimal = _HIGHEST_AMOUNT) -> int:
    """Return an amount, given as number or text, in minor units; fractions of them count as one.

    Raises Unreadable on everything that is not between zero and `highest`.
    """
    text = str(raw)
    if len(text) > _LONGEST_NUMBER or isinstance(raw, float):
        raise Unreadable("not an amount")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise Unreadable("not an amount") from None
    if not amount.is_finite() or not 0 <= amount <= highest:
        raise Unreadable("not an amount")
    return int(amount.scaleb(DECIMALS).to_integral_value(ROUND_CEILING))


def balance_left(raw: object) -> int:
    """Return an account's balance in minor units; an overdrawn one has nothing.

    Raises Unreadable.
    """
    text = str(raw).strip()
    return 0 if text.startswith("-") else minor_units(text, highest=_HIGHEST_BALANCE)


def minor_units_or_none(raw: object) -> int | None:
    """Return an amount in minor units, or None where it makes no sense."""
    try:
        return minor_units(raw)
    except Unreadable:
        return None


def decimal_text(minor: int) -> str:
    """Return minor units as the decimal number that suppliers read: 1234 is 0.1234."""
    return f"{Decimal(minor).scaleb(-DECIMALS):.{DECIMALS}f}"


def whole_number(raw: object) -> int:
    """Return a count, given as number or text, capped to what a database holds.

    Raises Unreadable.
    """
    try:
        return max(0, min(int(str(raw)), _HIGHEST_COUNT))
    except ValueError:
        raise Unreadable("not a whole number") from None


def phone_number(raw: object) -> str:
    """Return a phone number as E.164. Raises Unreadable."""
    match = _PHONE.fullmatch(str(raw).strip())
    if match is None:
        raise Unreadable("not a phone number")
    return f"+{match[1]}"


def phone_number_or_empty(raw: object) -> str:
    """Return a phone number as E.164, or nothing where it makes no sense."""
    try:
        return phone_number(raw)
    except Unreadable:
        return ""


def reference(raw: object) -> str:
    """Return a supplier's id of an activation, given as number or text. Raises Unreadable."""
    if type(raw) not in (int, str) or not _REFERENCE.fullmatch(str(raw)):
        raise Unreadable("not an id")
    return str(raw)


def local_time(raw: object, zone: tzinfo) -> datetime | None:
    """Return a time in UTC that is printed without its zone, or None where it makes no sense."""
    match = _LOCAL_TIME.fullmatch(str(raw))
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def zoned_time(raw: object) -> datetime | None:
    """Return a time in UTC that is printed with its zone, or None where it makes no sense."""
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", str(raw)))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def unix_time(raw: object) -> datetime | None:
    """Return the time that many seconds after 1970, or None where it makes no sense."""
    try:
        return datetime.fromtimestamp(int(str(raw)[:_LONGEST_NUMBER]), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def clean_text(raw: object) -> str:
    """Return text that any database and any JSON encoder takes: no NUL, no lone surrogate."""
    if raw is None:
        return ""
    text = str(raw)[:_LONGEST_TEXT].replace("\x00", "")
    return text.encode("utf-8", "replace").decode("utf-8").strip()


def name_of(moment: object, text: str) -> str:
    """Return an id for a message whose supplier gives it none: when it came, and what it says."""
    return f"{clean_text(moment)[:40]}/{sha256(text.encode()).hexdigest()[:12]}"


def redacted(text: str, *, secret: str) -> str:
    """Return a text without the secret that it may echo."""
    for hidden in {secret, quote_plus(secret)} - {""}:
        text = text.replace(hidden, "[key]")
    return text


def excerpt(text: str, *, secret: str) -> str:
    """Return the beginning of an answer for a log, without the secret that it may echo."""
    return repr(redacted(text, secret=secret)[:_EXCERPT])


def message(
    code: str,
    text: str,
    *,
    message_id: str = "",
    sender: str = "",
    received_at: datetime | None = None,
) -> ReceivedMessage | None:
    """Return one message, or None where there is neither code nor text.

    Some suppliers leave the code out, or put the whole text in its place.
    """
    if not code and not text:
        return None
    is_code = bool(_BARE_CODE.fullmatch(code))
    return ReceivedMessage(
        code=code if is_code else code_in(code) or code_in(text),
        text=text if is_code else text or code,
        message_id=message_id,
        sender=sender,
        received_at=received_at,
    )


def code_in(text: str) -> str | None:
    """Return the one thing in a message that looks like a code, or None where that is not plain."""
    found = {re.sub(r"[- ]", "", match[1]) for match in _CODE.finditer(text)}
    return found.pop() if len(found) == 1 else None


def _refuse_constant(name: str) -> Any:
    raise Unreadable(name)
