"""Whether every part of a run answers: asked for what it does, not looked at from outside."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Mapping, Set
from pathlib import Path

from celery import Celery

Probe = Callable[[], bool]
WORKERS = {"money", "webhooks", "catalogue", "others"}
# The developer's proxy has no business on loopback.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def probes(
    *, web: str, live: str, control: str, gateway: str, broker_url: str, schedule: Path
) -> Mapping[str, Probe]:
    return {
        "web": lambda: answers(f"{web}/healthz"),
        "live updates": lambda: answers(f"{live}/healthz"),
        "supplier simulator": lambda: answers(control),
        "payment gateway": lambda: answers(f"{gateway}/_control"),
        "beat": lambda: any(schedule.parent.glob(f"{schedule.name}*")),
        "workers": lambda: workers_answer(broker_url, WORKERS),
    }


def answers(url: str) -> bool:
    try:
        with _opener.open(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def workers_answer(broker_url: str, names: Set[str]) -> bool:
    """Whether the workers named so answer a ping, as they do once they take tasks."""
    with Celery("readiness", broker=broker_url, set_as_current=False) as app:
        try:
            replies = app.control.ping(timeout=0.5, limit=len(names)) or []
        except OSError:
            return False
    return {name.partition("@")[0] for reply in replies for name in reply} >= names
