"""What must hold of runs, tasks, timers and jobs, as statements over whole tables."""

from __future__ import annotations

from datetime import timedelta

from workflows.queries.invariants import Check, asked

#: How late a timer or a job may be in a sound installation: sweeps come round every minute without any broker.
PATIENCE = timedelta(minutes=2)

#: Facts of the history that each moved their run by one step, told once each.
_STEPS = ("task_done", "task_returned", "job_done", "job_skipped")

RUN_CHECKS: tuple[Check, ...] = (
    asked(
        "I3",
        "A join lets one token through per round, and no round is left out.",
        """select format('run %%s, %%s', run_id, detail ->> 'node') who from workflows_historyevent
        where kind = 'joined' group by run_id, detail ->> 'node'
        having count(*) <> count(distinct detail ->> 'round')
            or max((detail ->> 'round')::int) <> count(distinct detail ->> 'round')""",
    ),
    asked(
        "I5",
        "No timer fired before its instant.",
        "select 'timer ' || id who from workflows_timer where fired_at < due_at",
    ),
    asked(
        "I5",
        "No timer is later than two minutes.",
        """select 'timer ' || timer.id who from workflows_timer timer join workflows_run root on root.id = timer.root_id
        where timer.fired_at is null and timer.cancelled_at is null and timer.due_at < %(at)s - %(patience)s
        and not (timer.subject_kind = 'node' and root.state = 'suspended')""",
        patience=PATIENCE,
    ),
    asked(
        "I5",
        "Every threshold of a clock that is told in the history was told once.",
        """select format('clock %%s, %%s', detail ->> 'clock', threshold) who from (
            select detail, coalesce(detail ->> 'threshold', detail ->> 'level') threshold from workflows_historyevent
            where kind in ('clock_warned', 'clock_reached')
        ) told group by detail ->> 'clock', threshold having count(*) > 1""",
    ),
    asked(
        "I7",
        "Every task that was done names one actor and stands once in the history; every other stands there never.",
        """select 'task ' || task.id who from workflows_task task left join (
            select run_id, detail ->> 'node' node, (detail ->> 'round')::int round, count(*) told, min(by_id) actor
            from workflows_historyevent where kind in ('task_done', 'task_returned') group by 1, 2, 3
        ) fact on fact.run_id = task.run_id and fact.node = task.node and fact.round = task.round
        where case when task.state = 'done' then task.closed_by_id is null or fact.told is distinct from 1
            or fact.actor is distinct from task.closed_by_id else fact.told is not null end""",
    ),
    asked(
        "I7",
        "Every job that was done or skipped stands once in the history, every other never.",
        """select 'job ' || job.id who from workflows_job job left join (
            select run_id, detail ->> 'node' node, (detail ->> 'round')::int round, count(*) told
            from workflows_historyevent where kind in ('job_done', 'job_skipped') group by 1, 2, 3
        ) fact on fact.run_id = job.run_id and fact.node = job.node and fact.round = job.round
        where (job.state in ('done', 'skipped')) <> coalesce(fact.told = 1, false) or fact.told > 1""",
    ),
    asked(
        "I9",
        "A run has made at least one step for its start and for each task and job that was done.",
        """select 'run ' || run.id who from workflows_run run join (
            select run_id, count(*) steps from workflows_historyevent
            where kind = 'run_started' or kind = any(%(steps)s) group by run_id
        ) fact on fact.run_id = run.id where run.version < fact.steps""",
        steps=_STEPS,
    ),
    asked(
        "I11",
        "No job that is due waits longer than two minutes.",
        """select 'job ' || job.id who from workflows_job job join workflows_run root on root.id = job.root_id
        where job.state = 'queued' and root.state = 'active' and job.next_attempt_at < %(at)s - %(patience)s""",
        patience=PATIENCE,
    ),
    asked(
        "I11",
        "No message waits longer than two minutes for a run that waits for it.",
        """select 'message ' || message.id who from workflows_message message
        where closed_at is null and kind = 'message' and sent_at < %(at)s - %(patience)s and expires_at > %(at)s
        and exists (select from workflows_subscription wait join workflows_run root on root.id = wait.root_id
            where wait.kind = message.kind and wait.name = message.name and wait.key in ('', message.key)
            and wait.opened_at < %(at)s - %(patience)s and root.state = 'active')""",
        patience=PATIENCE,
    ),
)
