"""The smaller tools: ports, translations, the process table, the Dockerfile's reader, bootstrap."""

import io
import runpy
import socket
import sys
from datetime import datetime
from gettext import GNUTranslations
from pathlib import Path

import pytest
from honcho.printer import Message

from dev import dockerfile, ports, system_packages, translations
from dev.processes import DevError
from dev.supervise import Log

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_taken_port_is_named_with_a_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(DevError, match=rf"Port {port} is in use.*\nTry: make run PORT=\d+"):
            ports.check_free(port)
        # Somebody else may have the one below it.
        with pytest.raises(DevError, match=f"Port ({port - 1}|{port}) is in use"):
            ports.check_free(port - 1)


@pytest.mark.parametrize("text", ["", "http", "80", "65535", "-1"])
def test_what_is_not_a_port_is_refused(text: str) -> None:
    with pytest.raises(DevError, match="not a port"):
        ports.parse(text)


def test_translations_are_compiled_when_they_change(tmp_path: Path) -> None:
    folder = tmp_path / "locale" / "id" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "Balance"\nmsgstr "Saldo"\n'
    )

    assert translations.compile_changed(tmp_path) == 1
    assert translations.compile_changed(tmp_path) == 0

    with (folder / "django.mo").open("rb") as file:
        assert GNUTranslations(file).gettext("Balance") == "Saldo"


def test_the_process_that_ended_first_is_remembered() -> None:
    log = Log(io.StringIO())
    for line in ("web started (pid=1)\n", "beat stopped (rc=1)\n", "web stopped (rc=-15)\n"):
        log.write(Message("line", line, datetime.now(), "system", None))  # noqa: DTZ005

    assert log.first_ended == ("beat", "1")


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        ("manage.py", False),
        ("nexotp/settings.py", False),
        ("templates/base.html", False),
        ("tests/conftest.py", True),
        ("dev/run.py", True),
        (".env", True),
        (".git/config", True),
        ("wallet/__pycache__/models.pyc", True),
    ],
)
def test_what_goes_into_the_image(name: str, ignored: bool) -> None:
    rules = (ROOT / ".dockerignore").read_text().splitlines()

    assert dockerfile.is_ignored(Path(name), rules) is ignored


def test_every_app_goes_into_the_image() -> None:
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"dev", "bench"}
    assert "nexotp" in packages

    missing = {name for name in packages if dockerfile.is_ignored(Path(name, "x.py"), rules)}

    assert missing == set()


def test_an_instruction_the_rehearsal_does_not_know_stops_it(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text("ARG version=1\n")

    with pytest.raises(DevError, match="does not know ARG"):
        dockerfile.Image(folder=tmp_path, source=tmp_path).build(file)


def test_an_old_python_is_told_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))

    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer"):
        runpy.run_path(str(ROOT / "dev" / "bootstrap.py"), run_name="__main__")


def test_missing_programs_are_named_by_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert system_packages.missing() == ["chromium", "php-cli", "php-curl", "nodejs"]
