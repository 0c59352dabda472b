"""What a request for a statement may say, checked field by field."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from nexotp.lib.fields import Fields
from nexotp.lib.pagination import PageRequest, page_of
from wallet.models import WALLET_KINDS, TransferQuerySet


@dataclass(frozen=True, slots=True)
class StatementRequest:
    """Which movements of a wallet a caller asks for."""

    page: PageRequest
    kind: str | None
    since: datetime | None
    until: datetime | None

    def among(self, transfers: TransferQuerySet) -> TransferQuerySet:
        """Return those of the transfers that are asked for."""
        chosen = transfers.between(self.since, self.until)
        return chosen if self.kind is None else chosen.filter(kind=self.kind)


def read_statement_request(query: Mapping[str, Any]) -> StatementRequest:
    """Raises InvalidRequest naming every parameter that is wrong."""
    fields = Fields(query)
    page = page_of(fields)
    kind = fields.choice("kind", [kind.value for kind in WALLET_KINDS])
    since = fields.moment("from")
    until = fields.moment("to", end_of_day=True)
    if since is not None and until is not None and since > until:
        fields.wrong("to", "before_from", _("`to` must not be before `from`."))
    fields.check()
    return StatementRequest(page, kind, since, until)
