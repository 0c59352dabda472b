from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actions import create_api_key
from accounts.models import Dialect, Mode, Scope, User
from nexotp.lib.errors import Problem


class Command(BaseCommand):
    help = "Create an API key and print it; it cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--mode", required=True, choices=Mode.values)
        parser.add_argument("--scope", action="append", default=[], choices=Scope.values)
        parser.add_argument("--dialect", default=Dialect.CLASSIC, choices=Dialect.values)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = User.objects.get_by_natural_key(options["email"])
            _row, key = create_api_key(
                user=user,
                mode=Mode(options["mode"]),
                scopes=options["scope"],
                dialect=Dialect(options["dialect"]),
            )
        except User.DoesNotExist as error:
            raise CommandError(f"no account with the e-mail {options['email']}") from error
        except Problem as problem:
            raise CommandError(str(problem.message)) from problem
        self.stdout.write(key)
