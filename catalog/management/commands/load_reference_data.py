import csv
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand

from catalog.models import Country, Service

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
    help = "Load the country and service tables; names an admin changed are left alone."

    def handle(self, *args: Any, **options: Any) -> None:
        Country.objects.bulk_create(
            [Country(**row) for row in _rows("countries")],
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=["trade_id", "iso", "prefix"],
        )
        services = [Service(**row) for row in _rows("services")]
        services += [
            Service(code=code, name=name, category="test", is_test=True)
            for code, name in SANDBOX_SERVICES.items()
        ]
        Service.objects.bulk_create(
            services,
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=["trade_code", "is_test"],
        )
        countries, services_count = Country.objects.count(), Service.objects.count()
        self.stdout.write(f"{countries} countries, {services_count} services")


def _rows(table: str) -> list[dict[str, Any]]:
    path = Path(apps.get_app_config("catalog").path) / "data" / f"{table}.tsv"
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))
