"""Settings every installation shares. What differs comes from the environment; see docs/running.md."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import dj_database_url

from portal.settings.api import *  # noqa: F403
from portal.settings.background import *  # noqa: F403
from portal.settings.logs import LOGGING as LOGGING
from portal.settings.security import *  # noqa: F403

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(os.environ.get("VAR_DIR", ROOT / "var"))


def _embedded(name: str) -> str | None:
    """Return an embedded server's address while `make demo` runs, so that `manage.py` finds it without a set-up."""
    note = VAR / "embedded.json"
    return json.loads(note.read_text())[name] if note.exists() else None


SECRET_KEY = os.environ.get("SECRET_KEY", "")
DEBUG = False
ALLOWED_HOSTS = [host for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host]
SITE_URL = os.environ.get("SITE_URL", "http://127.0.0.1:8000")
CITY = {
    "zh-hans": os.environ.get("CITY_NAME_ZH", "郑州市（演示）"),
    "en": os.environ.get("CITY_NAME_EN", "Zhengzhou (demo)"),
}
REGION = os.environ.get("REGION", "CN-410100")
DIVISIONS_FILE = os.environ.get("DIVISIONS_FILE", "")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "portal",
    "portal.accounts",
    "portal.ui",
    "portal.public",
    "portal.applicant",
    "portal.counter",
    "portal.desk",
    "portal.oversight",
    "portal.api",
    "services.access",
    "services.parties",
    "services.forms",
    "services.notifications",
    "services.catalogue",
    "services.documents",
    "services.exchange",
    "services.cases",
    "services.supervision",
    "services.payments",
    "services.ratings",
    "workflows",
]

MIDDLEWARE = [
    "portal.ui.middleware.RequestLogMiddleware",  # first, so that its line and its number cover everything below
    "django.middleware.security.SecurityMiddleware",
    "portal.ui.middleware.SecurityHeadersMiddleware",
    "portal.ui.compression.CompressionMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.ui.sessions.SessionLimitsMiddleware",
    "portal.ui.middleware.ProfileLanguageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.accounts.kept_forms.KeepingLoginMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "portal.ui.middleware.UnstorableTextMiddleware",
    "portal.applicant.access.MovedOnMiddleware",
    "portal.ui.deadlocks.DeadlockMiddleware",  # last: it lets the view itself run again
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
ASGI_APPLICATION = "portal.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "portal.ui.context_processors.interface",
                "portal.accounts.context_processors.doors",
            ],
        },
    }
]

DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or _embedded("database_url") or "postgres://one_stop@127.0.0.1:5432/one_stop",
        conn_max_age=60,
        conn_health_checks=True,
    )
}
# A page never waits long for another's lock, and no forgotten transaction blocks the others (milliseconds).
DATABASES["default"].setdefault("OPTIONS", {})["options"] = (
    f"-c lock_timeout={os.environ.get('DB_LOCK_TIMEOUT_MS', '3000')}"
    f" -c statement_timeout={os.environ.get('DB_STATEMENT_TIMEOUT_MS', '15000')}"
    " -c idle_in_transaction_session_timeout=30000"
)
REDIS_URL = (os.environ.get("REDIS_URL") or _embedded("redis_url") or "redis://127.0.0.1:6379").rstrip("/")
CELERY_BROKER_URL = f"{REDIS_URL}/0"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "celerybeat-schedule")
# Worker and beat touch a file here after each task and each hint: a health check asks how old it is.
PROGRESS_DIR = Path(os.environ.get("PROGRESS_DIR", VAR))
# A worker or beat that leaves no sign for so long ends itself, and its supervisor starts another. 0: never.
PROGRESS_WITHIN_SECONDS = float(os.environ.get("PROGRESS_WITHIN_SECONDS", "180"))
# Who asks /healthz/full from another machine sends it as a bearer token; empty: only this machine may ask.
HEALTH_TOKEN = os.environ.get("HEALTH_TOKEN", "")
# Per process and disposable: only sign-in rate limits and the like. What must survive stands in PostgreSQL.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "pages": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "pages",
        "OPTIONS": {"MAX_ENTRIES": 500},
    },
}
# Visitors without a session may see a public page that is so old; 0 makes every page anew.
PAGE_CACHE_SECONDS = int(os.environ.get("PAGE_CACHE_SECONDS", "60"))

AUTH_USER_MODEL = "accounts.User"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
# Tests point LOCALE_DIR at a catalogue whose translations are marked, to find text that was never translated.
LOCALE_PATHS = [Path(os.environ.get("LOCALE_DIR", ROOT / "locale"))]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT", VAR / "static"))
STATICFILES_DIRS = [ROOT / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "portal.ui.vendor.VendorFinder",
    "portal.ui.icons.IconFinder",
]
NODE_MODULES = ROOT / "node_modules"
# prefix in our addresses -> (folder under node_modules, the files of it that pages use)
VENDOR_FILES = {
    "vendor/bootstrap": ("bootstrap/dist", ["css/bootstrap.min.css*", "js/bootstrap.bundle.min.js*"]),
    "vendor/htmx": ("htmx.org/dist", ["htmx.min.js"]),
    "vendor/echarts": ("echarts/dist", ["echarts.min.js"]),
    "vendor/bpmn-js": ("bpmn-js/dist", ["bpmn-navigated-viewer.production.min.js", "assets/**/*"]),
}
MEDIA_ROOT = VAR / "files"
# Files belong to cases: nothing serves this folder as it stands, a view decides who may read what.
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 50
UPLOAD_MAX_BYTES = int(os.environ.get("UPLOAD_MAX_MEGABYTES", "20")) * 2**20
# What arrives in parts: the largest part, and after how many hours without a part it is forgotten.
UPLOAD_PART_BYTES = 4 * 2**20
UPLOAD_PARTS_HOURS = int(os.environ.get("UPLOAD_PARTS_HOURS", "24"))
# How much one application may hold, and one person may hand in within 24 hours.
UPLOAD_APPLICATION_MEGABYTES = int(os.environ.get("UPLOAD_APPLICATION_MEGABYTES", "500"))
UPLOAD_PERSON_MEGABYTES = int(os.environ.get("UPLOAD_PERSON_MEGABYTES", "2000"))
# A ClamAV daemon: tcp://host:3310 or unix:///run/clamav/clamd.ctl. Empty: files are not scanned.
CLAMD_URL = os.environ.get("CLAMD_URL", "")
# Where the proxy finds MEDIA_ROOT as an internal location (nginx), e.g. /stored-files/. Empty: we send files ourselves.
FILES_BY_PROXY = os.environ.get("FILES_BY_PROXY", "")

# Official papers: who seals them, the city's word in their numbers, folders with more fonts for rare characters.
SEAL_ADAPTER = os.environ.get("SEAL_ADAPTER", "services.documents.seals.DemoSealAdapter")
CITY_WORD = os.environ.get("CITY_WORD", "郑")
PAPER_FONT_FOLDERS = [folder for folder in os.environ.get("PAPER_FONT_FOLDERS", "").split(os.pathsep) if folder]

# The city's data-sharing gateway; empty means no source can be asked and people hand in the document.
SOURCES_URL = os.environ.get("SOURCES_URL", "")
SOURCES_TOKEN = os.environ.get("SOURCES_TOKEN", "")

EMAIL_HOST = os.environ.get("EMAIL_HOST", "127.0.0.1")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("EMAIL_USE_TLS", "") == "1"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM", "one-stop@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
SMS_GATEWAY_URL = os.environ.get("SMS_GATEWAY_URL", "")
SMS_GATEWAY_KEY = os.environ.get("SMS_GATEWAY_KEY", "")
# The payment service: where this server calls it, where people pay on its pages (another origin), and the shared key.
# Empty: fees are demanded and cannot be paid online.
PAYMENT_GATEWAY = "services.payments.gateway.HttpGateway"
PAYMENT_GATEWAY_URL = os.environ.get("PAYMENT_GATEWAY_URL", "").rstrip("/")
PAYMENT_GATEWAY_PAGES = os.environ.get("PAYMENT_GATEWAY_PAGES", PAYMENT_GATEWAY_URL).rstrip("/")
PAYMENT_GATEWAY_KEY = os.environ.get("PAYMENT_GATEWAY_KEY", "")
# Programs are called outside our own network only, and over HTTPS, unless this is switched on (demo, development).
WEBHOOK_PRIVATE_ALLOWED = os.environ.get("WEBHOOK_PRIVATE_ALLOWED", "") == "1"
WEBHOOK_DISABLED_AFTER = timedelta(days=5)
CRASH_POINTS = False  # tests only: CRASH_AT in the environment kills the process at a named place

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
