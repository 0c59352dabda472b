"""`make run`: the whole shop on this machine, until Ctrl-C.

The order matters: hold the data folder, end what an earlier run left, then start. Ending is the
same backwards, and a second Ctrl-C does not cut it short.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev import ports, processes, readiness, translations
from dev.processes import DevError
from dev.servers import Servers, given, sole_use

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN = 90  # seconds, on a slow machine
PYTHON = sys.executable
# Three commands of manage.py in one process: each would start Django anew, which takes seconds.
PREPARE = """
import sys
from django.core.management import call_command
from dev import processes, readiness
call_command("migrate", interactive=False, stdout=sys.stderr)
call_command("load_reference_data", stdout=sys.stderr)
processes.wait_until(lambda: readiness.answers("{control}"), timeout=20)
call_command("seed_demo", "--supplier-url", "{handler}", "--all-suppliers",
    "--gateway-url", "{gateway}")
"""


@dataclass(frozen=True)
class Place:
    """Where a run lives: its data folder and its ports."""

    data: Path
    port: int

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def live(self) -> str:
        """Where open pages hear of changes."""
        return f"http://127.0.0.1:{self.port + 2}"

    @property
    def control(self) -> str:
        """Where the simulator tells about itself."""
        return f"http://127.0.0.1:{self.port + 1}/_control"

    @property
    def handler(self) -> str:
        """Where the simulator speaks the supplier's protocol."""
        return f"http://127.0.0.1:{self.port + 1}/stubs/handler_api.php"

    @property
    def gateway(self) -> str:
        """Where buyers of the demo pay."""
        return f"http://127.0.0.1:{self.port + ports.GATEWAY}"

    @property
    def schedule(self) -> Path:
        return self.data / "celerybeat-schedule"

    @classmethod
    def from_environment(cls) -> Place:
        data = (ROOT / (os.environ.get("NEXOTP_DATA") or ".data")).resolve()
        return cls(data=data, port=ports.parse(os.environ.get("PORT") or "8000"))


def main() -> None:
    processes.end_with_make()
    processes.exit_on_signals()
    started_at = time.monotonic()
    place = Place.from_environment()
    with sole_use(place.data):
        if processes.stop_leftovers(place.data):
            say("Ended what an earlier run had left behind.")
        ports.check_free(place.port)
        with servers_for(place) as servers:
            environment = environment_for(place, servers)
            with simulator(place, environment):
                demo = prepare(place, environment)
            with shop(place, environment) as supervisor:
                wait_until_ready(place, environment, supervisor)
                say(greeting(place, demo, seconds=time.monotonic() - started_at))
                watch(servers, supervisor)


@contextmanager
def servers_for(place: Place) -> Iterator[Servers]:
    servers = Servers(place.data, durable=True, settings=given(os.environ))
    say("Starting PostgreSQL and Valkey ...")
    try:
        servers.start()
        servers.announce(supplier_url=place.handler)
        yield servers
    finally:
        servers.stop()
        processes.stop_leftovers(place.data)


def environment_for(place: Place, servers: Servers) -> dict[str, str]:
    """What every process of the run is started with."""
    environment = {
        **os.environ,
        **servers.environment(),
        "NEXOTP_DATA": str(place.data),
        "PORT": str(place.port),
        "SUPPLIER_PORT": str(place.port + 1),
        "LIVE_PORT": str(place.port + 2),
        "GATEWAY_PORT": str(place.port + ports.GATEWAY),
        # A developer's own server is where webhooks should go.
        "WEBHOOK_ALLOW_LOOPBACK": "true",
        # No mail server is near; the page /dev/mail/ shows what would have been sent.
        "MAIL_FOLDER": str(place.data / "mail"),
        "PATH": f"{Path(PYTHON).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        # Celery's advice for production, ten lines from each worker.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }
    return processes.marked(environment, place.data)


@contextmanager
def simulator(place: Place, environment: dict[str, str]) -> Iterator[None]:
    """Suppliers to read the demo's catalogues from, before the processes of the Procfile start."""
    command = [PYTHON, "-m", "suppliers.simulator", "--demo", "--port", str(place.port + 1)]
    process = processes.spawn(command, env=environment, cwd=ROOT, log=place.data / "simulator.log")
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def prepare(place: Place, environment: dict[str, str]) -> dict[str, Any]:
    """Bring the database up to date; gives what the demo's people sign in with. Raises DevError."""
    translations.compile_changed()
    say("Preparing the database ...")
    commands = PREPARE.format(control=place.control, handler=place.handler, gateway=place.gateway)
    done = subprocess.run(
        [PYTHON, "manage.py", "shell", "--no-imports", "--command", commands],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DevError(f"Preparing the database failed:\n{done.stdout}{done.stderr}")
    demo: dict[str, Any] = json.loads(done.stdout)
    return demo


@contextmanager
def shop(place: Place, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The processes of the Procfile."""
    say("Starting web, live updates, workers, beat, and the simulated supplier and gateway ...")
    # Beat's memory of what it last ran does not survive a kill -9, and is not missed.
    for old in place.schedule.parent.glob(f"{place.schedule.name}*"):
        old.unlink()
    supervisor = processes.spawn([PYTHON, "-m", "dev.supervise"], env=environment, cwd=ROOT)
    try:
        yield supervisor
    finally:
        supervisor.terminate()
        try:
            supervisor.wait(timeout=15)
        except subprocess.TimeoutExpired:
            supervisor.kill()
            supervisor.wait()


def wait_until_ready(
    place: Place, environment: dict[str, str], supervisor: subprocess.Popen[bytes]
) -> None:
    waiting = dict(
        readiness.probes(
            web=place.web,
            live=place.live,
            control=place.control,
            gateway=place.gateway,
            broker_url=environment["BROKER_URL"],
            schedule=place.schedule,
        )
    )
    deadline = time.monotonic() + READY_WITHIN
    while waiting:
        if supervisor.poll() is not None:
            raise DevError("A process ended before the shop was ready; see above.")
        if time.monotonic() > deadline:
            raise DevError(
                f"Not ready after {READY_WITHIN} s: no answer from {', '.join(waiting)}."
            )
        waiting = {name: answers for name, answers in waiting.items() if not answers()}
        time.sleep(0.1 if waiting else 0)


def watch(servers: Servers, supervisor: subprocess.Popen[bytes]) -> None:
    """Return never: leave by a signal, or by DevError when a part has ended."""
    while True:
        time.sleep(0.5)
        if supervisor.poll() is not None:
            raise DevError("A process ended unexpectedly, so everything was stopped; see above.")
        for name in servers.ended():
            raise DevError(f"{name} ended unexpectedly, so everything was stopped.")


def greeting(place: Place, demo: dict[str, Any], *, seconds: float) -> str:
    key = f"-H 'Authorization: Bearer {demo['sandbox_key']}'"
    order = '{"service":"whatsapp","country":"id","provider":"any","idempotencyKey":"first-order"}'
    return f"""
NexOTP is ready at {place.web}
after {seconds:.1f} s. Ctrl-C stops it.

  buyer         {demo["buyer"]["email"]}  {demo["buyer"]["password"]}
  admin         {demo["admin"]["email"]}  {demo["admin"]["password"]}  {place.web}/admin/
                the code of its second step is shown at {place.web}/dev/mail/
                (or add {demo["admin"]["second_step"]} to an authenticator app)
  sandbox key   {demo["sandbox_key"]}
  live key      {demo["live_key"]}
  simulator     {place.control}
  payments      {place.gateway}/_control
  mail          {place.web}/dev/mail/  (nothing is sent from here)

The first call, and the first order:

  curl {place.web}/api/v1/balance {key}

  curl {place.web}/api/v1/order {key} \\
    -H 'Content-Type: application/json' \\
    -d '{order}'
"""


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    try:
        main()
    except DevError as error:
        sys.exit(f"\nmake run: {error}")
    except SystemExit:
        say("Stopped.")
