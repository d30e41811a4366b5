"""Celery: messages are hints that may be lost, doubled or late; every fact stands in PostgreSQL."""

from __future__ import annotations

CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 300  # seconds
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
# A page must not wait for a broker that is down or hangs: one try, one second.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,  # seconds; above the hard limit, so that no running task is given out twice
    "socket_timeout": 1,
    "socket_connect_timeout": 1,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "Asia/Shanghai"
NOTICE_CONNECTIONS = 4  # of one dispatcher to a mail server or gateway at once
# A missed hint costs at most one of these periods (seconds). `expires` keeps a stopped worker from finding a heap.
CELERY_BEAT_SCHEDULE = {
    "canary": {
        "task": "workflows.tasks.canary_task",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "note standstills": {
        "task": "workflows.tasks.note_standstills_task",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "sweep timers": {
        "task": "workflows.tasks.sweep_timers_task",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "run jobs": {
        "task": "workflows.tasks.run_due_jobs_task",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "deliver messages": {
        "task": "workflows.tasks.deliver_messages_task",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "recompute clocks": {
        "task": "workflows.tasks.recompute_clocks_task",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "dispatch notices": {
        "task": "services.notifications.tasks.dispatch_notices_task",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "fold board": {
        "task": "services.cases.tasks.fold_board_task",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "tell of dead notices": {
        "task": "services.notifications.tasks.tell_menders_task",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "settle payments": {
        "task": "services.payments.tasks.settle_payments_task",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "reconcile days": {
        "task": "services.payments.tasks.reconcile_days_task",
        "schedule": 900.0,
        "options": {"expires": 900},
    },
    "forget old answers": {
        "task": "services.exchange.tasks.forget_old_answers_task",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "render papers": {
        "task": "services.documents.tasks.render_papers_task",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "scan uploads": {
        "task": "services.documents.tasks.scan_uploads_task",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "forget partial uploads": {
        "task": "services.documents.tasks.forget_partials_task",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "forget old API keys": {
        "task": "portal.api.tasks.forget_old_task",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
}
