"""What must hold of applications and cases: each submitted once, each under way somewhere, each decided by somebody."""

from __future__ import annotations

from services.cases.enums import CLOSED_CASE_STATES
from workflows.queries.invariants import Check, asked

CASE_CHECKS: tuple[Check, ...] = (
    asked(
        "I1",
        "Every submitted application has its run, its cases, its signature and its receipt.",
        """select 'application ' || application.id who from cases_application application
        where state <> 'draft' and (run_id is null
            or not exists (select from cases_case where application_id = application.id)
            or not exists (select from cases_signature where application_id = application.id)
            or not exists (select from documents_paper where subject_kind = 'application'
                and subject_id = application.id::text and kind = 'receipt'))""",
    ),
    asked(
        "I1",
        "No application is carried out twice.",
        """select format('%%s %%s', subject_kind, subject_id) who from workflows_run
        where parent_id is null and subject_kind in ('application', 'case')
        group by subject_kind, subject_id having count(*) > 1""",
    ),
    asked(
        "I1",
        "Nothing is carried out for a draft.",
        """select 'application ' || application.id who from cases_application application
        where state = 'draft' and (run_id is not null
            or exists (select from cases_case where application_id = application.id))""",
    ),
    asked(
        "I2",
        "Every case that is not closed has a run that goes on, its own or the application's.",
        """select 'case ' || c.id who from cases_case c
        join cases_application application on application.id = c.application_id
        left join workflows_run own on own.id = c.run_id
        left join workflows_run root on root.id = application.run_id
        where not c.state = any(%(closed)s) and coalesce(own.state, root.state, 'ended') = 'ended'""",
        closed=tuple(str(state) for state in CLOSED_CASE_STATES),
    ),
    asked(
        "I2",
        "An application is closed exactly when its run has ended.",
        """select 'application ' || application.id who from cases_application application
        join workflows_run root on root.id = application.run_id
        where (root.state = 'ended') <> (application.closed_at is not null)""",
    ),
    asked(
        "I7",
        "Every opinion is that of the person who did the task.",
        """select 'opinion ' || opinion.id who from cases_opinion opinion
        join workflows_task task on task.id = opinion.task_id
        where task.state <> 'done' or task.closed_by_id is distinct from opinion.by_id""",
    ),
    asked(
        "I7",
        "Every decision was made at an instant, and after the case was filed.",
        """select 'case ' || id who from cases_case
        where state in ('granted', 'refused') and (decided_at is null or decided_at < filed_at)""",
    ),
)
