"""Django's PostgreSQL backend, checking pooled connections without a round trip."""
