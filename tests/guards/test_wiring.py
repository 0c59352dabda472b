"""What hangs together by names alone: views, tasks, statuses, migrations."""

import ast
import re
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.db.models import CharField
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from nexotp.api_v1 import v1
from nexotp.celery import app
from nexotp.lib.admin import LongListAdmin
from orders.states import CAPTURED, FINAL, OPEN, TRANSITIONS, Status
from tests.api.calls import MOUNTS
from tests.guards.source import calls, modules

# ---- views ------------------------------------------------------------------------------------

# Everybody may see these. Every other view asks who is there.
PUBLIC = {
    # the shop window, and what robots ask for
    *("", "prices/", "prices/<slug:service_code>/", "prices/in/<slug:country_code>/", "terms/"),
    *("robots.txt", "sitemap.xml", "manifest.webmanifest"),
    "pictures/<slug:code>/<slug:digest>.png",
    "theme/",
    "healthz",  # load balancers
    *("sign-in/", "sign-in/passkey/", "sign-in/second-step/", "sign-in/closed/", "sign-out/"),
    *("sign-up/", "sign-up/code/"),
    *("forgot-password/", "forgot-password/code/", "forgot-password/new/", "forgot-password/done/"),
    "dev/mail/",  # nothing is there unless MAIL_FOLDER is set
    "language/",  # before signing in too
    # programs that speak SMS-Activate's protocol, who show a key
    r"(?:/)?(?:(?P<path>hero|grizzly)/)?stubs/handler_api(?:\.php)?/?$",
    "hooks/supplier/<slug:code>/<str:token>",  # suppliers, by an address that nobody can guess
    "hooks/payment/<slug:code>",  # payment gateways, who sign what they send
    # the reference, which shows a key only to its owner
    *("docs/", "docs/api/<slug:slug>/", "docs/guides/<slug:slug>/", "docs/errors/"),
    *("docs/events/", "docs/search/", "docs/swagger/", "docs/redoc/"),
    "admin/login/",
    "admin/jsi18n/",  # translated words of the admin's scripts
}
# Answered by the API's own middleware, which asks for a key.
_API = tuple(f"{mount.lstrip('/')}/" for mount in MOUNTS)


def views(
    resolver: URLResolver | None = None, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from views(pattern, path)
        else:
            yield path, pattern


def pages() -> dict[str, URLPattern]:
    return {path: pattern for path, pattern in views() if not path.startswith(_API)}


def test_the_scan_finds_the_pages() -> None:
    assert len(pages()) > 20
    assert set(pages()) >= PUBLIC


def test_every_view_is_private_unless_listed() -> None:
    public = {
        path
        for path, pattern in pages().items()
        if not getattr(pattern.callback, "login_required", True)
    }

    assert public - PUBLIC == set()


@pytest.mark.usefixtures("db")
def test_a_stranger_is_sent_to_sign_in() -> None:
    client = Client(raise_request_exception=False)
    answers = {
        path: client.get(f"/{re.sub(r'<[^>]+>|[(].*?[)]', '1', path).rstrip('$')}")
        for path in pages()
        if path not in PUBLIC
    }

    assert len(answers) > 20
    let_in = {
        path: answer.status_code
        for path, answer in answers.items()
        if answer.status_code not in {301, 302, 404, 405}
    }
    assert let_in == {}
    assert {
        answer["Location"].split("?")[0]
        for answer in answers.values()
        if answer.has_header("Location")
    } <= {
        *("/sign-in/", "/admin/login/"),
    }


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("route", v1, ids=lambda route: str(route.pattern))
def test_every_route_of_the_api_asks_for_a_key(mount: str, route: URLPattern) -> None:
    path = re.sub(r"<str:\w+>", "1", str(route.pattern))

    answers = [Client().generic(method, f"{mount}/{path}") for method in ("GET", "POST")]

    assert {answer.status_code for answer in answers} == {401}


# ---- tasks ------------------------------------------------------------------------------------


def our_tasks() -> set[str]:
    app.loader.import_default_modules()
    return {name for name in app.tasks if not name.startswith("celery.")}


def scheduled() -> set[str]:
    return {str(entry["task"]) for entry in app.conf.beat_schedule.values()}


def sent() -> set[str]:
    """Names of the functions that some task sends as a task."""
    senders = ("delay", "apply_async", "delay_on_commit")
    return {
        call.func.value.id  # type: ignore[attr-defined]
        for tree in modules().values()
        for name, call in calls(tree)
        if name in senders
    }


def sent_by_name() -> set[str]:
    """Names of the tasks that a door wakes without importing them."""
    return {
        str(call.args[0].value)
        for tree in modules().values()
        for name, call in calls(tree)
        if name == "send_task" and isinstance(call.args[0], ast.Constant)
    }


def test_every_task_names_a_queue() -> None:
    routes = app.conf.task_routes

    assert len(our_tasks()) >= 9
    assert {name for name in our_tasks() if not routes.get(name, {}).get("queue")} == set()


def test_every_task_is_scheduled_or_sent() -> None:
    forgotten = {
        name
        for name in our_tasks() - scheduled() - sent_by_name()
        if app.tasks[name].run.__name__ not in sent()
    }

    assert len(scheduled()) >= 8
    assert forgotten == set()


def test_everything_scheduled_exists() -> None:
    assert scheduled() <= our_tasks()


# ---- statuses ---------------------------------------------------------------------------------


def test_every_status_is_in_the_table_of_transitions() -> None:
    assert len(Status) == 8
    assert set(TRANSITIONS) == set(Status)
    assert set().union(*TRANSITIONS.values()) == set(Status) - {Status.PURCHASING}


def test_every_status_is_open_or_final_and_every_end_is_reached() -> None:
    assert set(Status) == OPEN | FINAL
    assert not OPEN & FINAL
    assert {Status.RECEIVED, Status.SUCCESS} == CAPTURED


# ---- migrations -------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


# ---- admin ------------------------------------------------------------------------------------


def _long_lists() -> dict[str, LongListAdmin]:
    found = {model._meta.label: each for model, each in admin.site._registry.items()}
    return {label: each for label, each in found.items() if isinstance(each, LongListAdmin)}


@pytest.mark.parametrize("label", sorted(_long_lists()))
def test_no_filter_reads_its_choices_from_millions_of_rows(label: str) -> None:
    """Django asks the table for the distinct values of a text without choices."""
    model = _long_lists()[label]
    named = [each for each in model.list_filter if isinstance(each, str) and "__" not in each]
    fields = [model.model._meta.get_field(name) for name in named]
    texts = [field.name for field in fields if isinstance(field, CharField) and not field.choices]

    assert texts == []
