"""The whole programs of the guides: ordering to the code, and repeating what is worth it."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.reference_key import reference_key
from catalog.models import Supplier
from nexotp.reference.edition import Edition
from nexotp.reference.markdown import INCLUDED
from orders.actions import poll_supplier
from orders.models import Order
from tests.samples.runners import ENVIRONMENT, command

pytestmark = pytest.mark.slow

FIRST_ORDER = {"curl": "sh", "javascript": "mjs", "php": "php", "python": "py"}
RETRY = {"javascript": "mjs", "python": "py"}


def started(
    folder: str, endings: dict[str, str], edition: Edition, place: Path
) -> dict[str, "subprocess.Popen[str]"]:
    """Start the programs of a folder, all of them at once."""
    programs = {}
    for language, ending in endings.items():
        text = edition.filled((INCLUDED / folder / f"{language}.{ending}").read_text())
        programs[language] = subprocess.Popen(
            command(language, text, place),
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    return programs


def printed(program: "subprocess.Popen[str]") -> str:
    out, err = program.communicate(timeout=60)
    assert program.returncode == 0, err
    return out


@pytest.mark.usefixtures("committed")
def test_the_first_order_gets_its_code_in_every_language(
    alice: User, web_server: str, tmp_path: Path
) -> None:
    sandbox = Supplier.objects.get(code="sandbox")
    edition = Edition(web_server, reference_key(user=alice, now=timezone.now()), "en")

    programs = started("first-order", FIRST_ORDER, edition, tmp_path)
    ends_at = time.monotonic() + 60
    while any(each.poll() is None for each in programs.values()) and time.monotonic() < ends_at:
        poll_supplier(sandbox, now=timezone.now())
        time.sleep(0.3)
    outputs = {language: printed(program) for language, program in programs.items()}

    assert Order.objects.count() == 4
    by_code = {str(order.messages.get().code): order for order in Order.objects.all()}
    for language, output in outputs.items():
        found = [order for code, order in by_code.items() if code in output]
        assert len(found) == 1, (language, output)
        assert found[0].phone_number in output
        assert "received" in output


@pytest.mark.usefixtures("committed")
def test_programs_that_repeat_share_one_order(alice: User, web_server: str, tmp_path: Path) -> None:
    edition = Edition(web_server, reference_key(user=alice, now=timezone.now()), "en")

    outputs = [printed(each) for each in started("retry", RETRY, edition, tmp_path).values()]

    order = Order.objects.get()
    assert outputs == [f"{order.public_id} {order.phone_number}\n"] * 2


@pytest.mark.parametrize("language", RETRY)
def test_a_program_repeats_what_may_succeed_later(language: str, tmp_path: Path) -> None:
    answers = [
        (503, {"success": False, "error": {"code": "no_numbers", "retryable": True}}),
        (429, {"success": False, "error": {"code": "x", "retryable": True, "retryAfter": 1}}),
        (200, {"success": True, "data": {"orderId": "ord_1", "phoneNumber": "+62"}}),
    ]

    with serving(answers) as (address, bodies):
        edition = Edition(address, "nx_test_key", "en")
        programs = started("retry", {language: RETRY[language]}, edition, tmp_path)
        output = printed(programs[language])

    assert output == "ord_1 +62\n"
    assert len(bodies) == 3
    assert len({body["idempotencyKey"] for body in bodies}) == 1


@pytest.mark.parametrize("language", RETRY)
def test_a_program_gives_up_what_cannot_succeed(language: str, tmp_path: Path) -> None:
    answers = [
        (402, {"success": False, "error": {"code": "insufficient_balance", "retryable": False}})
    ]

    with serving(answers) as (address, bodies):
        edition = Edition(address, "nx_test_key", "en")
        program = started("retry", {language: RETRY[language]}, edition, tmp_path)[language]
        _out, err = program.communicate(timeout=60)

    assert program.returncode != 0
    assert "insufficient_balance" in err
    assert len(bodies) == 1


@contextmanager
def serving(answers: list[tuple[int, dict[str, Any]]]) -> Iterator[tuple[str, list[Any]]]:
    """Answer one request after the other as told; keeps their bodies."""
    bodies: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status, body = answers[len(bodies) - 1]
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", bodies
    finally:
        server.shutdown()
        server.server_close()
