"""Suppliers that are not real: an HTTP server speaking each protocol that the shop speaks.

    python -m suppliers.simulator --protocol fivesim --port 8001

They sell, keep a balance, deliver codes, cancel, time out and refund as suppliers would, and
misbehave on request: see `settings.py` for what can be set while they run, and `server.py` for the
control addresses. What happens is in `account.py` and `books.py`; how it is said, in a file for
each protocol. Development only. All of it lives in one process and is gone with it.
"""
