"""The stream by which open pages learn at once that something changed (server-sent events).

A process of its own, without Django's requests: what it holds are open connections, which would
each cost the web a thread. It says only what changed; pages fetch the rest from the web, and look
by themselves while they hear nothing. `docs/decisions/0024` has the reasons.
"""
