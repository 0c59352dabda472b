"""Schemathesis let loose on a running shop, and what it found there."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from schemathesis import Case, Response, openapi
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, ServerError
from schemathesis.engine import events, from_schema
from schemathesis.hooks import HookContext
from schemathesis.openapi.checks import RejectedPositiveData

from accounts.models import Mode
from orders.models import Order
from suppliers.sandbox import SCRIPTS
from tests.fuzz import checks as checks  # registers them
from tests.fuzz.shop import Holder, pass_time
from webhooks.models import Delivery, Endpoint

# How often a value that the shop knows takes the place of an invented one.
_OFTEN, _MOSTLY = 0.6, 0.9
_CALLS_BETWEEN_CLOCK_TICKS = 40
# What a value may be refused for although its form is as described.
_BEYOND_FORM = {
    "unknown",  # to our catalogue
    "conflict",  # with another field
    "not_a_time",  # the thirtieth of February
    "before_from",
    *("invalid", "has_credentials", "port_not_allowed", "unresolvable", "not_public"),  # URLs
}
# The documented 503s; any other would be the shop's own weakness.
_OF_SUPPLIERS = {"no_numbers", "supplier_unavailable"}


@dataclass(frozen=True)
class Visit:
    """One way to come in: which wallet, which header, which mount, which language."""

    mode: Mode
    header: str
    mount: str
    language: str

    def __str__(self) -> str:
        return f"{self.mode} {self.header} {self.mount} {self.language}"

    def headers(self, key: str) -> dict[str, str]:
        value = f"Bearer {key}" if self.header == "Authorization" else key
        return {self.header: value, "Accept-Language": self.language}


@dataclass
class Report:
    """How often each operation answered what, and everything that was wrong with it."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    findings: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def cases(self) -> int:
        return self.answers.total()

    @property
    def never_carried_out(self) -> set[str]:
        """Operations that were refused every time: nothing was learned about them."""
        carried_out = {operation for operation, status in self.answers if 200 <= status < 300}
        return {operation for operation, _status in self.answers} - carried_out

    def note(self, event: events.ScenarioFinished) -> None:
        recorder = event.recorder
        for case_id, interaction in recorder.interactions.items():
            status = interaction.response.status_code if interaction.response else 0
            self.answers[recorder.cases[case_id].value.operation.label, status] += 1
        for case_id, results in recorder.checks.items():
            for result in results:
                if info := result.failure_info:
                    label = recorder.cases[case_id].value.operation.label
                    what = f"{info.failure.title}: {info.failure.message}"
                    self.findings.setdefault((result.name, label, what), []).append(
                        info.code_sample
                    )

    def lines(self) -> Iterator[str]:
        """Yield a table of operations and statuses, then each finding with how to repeat it."""
        operations = sorted({operation for operation, _status in self.answers})
        for operation in operations:
            statuses = {s: n for (each, s), n in sorted(self.answers.items()) if each == operation}
            told = "  ".join(f"{status}: {count}" for status, count in statuses.items())
            yield f"{operation:32} {sum(statuses.values()):6}   {told}"
        yield f"{'in all':32} {self.cases:6}"
        for (check, operation, what), calls in self.findings.items():
            yield f"\n{check} {operation} ({len(calls)} times)\n{what}\n{min(calls, key=len)}"
        yield from self.errors


def visit(
    base_url: str, way: Visit, me: Holder, *, examples: int, seed: int, report: Report
) -> None:
    """Run every phase with this key. No check is off; `_is_a_fault` says what two put up with."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "cache": {"enabled": False},
            "output": {"sanitization": {"enabled": False}},
            "base-url": f"{base_url}{way.mount}",
            "headers": way.headers(me.key),
            "continue-on-failure": True,
            "generation": {
                "max-examples": examples,
                "database": "none",
                "no-shrink": True,
                # Each call is tried without a key and with wrong ones anyhow; more of that would
                # only hide what lies behind.
                "with-security-parameters": False,
            },
            **_real_values(me),
        }
    )
    schema = openapi.from_url(f"{base_url}{way.mount}/schema", config=config)
    schema.hooks.register_hook_with_name(_Clock(), "after_call")
    schema.hooks.register_hook_with_name(_is_a_fault, "filter_failure")
    for event in from_schema(schema).execute():
        match event:
            case events.ScenarioFinished():
                report.note(event)
            case events.NonFatalError():
                report.errors.append(f"{event.label}: {event.info.title}: {event.info.message}")
            case events.FatalError():
                raise event.exception


def _real_values(me: Holder) -> dict[str, Any]:
    """What the shop knows, so that more than refusals are met: goods, and what both have."""
    values = {
        "service": ["whatsapp", "svc_telegram", *SCRIPTS],
        "country": ["id", "cty_us", "ID"],
        "provider": ["any", "sandbox", "alpha"],
        "idempotencyKey": ["order-1", "order-2", "order 3"],
        "endpoint_url": ["https://8.8.8.8/", "https://[2001:4860:4860::8888]:443/a?b=c"],
        "event": ["*", "order.received, order.expired"],
        **{name: ids for name, (_paths, ids) in _known_ids(me).items()},
    }
    places = {
        "service": ("body.service", "query.service"),
        "country": ("body.country", "query.country"),
        "provider": ("body.provider", "query.provider"),
        "idempotencyKey": ("body.idempotencyKey",),
        "endpoint_url": ("body.endpoint_url",),
        "event": ("body.events",),
    }
    return {
        "dictionaries": {name: {"values": known} for name, known in values.items()},
        "parameters": {
            place: {"dictionary": name, "probability": _OFTEN}
            for name, where in places.items()
            for place in where
        },
        "operations": [
            {
                "include-path-regex": paths,
                "parameters": {"path.id": {"dictionary": name, "probability": _MOSTLY}},
            }
            for name, (paths, _ids) in _known_ids(me).items()
        ],
    }


def _known_ids(me: Holder) -> dict[str, tuple[str, list[str]]]:
    """Return ids by what they name, each with the paths that take them.

    Mine come more often, as more can be done with them.
    """
    found: dict[str, tuple[str, QuerySet[Any], QuerySet[Any]]] = {
        "order": (
            "^/order/",
            Order.objects.all(),
            Order.objects.filter(user=me.user, mode=me.mode),
        ),
        "webhook": (
            r"^/webhooks/\{",
            Endpoint.objects.all(),
            Endpoint.objects.for_account(me.user, me.mode),
        ),
        "delivery": (
            "^/webhooks/deliveries/",
            Delivery.objects.all(),
            Delivery.objects.for_account(me.user, me.mode),
        ),
    }
    return {
        name: (paths, [*_names(everybodys), *_names(mine) * 3])
        for name, (paths, everybodys, mine) in found.items()
    }


def _names(rows: QuerySet[Any]) -> list[str]:
    return [str(name) for each in rows.order_by("pk") for name in (each.public_id, each.pk)]


class _Clock:
    """Lets the shop's time pass while it is visited, by the number of calls."""

    __name__ = "after_call"

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self, context: HookContext, case: Case[Any], response: Response) -> None:
        self._calls += 1
        if self._calls % _CALLS_BETWEEN_CLOCK_TICKS:
            return
        try:
            pass_time(timezone.now())
        finally:
            connection.close()


def _is_a_fault(
    context: HookContext, failure: Failure, case: Case[Any], response: Response
) -> bool:
    """A request whose form is right may still be refused, for how things stand or for a name."""
    if not isinstance(failure, RejectedPositiveData | ServerError):
        return True
    try:
        error = response.json()["error"]
    except (ValueError, LookupError, TypeError):
        return True
    if isinstance(failure, ServerError):
        return error["code"] not in _OF_SUPPLIERS
    wrong = {each["code"] for each in error.get("fields", [])}
    return error["code"] == "invalid_request" and not wrong & _BEYOND_FORM
