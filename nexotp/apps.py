from django.apps import AppConfig


class WiringConfig(AppConfig):
    name = "nexotp"

    def ready(self) -> None:
        # Whoever sends a task, in whichever process, sends it to our broker.
        from nexotp import celery  # noqa: F401
