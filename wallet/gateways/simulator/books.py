"""What the simulated gateway knows: its payments, its faults, and a file to remember them in."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

DEFAULT_KEY, DEFAULT_SECRET = "gateway-key", "gateway-secret"

#: every fault, each with the probability of happening, and when that is drawn
FAULTS = {
    "outage": "each call: HTTP 503 before anything is done",
    "lose_answer": "each payment made: made, then the connection is cut",
    "timeout": "each call: carried out, answered only after delay_s",
    "html": "each call: carried out, then answered with an HTML error page",
    "lost_callback": "each callback: never sent",
    "doubled_callback": "each callback: sent twice at the same moment",
    "late_callback": "each callback: sent only after delay_s",
    "stale_callback": "each callback: one that says `pending` is sent after it",
    "forged_signature": "each callback: signed with another secret",
    "wrong_amount": "each payment paid: a thousand less comes in",
    "paid_after_expiry": "each payment page: takes money for what has expired or was cancelled",
}


class BadRequest(ValueError):
    """What is wrong with a request, as the gateway says it; `status` is the HTTP status."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.status = status


@dataclass(frozen=True, slots=True)
class Bill:
    """One payment as the gateway keeps it; amounts are decimal texts."""

    id: str
    reference: str
    amount: str
    currency: str
    expires_at: str
    return_url: str
    callback_url: str
    language: str = "en"
    status: str = "pending"
    paid_amount: str | None = None

    def standing(self, now: datetime) -> str:
        """Return the status at this moment: what is not paid in time has expired."""
        is_over = self.status == "pending" and now >= datetime.fromisoformat(self.expires_at)
        return "expired" if is_over else self.status

    def shown(self, now: datetime, *, root: str) -> dict[str, Any]:
        """Return what the API tells."""
        return {
            "id": self.id,
            "reference": self.reference,
            "status": self.standing(now),
            "amount": self.amount,
            "currency": self.currency,
            "paid_amount": self.paid_amount,
            "expires_at": self.expires_at,
            "payment_url": f"{root}/pay/{self.id}",
        }


@dataclass(slots=True)
class Books:
    """Every payment by our name and by the gateway's, and how the gateway is to behave."""

    path: Path | None = None
    seed: int = 0
    bills: dict[str, Bill] = field(default_factory=dict)
    faults: dict[str, float] = field(default_factory=dict)
    delay_s: float = 12.5
    calls: dict[str, int] = field(default_factory=dict)
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        if self.path is not None and self.path.exists():
            kept = json.loads(self.path.read_text())
            self.bills = {each["id"]: Bill(**each) for each in kept}

    def happens(self, fault: str) -> bool:
        return self._chance.random() < self.faults.get(fault, 0)

    def count(self, name: str) -> None:
        self.calls[name] = self.calls.get(name, 0) + 1

    def find(self, name: str) -> Bill:
        """Return a payment by its reference or its id. Raises BadRequest."""
        if name in self.bills:
            return self.bills[name]
        for bill in self.bills.values():
            if bill.reference == name:
                return bill
        raise BadRequest("not_found", 404)

    def open(self, sent: object, *, new_id: str) -> Bill:
        """Return the payment of that reference, made now unless it was before.

        Raises BadRequest.
        """
        wanted = _read_bill(sent, new_id)
        try:
            earlier = self.find(wanted.reference)
        except BadRequest:
            return self.keep(wanted)
        if (earlier.amount, earlier.currency) != (wanted.amount, wanted.currency):
            raise BadRequest("reference_reused", 409)
        return earlier

    def pay(self, bill: Bill, *, now: datetime) -> Bill:
        """Take the buyer's money, once. Raises BadRequest where it is too late for that."""
        if bill.status == "paid":
            return bill
        if bill.standing(now) != "pending" and not self.happens("paid_after_expiry"):
            raise BadRequest("too_late", 409)
        amount = Decimal(bill.amount)
        if self.happens("wrong_amount"):
            amount -= 1_000
        return self.keep(replace(bill, status="paid", paid_amount=str(amount)))

    def cancel(self, bill: Bill) -> Bill:
        """Take no more money; what was paid stays paid."""
        return bill if bill.status == "paid" else self.keep(replace(bill, status="cancelled"))

    def keep(self, bill: Bill) -> Bill:
        self.bills[bill.id] = bill
        if self.path is not None:
            aside = self.path.with_suffix(".new")
            aside.write_text(json.dumps([asdict(each) for each in self.bills.values()]))
            aside.replace(self.path)
        return bill

    def change(self, sent: object) -> None:
        """Change faults and the delay. Raises BadRequest."""
        if not isinstance(sent, dict) or set(sent) - {"faults", "delay_s"}:
            raise BadRequest("send an object of faults and delay_s")
        faults = sent.get("faults", {})
        if not isinstance(faults, dict) or set(faults) - set(FAULTS):
            raise BadRequest(f"there are these faults: {', '.join(FAULTS)}")
        for name, share in faults.items():
            self.faults[name] = _number(name, share, 1)
        if "delay_s" in sent:
            self.delay_s = _number("delay_s", sent["delay_s"], 86_400)

    def reset(self) -> None:
        """Go back to the beginning."""
        self.bills, self.faults, self.calls, self.delay_s = {}, {}, {}, 12.5


def _number(name: str, value: object, highest: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= highest:
        raise BadRequest(f"{name} must be a number between 0 and {highest}")
    return float(value)


def _read_bill(sent: object, new_id: str) -> Bill:
    names = ("reference", "amount", "currency", "expires_at", "return_url", "callback_url")
    if not isinstance(sent, dict) or not all(isinstance(sent.get(name), str) for name in names):
        raise BadRequest(f"send an object of texts: {', '.join(names)}")
    try:
        amount = Decimal(sent["amount"])
        has_zone = datetime.fromisoformat(sent["expires_at"]).tzinfo is not None
    except (InvalidOperation, ValueError) as error:
        raise BadRequest("amount or expires_at cannot be read") from error
    if not amount.is_finite() or amount <= 0 or not has_zone:
        raise BadRequest("amount or expires_at makes no sense")
    fields: Mapping[str, str] = {name: sent[name] for name in names}
    return Bill(id=new_id, language=str(sent.get("language", "en"))[:2], **fields)
