"""Wiring: settings, routes, queues. No business rule lives here."""
