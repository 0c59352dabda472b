"""Steering a running simulator from a test or a benchmark."""

from __future__ import annotations

from typing import Any

import httpx2


class RemoteSimulator:
    """A simulator somewhere; `url` is the address for a supplier's credentials."""

    def __init__(
        self,
        root: str,
        *,
        api_key: str = "simulator-key",
        address: str = "/stubs/handler_api.php",
    ) -> None:
        self.root = root
        self.url = f"{root}{address}"
        self.api_key = api_key
        # no connection is kept, so there is none to close at the end
        unkept = httpx2.Limits(max_keepalive_connections=0)
        self._client = httpx2.Client(base_url=root, trust_env=False, limits=unkept)

    def control(self, **settings: Any) -> Any:
        """Change settings and return all of them with the counters; none just returns them."""
        if settings:
            return self._post("/_control", settings)
        return self._answer(self._client.get("/_control"))

    def reset(self) -> None:
        """Forget every number and put every setting back."""
        self._post("/_control/reset", {})

    def activations(self) -> list[dict[str, Any]]:
        """Return every number ever sold: the truth."""
        return list(self._answer(self._client.get("/_control/activations")))

    def deliver(self, reference: str, *, code: str | None = None, text: str | None = None) -> None:
        """Deliver a message to one number now; without code and text, one with a random code."""
        self._post("/_control/message", {"id": reference, "code": code, "text": text})

    def _post(self, path: str, sent: dict[str, Any]) -> Any:
        return self._answer(self._client.post(path, json=sent))

    @staticmethod
    def _answer(answer: httpx2.Response) -> Any:
        answer.raise_for_status()
        return answer.json()
