"""What is stored about an application and its cases under their names: found by subject, each by its index."""

from __future__ import annotations

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from workflows.models import Task

#: The application and its cases as they stand in other tables. Its key is bound twice.
SUBJECTS = """(select 'application' as kind, (%s)::text as id
 union all select 'case', id::text from cases_case where application_id = %s) s"""
#: "offset 0" lets nobody look through a whole table instead: the planner does not know how few subjects there are.
_TASKS = f"""select t.id from {SUBJECTS} cross join lateral (
  select id, root_id from workflows_task where subject_kind = s.kind and subject_id = s.id offset 0
) t where t.root_id = %s"""  # noqa: S608 - constants


def tasks_about(application: int, root: int) -> QuerySet[Task]:
    """Return the tasks of an application and its cases in its run, in the order they were opened."""
    found = RawSQL(_TASKS, [application, application, root])  # noqa: S611 - a constant, its values are bound
    return Task.objects.filter(pk__in=found).order_by("opened_at", "id")
