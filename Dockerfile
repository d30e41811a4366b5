# One image for every process of the site; docker-compose.yml gives each its command, which is the one in Procfile.

FROM node:22-slim AS front-end
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM python:3.11-slim AS build
ENV PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /app
COPY requirements/production.txt requirements/production.txt
RUN pip install --require-hashes --no-deps --requirement requirements/production.txt
COPY manage.py pyproject.toml ./
COPY portal portal
COPY services services
COPY workflows workflows
COPY templates templates
COPY static static
COPY locale locale
COPY --from=front-end /app/node_modules node_modules
# The static files are collected under production settings, which want to see every secret; none of these is kept.
RUN echo '{}' > /tmp/no-keys.json \
    && SECRET_KEY=none FIELD_KEYS=/tmp/no-keys.json DATABASE_URL=postgres://none REDIS_URL=redis://none \
       ALLOWED_HOSTS=none SITE_URL=https://none STATIC_ROOT=/app/static-files \
       DJANGO_SETTINGS_MODULE=portal.settings.production \
       sh -c 'python manage.py compile_catalogues && python manage.py collectstatic --noinput' \
    && rm -rf node_modules

FROM python:3.11-slim
RUN groupadd --system --gid 10001 one-stop \
    && useradd --system --uid 10001 --gid one-stop --home-dir /app --no-create-home one-stop \
    && install --directory --owner one-stop --group one-stop --mode 0700 /data
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=portal.settings.production \
    STATIC_ROOT=/app/static-files \
    VAR_DIR=/data \
    PROGRESS_DIR=/tmp \
    PORT=8000
WORKDIR /app
USER one-stop
VOLUME /data
EXPOSE 8000
# `ready` answers only for a host name the site knows.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/healthz/ready', headers={'Host': os.environ['ALLOWED_HOSTS'].split(',')[0]}), timeout=4)"]
CMD ["gunicorn", "portal.wsgi:application", "--workers", "2", "--threads", "4", "--timeout", "60", "--graceful-timeout", "30", "--max-requests", "5000", "--max-requests-jitter", "500"]
