"""The receivers in the guide to webhooks tell what we signed from all else."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from standardwebhooks.webhooks import Webhook

from dev import processes
from nexotp.reference.markdown import INCLUDED
from tests.samples.runners import ENVIRONMENT
from webhooks.signing import new_secret, signed_headers

pytestmark = pytest.mark.slow

FOLDER = INCLUDED / "verify"
RECEIVERS = {
    "receiver.py": [sys.executable, "receiver.py"],
    "standard.py": [sys.executable, "standard.py"],
    "receiver.mjs": ["node", "receiver.mjs"],
    "receiver.php": ["php", "-S", "127.0.0.1:{port}", "receiver.php"],
}
SECRET, OTHER = new_secret(), new_secret()
EVENT_ID = "evt_01JDA7S4T6V8X0Z2B4D6F8H0JN"
BODY = json.dumps({"id": EVENT_ID, "type": "order.received", "data": {"orderId": "ord_1"}})


def signed(
    *, secret: str = SECRET, body: str = BODY, age: timedelta = timedelta()
) -> dict[str, str]:
    """Headers as the package of the standard's authors signs them."""
    moment = datetime.now(UTC) - age
    return {
        "webhook-id": EVENT_ID,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(EVENT_ID, moment, body),
    }


def both() -> dict[str, str]:
    """As in the day after the secret was changed: the receiver's is the second."""
    first, second = signed(secret=OTHER), signed()
    return second | {
        "webhook-signature": f"{first['webhook-signature']} {second['webhook-signature']}"
    }


def changed(**headers: str) -> dict[str, str]:
    return signed() | {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture(scope="module", params=RECEIVERS)
def receiver(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[tuple[str, Path]]:
    """A receiver that runs, as its first line says; its address and what it writes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("receiver") / "log"
    command = [part.format(port=port) for part in RECEIVERS[request.param]]
    process = processes.spawn(
        command,
        env={**ENVIRONMENT, "WEBHOOK_SECRET": SECRET, "PORT": str(port)},
        cwd=FOLDER,
        log=log,
    )
    try:
        assert processes.wait_until(lambda: listens(port), timeout=20, pause=0.05), log.read_text()
        yield f"http://127.0.0.1:{port}/", log
    finally:
        process.terminate()
        process.wait(timeout=10)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def post(address: str, headers: dict[str, str], body: str = BODY) -> int:
    return httpx2.post(address, content=body, headers=headers, trust_env=False).status_code


def test_every_receiver_of_the_guide_is_run_here() -> None:
    guide = (INCLUDED.parent / "guides/en/webhooks.md").read_text()

    assert set(re.findall(r"include=verify/(\S+)", guide)) == {*RECEIVERS, "by-hand.sh"}
    assert {path.name for path in FOLDER.iterdir()} == {*RECEIVERS, "by-hand.sh"}


def test_what_we_signed_is_taken(receiver: tuple[str, Path]) -> None:
    address, log = receiver

    assert post(address, signed()) == 204
    assert processes.wait_until(lambda: "order.received ord_1" in log.read_text(), timeout=5)


def test_what_the_shop_itself_signs_is_taken(receiver: tuple[str, Path]) -> None:
    ours = signed_headers(EVENT_ID, BODY.encode(), [OTHER, SECRET], now=datetime.now(UTC))

    assert post(receiver[0], ours) == 204


def test_either_of_two_signatures_will_do(receiver: tuple[str, Path]) -> None:
    assert post(receiver[0], both()) == 204


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param(signed, BODY + " ", id="another body"),
        pytest.param(lambda: signed(secret=OTHER), BODY, id="another secret"),
        pytest.param(lambda: signed(age=timedelta(minutes=6)), BODY, id="too old"),
        pytest.param(lambda: signed(age=timedelta(minutes=-6)), BODY, id="from the future"),
        pytest.param(lambda: changed(webhook_id="evt_other"), BODY, id="another id"),
        pytest.param(lambda: changed(webhook_timestamp="soon"), BODY, id="no time"),
        pytest.param(lambda: changed(webhook_signature="v1,bm9uZQ=="), BODY, id="a short one"),
        pytest.param(lambda: changed(webhook_signature=""), BODY, id="no signature"),
        pytest.param(dict, BODY, id="no headers"),
    ],
)
def test_all_else_is_refused(receiver: tuple[str, Path], headers: Any, body: str) -> None:
    assert post(receiver[0], headers(), body) == 400
    assert post(receiver[0], signed()) == 204, "and it goes on"


@pytest.mark.parametrize(
    ("headers", "verdict"),
    [
        (signed, "genuine"),
        (both, "genuine"),
        (lambda: signed(age=timedelta(days=1)), "genuine"),
        (lambda: signed(secret=OTHER), "not genuine, expected v1,"),
        (lambda: signed(body="{}"), "not genuine, expected v1,"),
    ],
    ids=["good", "two", "old but good", "another secret", "another body"],
)
def test_by_hand(tmp_path: Path, headers: Any, verdict: str) -> None:
    (tmp_path / "body.json").write_text(BODY)
    given = {name.upper().replace("-", "_"): value for name, value in headers().items()}

    done = subprocess.run(
        ["bash", "-eu", str(FOLDER / "by-hand.sh")],
        env={**os.environ, **given, "WEBHOOK_SECRET": SECRET},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(verdict)
