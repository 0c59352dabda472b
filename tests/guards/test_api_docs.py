"""docs/api.md tells all of what is served, and nothing that is not."""

import re
from itertools import pairwise

from django.urls import URLPattern

from accounts.models import Plan, Scope
from nexotp.api_v1 import v1
from nexotp.lib.errors import Problem
from suppliers.sandbox import SCRIPTS
from tests.guards.source import ROOT

PAGE = (ROOT / "docs/api.md").read_text()

# Raised for people at a keyboard or in a browser; never an answer of the API.
NOT_IN_THE_API = {
    *("email_taken", "invalid_email", "unknown_plan", "invalid_scope", "order_not_refundable"),
}


def problems(root: type[Problem] = Problem) -> set[type[Problem]]:
    return {root}.union(*(problems(child) for child in root.__subclasses__()))


def headings() -> dict[str, str]:
    """The text below each heading of a route, by method and path."""
    marks = [*re.finditer(r"^#{2,3} (.+)$", PAGE, re.MULTILINE)]
    ends = [*(mark.start() for mark in marks[1:]), len(PAGE)]
    return {
        mark[1]: PAGE[mark.end() : end]
        for mark, end in zip(marks, ends, strict=True)
        if re.match(r"(GET|POST|DELETE) /", mark[1])
    }


def served() -> dict[str, URLPattern]:
    """Every route by method and path."""
    found = {}
    for route in v1:
        path = "/" + re.sub(r"<str:\w+>", "{id}", str(route.pattern))
        view = route.callback.view_class  # type: ignore[attr-defined]
        for method in ("get", "post", "delete"):
            if hasattr(view, method):
                found[f"{method.upper()} {path}"] = route
    return found


def test_every_route_is_described_and_no_other() -> None:
    assert len(served()) >= 9
    assert set(headings()) == set(served())


def test_each_route_names_its_scope_and_its_bucket() -> None:
    for name, route in served().items():
        view = route.callback.view_class  # type: ignore[attr-defined]
        assert f"Scope `{view.scope}`, bucket {view.bucket}." in headings()[name], name


def test_every_error_code_is_in_the_table_with_its_status() -> None:
    api = {problem for problem in problems() if problem.code not in NOT_IN_THE_API}
    table = dict(re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", PAGE, re.MULTILINE))

    assert len(table) > 25
    assert table == {problem.code: str(problem.status) for problem in api}


def test_what_the_table_says_of_retrying_is_true() -> None:
    said = dict(re.findall(r"^\| `([a-z_]+)` \| \d{3} \| (yes|no) \|", PAGE, re.MULTILINE))
    retryable = {problem.code: problem.retryable for problem in problems()}

    assert len(said) > 10
    assert {code: answer == "yes" for code, answer in said.items()} == {
        code: retryable[code] for code in said
    }


def test_every_code_mentioned_exists() -> None:
    mentioned = set(re.findall(r"\b[45]\d\d `([a-z_]+)`", PAGE))

    assert len(mentioned) > 10
    assert mentioned <= {problem.code for problem in problems()}


def test_every_scope_and_scenario_is_named() -> None:
    assert len(SCRIPTS) == 7
    assert {name for name in (*Scope.values, *SCRIPTS) if f"`{name}`" not in PAGE} == set()


def test_the_plans_are_as_described(db: None) -> None:
    for code in ("free", "pro"):
        plan = Plan.objects.get(code=code)
        buckets = [plan.bucket(name) for name in ("GENERAL", "ORDER", "POLL")]
        cells = [f"{each.per_minute:,}/min, burst {each.burst}" for each in buckets]
        assert " | ".join([f"| `{code}`", *cells, f"{plan.max_open_orders} |"]) in PAGE


def test_every_anchor_leads_somewhere() -> None:
    anchors = set(re.findall(r"\]\(#([a-z-]+)\)", PAGE))
    titles = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)

    assert anchors
    assert anchors <= {title.lower().replace(" ", "-") for title in titles}
    assert all(first != second for first, second in pairwise(titles))
