import sys
from typing import Any

from django.core.management.base import BaseCommand

from orders.reports import audit_ledger


class Command(BaseCommand):
    help = "Prove that ledger and orders agree; findings one per line, exit status 1 if any."

    def handle(self, *args: Any, **options: Any) -> None:
        findings = audit_ledger()
        for finding in findings:
            self.stdout.write(finding)
        if findings:
            sys.exit(1)
