"""A supplier that is not real: an HTTP server speaking the classic handler protocol.

    python -m suppliers.simulator --port 8001

It sells, keeps a balance, delivers codes, cancels, times out and refunds as a supplier would, and
misbehaves on request: see `settings.py` for what can be set while it runs, and `server.py` for the
control addresses. Development only. All of it lives in one process and is gone with it.
"""
