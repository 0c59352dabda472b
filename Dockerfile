# One image for the web, the live process, the workers, beat and migrations; docker-compose.yml says which is which.
# `make check` carries these very lines out in an empty folder (dev/rehearse_image.py): it knows the
# instructions used here, and no paths but those below /opt/nexotp.

FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /opt/nexotp
COPY requirements.txt ./
RUN python3 -m venv venv \
    && venv/bin/pip install --quiet --require-hashes --requirement requirements.txt
# Babel compiles the translations and stays behind in this stage.
COPY requirements-dev.txt ./
RUN sed -n '/^babel==/,/# via/p' requirements-dev.txt > babel.txt \
    && python3 -m venv tools \
    && tools/bin/pip install --quiet --require-hashes --requirement babel.txt
COPY . app
RUN if [ -d app/locale ]; then \
        tools/bin/pybabel --quiet compile --domain django --directory app/locale; fi
# Settings insist on their secrets; none of these reaches a container.
RUN SECRET_KEY=build API_KEY_PEPPERS=1:build \
    ENCRYPTION_KEYS=YnVpbGRidWlsZGJ1aWxkYnVpbGRidWlsZGJ1aWxkYnU= \
    DATABASE_URL=postgresql://build/build REDIS_URL=redis://build BROKER_URL=redis://build \
    venv/bin/python app/manage.py collectstatic --no-input --verbosity 0
# The user below may not write bytecode.
RUN venv/bin/python -m compileall -q app

FROM python:3.13-slim
COPY --from=build /opt/nexotp/venv /opt/nexotp/venv
COPY --from=build /opt/nexotp/app /opt/nexotp/app
ENV PATH=/opt/nexotp/venv/bin:/usr/local/bin:/usr/bin:/bin
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENV GRANIAN_HOST=0.0.0.0 GRANIAN_PORT=8000 GRANIAN_WORKERS=2 GRANIAN_BLOCKING_THREADS=16
# A new volume takes over the mode; nobody but the shop runs in here.
RUN mkdir -m 0777 /opt/nexotp/media
ENV MEDIA_ROOT=/opt/nexotp/media
WORKDIR /opt/nexotp/app
USER 10001:10001
EXPOSE 8000
# Asked for as a host that is allowed, or Django would refuse to answer.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(u.Request(f'http://127.0.0.1:{os.environ[\"GRANIAN_PORT\"]}/healthz', headers={'Host': os.environ['ALLOWED_HOSTS'].split(',')[0]}), timeout=4)"]
CMD ["granian", "--interface", "wsgi", "--no-ws", "--respawn-failed-workers", "--workers-kill-timeout", "30", "nexotp.wsgi:application"]
