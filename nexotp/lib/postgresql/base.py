"""Where Django looks for a backend: ENGINE "nexotp.lib.postgresql".

Django checks a pooled connection by asking the server, which costs as much as a small query, on
every call of the API. A server that went away has closed the socket, and that can be seen here.
"""

import select
from typing import Any

from django.db.backends.postgresql import base


def check_connection(connection: Any) -> None:
    """Raise psycopg.OperationalError for a connection whose server has hung up."""
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    while poll.poll(0):
        # Nobody asked anything: this is a notice, or a farewell and then the end, which raises.
        connection.pgconn.consume_input()


class DatabaseWrapper(base.DatabaseWrapper):
    @property
    def pool(self) -> Any:
        """Django's pool, with our check in the place of its own."""
        pool = super().pool
        if pool is not None and pool._check is not None:
            pool._check = check_connection
        return pool
