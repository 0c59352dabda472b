"""Nothing of the API goes untold: its errors, its scenarios, and where to read about them."""

import re

import pytest

from accounts.models import Scope
from nexotp.lib.errors import Problem
from nexotp.reference.schema import build, descriptions, error_codes
from nexotp.reference.words import has_advice
from suppliers.sandbox import SCRIPTS
from tests.guards.source import ROOT

# Raised for people at a keyboard or in a browser; never an answer of the API.
NOT_IN_THE_API = {
    *("email_taken", "invalid_email", "unknown_plan", "invalid_scope", "order_not_refundable"),
    *("already_asked", "already_decided", "not_your_own"),
    *("already_so", "not_your_rank", "not_to_be_seen"),
    *("attempt_not_open", "outcome_does_not_fit", "reference_taken"),
    *("stray_not_open", "no_lost_purchase"),
    *("too_many_open_top_ups", "payment_method_unavailable", "payment_gateway_unavailable"),
    *("top_up_not_cancellable", "top_up_decided", "proof_not_wanted"),
    *("key_not_usable", "too_many_keys", "mode_changed", "account_shut"),
    *("account_deleted", "terms_not_accepted"),
    *("open_orders_remain", "wallet_not_empty", "top_up_pending", "staff_account"),
}


def problems(root: type[Problem] = Problem) -> set[type[Problem]]:
    return {root}.union(*(problems(child) for child in root.__subclasses__()))


def test_every_error_of_the_shop_is_described_for_some_call() -> None:
    raised = {problem.code for problem in problems()} - NOT_IN_THE_API

    assert len(raised) > 25
    assert raised - set(error_codes()) == set()


def test_every_error_says_what_to_do_about_it() -> None:
    codes = error_codes()

    assert len(codes) > 25
    assert [code for code in codes if not has_advice(code)] == []
    assert not has_advice("a code that nobody raises")


def test_a_code_has_one_status_and_one_answer_about_retrying() -> None:
    answers: dict[str, set[tuple[int, bool]]] = {}
    for problem in problems():
        answers.setdefault(problem.code, set()).add((problem.status, problem.retryable))

    assert {code: each for code, each in answers.items() if len(each) > 1} == {}


def test_every_scope_opens_some_call() -> None:
    operations = [each for calls in build("en")["paths"].values() for each in calls.values()]

    assert len(operations) == len(descriptions())
    assert {operation["x-scope"] for operation in operations} == set(Scope.values)


@pytest.mark.parametrize("language", ["en", "id"])
def test_every_scenario_of_the_sandbox_is_in_its_guide(language: str) -> None:
    guide = (ROOT / f"docs/guides/{language}/sandbox.md").read_text()

    assert len(SCRIPTS) == 7
    assert {name for name in SCRIPTS if f"`{name}`" not in guide} == set()


@pytest.mark.parametrize(
    "page", ["README.md", "docs/api.md", "docs/architecture.md", "docs/top-ups.md"]
)
def test_every_link_leads_somewhere(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())

    assert links
    assert [link for link in links if not (path.parent / link).exists()] == []
