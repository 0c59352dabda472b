"""What stands around every page: theme, troubles, maintenance, marks."""

from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from accounts.models import User
from dev import marks
from nexotp.lib.errors import InvalidRequest, RateLimited, ServiceUnavailable
from nexotp.trouble import server_error
from nexotp.urls import urlpatterns as ours
from tests import cast

ROOT = Path(__file__).resolve().parent.parent


# ---- theme ------------------------------------------------------------------------------------


def test_the_system_decides_until_somebody_chooses(client: Client) -> None:
    page = client.get("/terms/").content.decode()

    assert 'css/dark.css" media="screen and (prefers-color-scheme: dark)"' in page
    assert "data-theme" not in page


@pytest.mark.parametrize("page", ["nothing", "show_top_up", "\n/x", "//evil.example", "/\\evil"])
def test_a_switch_leads_to_no_place_that_is_not_a_page_of_ours(client: Client, page: str) -> None:
    assert client.post("/theme/", {"theme": "dark", "next": page})["Location"] == "/"


@pytest.mark.parametrize(
    ("theme", "sheet"), [("dark", 'css/dark.css" media="screen"'), ("light", None)]
)
def test_a_chosen_theme_is_remembered(client: Client, theme: str, sheet: str | None) -> None:
    answer = client.post("/theme/", {"theme": theme, "next": "/terms/"})

    page = client.get("/terms/").content.decode()
    assert answer["Location"] == "/terms/"
    assert f'data-theme="{theme}"' in page
    assert sheet in page if sheet else "dark.css" not in page
    client.post("/theme/", {"theme": "system"})
    assert "data-theme" not in client.get("/terms/").content.decode()


def test_choosing_a_theme_leads_nowhere_else(client: Client) -> None:
    answer = client.post("/theme/", {"theme": "dark", "next": "https://evil.example/"})

    assert answer["Location"] == "/"


def test_only_one_sheet_speaks_of_the_systems_wish() -> None:
    sheets = {sheet.name: sheet.read_text() for sheet in (ROOT / "static/css").rglob("*.css")}

    assert "color-scheme: dark" in sheets["dark.css"]
    assert [name for name, text in sheets.items() if "prefers-color-scheme" in text] == []


# ---- maintenance ------------------------------------------------------------------------------


@pytest.fixture
def closed(tmp_path: Path, settings: Any) -> Path:
    settings.MAINTENANCE_FILE = str(tmp_path / "closed")
    note = tmp_path / "closed"
    note.write_text("20\n")
    return note


@pytest.mark.usefixtures("db")
def test_a_closed_shop_says_when_to_come_back(client: Client, closed: Path) -> None:
    answer = client.get("/", headers={"accept-language": "en"})

    assert answer.status_code == 503
    assert answer["Retry-After"] == "1200"
    assert "no-store" in answer["Cache-Control"]
    assert b"in about 20 minutes" in answer.content


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("told", ["", "soon", "0", "-5", "\xff"])
def test_a_note_without_minutes_means_a_few(client: Client, closed: Path, told: str) -> None:
    closed.write_bytes(told.encode("latin-1"))

    assert client.get("/")["Retry-After"] == "300"


def test_the_api_of_a_closed_shop_answers_in_its_envelope(
    client: Client, closed: Path, alice: User
) -> None:
    key = cast.key_for(alice)

    answer = client.get("/api/v1/balance", headers=cast.bearer(key))

    assert (answer.status_code, answer["Retry-After"]) == (503, "1200")
    assert answer.json()["error"]["code"] == "service_unavailable"


def test_staff_goes_on_and_customers_wait(
    client: Client, closed: Path, alice: User, staff: User
) -> None:
    client.force_login(alice)
    assert client.get("/orders/").status_code == 503
    client.force_login(staff)
    assert client.get("/orders/").status_code == 200


@pytest.mark.usefixtures("db")
def test_staff_can_sign_in_and_balancers_can_look(client: Client, closed: Path) -> None:
    assert client.get("/sign-in/").status_code == 200
    assert client.get("/admin/login/")["Location"].startswith("/sign-in/")
    assert client.get("/healthz").status_code == 200


# ---- troubles ---------------------------------------------------------------------------------


def fail(_request: HttpRequest, how: str) -> HttpResponse:
    raise {
        "fast": RateLimited(retry_after=7),
        "away": ServiceUnavailable(),
        "gone": OperationalError("away"),
        "odd": InvalidRequest("Not like this."),
        "broken": ZeroDivisionError(),
    }[how]


fail.login_required = False  # type: ignore[attr-defined]
handler500 = server_error
urlpatterns = [path("fail/<str:how>", fail), *ours]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("how", "status", "words"),
    [
        ("fast", 429, "Wait 7 seconds"),
        ("away", 503, "out of breath"),
        ("gone", 503, "out of breath"),
        ("odd", 400, "Not like this."),
        ("broken", 500, "broke on our side"),
    ],
)
@override_settings(ROOT_URLCONF="tests.test_frame")
def test_what_goes_wrong_gets_a_page(how: str, status: int, words: str) -> None:
    client = Client(raise_request_exception=False, headers={"accept-language": "en"})
    client.cookies["theme"] = "dark"

    answer = client.get(f"/fail/{how}")

    assert answer.status_code == status
    assert words in answer.content.decode()
    assert 'data-theme="dark"' in answer.content.decode()
    assert answer.has_header("Retry-After") == (status in {429, 503})


def test_troubles_ask_the_database_nothing(rf: RequestFactory) -> None:
    """pytest-django refuses the database to a test that has not asked for it."""
    assert server_error(rf.get("/")).status_code == 500


# ---- marks ------------------------------------------------------------------------------------


def test_the_marks_are_as_they_are_drawn() -> None:
    assert marks.main(["--check"]) == 0


def test_a_service_has_its_mark_or_a_monogram(client: Client, db: None) -> None:
    page = client.get("/prices/?all").content.decode()

    assert "/static/marks/whatsapp.svg" in page
    assert "monogram--" in page
