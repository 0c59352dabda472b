"""Log lines that people can read and that never carry a key."""

import logging
import logging.config
import re
from typing import Any

import structlog

# Our own keys, and whatever stands behind api_key= in a URL, or behind 'api_key': in what Python
# prints, also as HTML.
_SECRETS = re.compile(
    r"\b(nx_(?:live|test)_)\w+|((?:api_?key|key|token)=)[^&\s\"']+"
    r"|(api_?key(?:['\"]|&#x27;|&quot;):\s*(?:['\"]|&#x27;|&quot;))[^'\"&\s]+",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return the text with keys replaced by their prefix."""
    return _SECRETS.sub(lambda found: f"{found[found.lastindex or 0]}[redacted]", text)


class RedactKeys(logging.Filter):
    """Removes keys from every record before a handler formats it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, dict):
            record.msg = {
                name: redact(value) if isinstance(value, str) else value
                for name, value in record.msg.items()
            }
            return True
        message = record.getMessage()
        if (clean := redact(message)) != message:
            record.msg, record.args = clean, ()
        return True


class VisitorsFault(logging.Filter):
    """Makes a warning of one line of what Django reports as an error, with a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def line_formatter() -> logging.Formatter:
    """Return the formatter for one event a line, `event name=value …`."""
    return _RedactingFormatter(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.ExceptionRenderer(),
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "event"], drop_missing=True
            ),
        ],
    )


class _RedactingFormatter(structlog.stdlib.ProcessorFormatter):
    """Tracebacks carry keys too, so the finished line is cleaned once more."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def configure(handlers: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG: structlog's events go through the standard library's handlers."""
    logging.config.dictConfig(handlers)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
