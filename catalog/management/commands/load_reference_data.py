import csv
from pathlib import Path
from typing import Any, TypeVar

from django.apps import apps
from django.core.management.base import BaseCommand

from catalog.models import Country, Service

Row = TypeVar("Row", Country, Service)

SANDBOX_SERVICES = {
    "test-slow": "Test: slow code",
    "test-no-code": "Test: no code",
    "test-no-numbers": "Test: no numbers",
    "test-resend": "Test: resend",
    "test-late-code": "Test: late code",
    "test-cancel-race": "Test: code during cancel",
    "test-early-cancel": "Test: cancel too early",
}


class Command(BaseCommand):
    help = "Load the country and service tables; what an admin changed is left alone."

    def handle(self, *args: Any, **options: Any) -> None:
        _add_missing([Country(**row) for row in _rows("countries")], "trade_id", none=None)
        services = [Service(**row) for row in _rows("services")]
        services += [
            Service(code=code, name=name, category="test", is_test=True)
            for code, name in SANDBOX_SERVICES.items()
        ]
        _add_missing(services, "trade_code", none="")
        countries, services_count = Country.objects.count(), Service.objects.count()
        self.stdout.write(f"{countries} countries, {services_count} services")


def _add_missing(rows: list[Row], trades_name: str, *, none: str | None) -> None:
    """Add what is not there yet; a name of the trade's that staff gave to another stays there."""
    model: Any = type(rows[0])
    known = model.objects.values_list("code", trades_name)
    codes, taken = {code for code, _trade in known}, {str(trade) for _code, trade in known}
    missing = [row for row in rows if row.code not in codes]
    for row in missing:
        if str(getattr(row, trades_name)) in taken:
            setattr(row, trades_name, none)
    model.objects.bulk_create(missing, ignore_conflicts=True)


def _rows(table: str) -> list[dict[str, Any]]:
    path = Path(apps.get_app_config("catalog").path) / "data" / f"{table}.tsv"
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))
