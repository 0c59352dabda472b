from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actions import create_user
from nexotp.lib.errors import Problem


class Command(BaseCommand):
    help = "Open an account. Without a password it can only use API keys."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--password")
        parser.add_argument("--staff", action="store_true")
        parser.add_argument("--plan", default="free", help="free, pro or unlimited")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = create_user(
                email=options["email"],
                password=options["password"],
                plan=options["plan"],
                is_staff=options["staff"],
            )
        except Problem as problem:
            raise CommandError(str(problem.message)) from problem
        self.stdout.write(user.public_id)
