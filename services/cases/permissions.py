"""May she? Everything not allowed here is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from services.cases.enums import ApplicationState, Channel
from services.cases.models import Application, Case, HandOver, Opinion
from services.documents.enums import PaperKind
from services.parties.enums import MandateScope, Role
from services.parties.models import Membership
from services.parties.permissions import acts_for, can_act_for
from services.parties.queries import appointments_to, parties_for, posts_of
from services.parties.references import PartyRef, Post
from workflows.models import Task
from workflows.queries.together import Sentence

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User

#: Roles whose holders work on their department's cases.
DEPARTMENT_ROLES = frozenset({Role.HANDLER, Role.CHECKER, Role.APPROVER, Role.HEAD})
#: Roles of the government service office that oversee every case.
OVERSIGHT_ROLES = frozenset({Role.MANAGER, Role.AUDITOR})
#: The office through which the people's government of this level acts here.
GOVERNMENT_OFFICE = "ZWB"
#: The three different people the law wants behind a decision (承办, 审核, 批准).
DECIDING_ROLES = frozenset({Role.HANDLER, Role.CHECKER, Role.APPROVER})
#: The papers an application is about: an agent has them only if her mandate includes receiving.
RESULTS = frozenset(
    {
        PaperKind.DECISION_GRANT,
        PaperKind.DECISION_REFUSE,
        PaperKind.RENEWAL_NOTICE,
        PaperKind.CERTIFICATE,
        PaperKind.FILING_RECEIPT,
        PaperKind.DELIVERY_RECEIPT,
    }
)
#: One hand-over at most is open (`HandOver.Meta`).
_HOLDER = (
    "select taken_by_id from cases_handover where application_id = %s and taken_at is not null and ended_at is null"
)
#: Whoever holds a draft with the applicant's code, by the draft's `public_id`: as `holder_of`.
HOLDER_OF_DRAFT: Sentence[tuple[int]] = Sentence(
    "select h.taken_by_id from cases_handover h join cases_application a on a.id = h.application_id"
    " where a.public_id = %(public_id)s and h.taken_at is not null and h.ended_at is null"
)


def is_clerk(user: User, at: datetime) -> bool:
    """Return whether she serves at a window at `at`."""
    return any(post.role == Role.CLERK for post in posts_of(user, at))


def may_fill_for(
    user: User, party: PartyRef, *, channel: Channel, at: datetime, own: Collection[PartyRef] | None = None
) -> bool:
    """Return whether she may fill in and file for a party: on line for those she acts for, at the window as a clerk.

    own: the parties she is herself, if this request read them.
    """
    if channel == Channel.COUNTER:
        return is_clerk(user, at)
    return can_act_for(user, party, MandateScope.FILL, at, own=own)


def may_fill(user: User, application: Application, at: datetime) -> bool:
    """Return whether she may change a draft: while a clerk holds it with the applicant's code, only that clerk."""
    holder = holder_of(application)
    if holder is not None:
        return holder == user.pk and is_clerk(user, at)
    return may_fill_for(user, application.party, channel=Channel(application.channel), at=at)


def holder_of(application: Application) -> int | None:
    """Return the key of the clerk who holds a draft with the applicant's code, if one does."""
    with connection.cursor() as cursor:  # asked before the first byte of every page of a draft
        cursor.execute(_HOLDER, [application.pk])
        row = cursor.fetchone()
    return row[0] if row else None


def may_sign_for(user: User, party: PartyRef, *, channel: Channel, at: datetime) -> bool:
    """Return whether her signature binds the party; at the window the clerk keeps the applicant's signed paper."""
    if channel == Channel.COUNTER:
        return is_clerk(user, at)
    return can_act_for(user, party, MandateScope.SIGN, at)


def may_open_review(user: User, application: Application, at: datetime) -> bool:
    """Return whether she may look through what is to be filed: whoever fills it in, or signs it, for the party."""
    channel = Channel(application.channel)
    return may_fill(user, application, at) or may_sign_for(user, application.party, channel=channel, at=at)


def can_act_in_full(user: User, application: Application, at: datetime) -> bool:
    """Return whether she decides about an application's consents: the party itself, or who may sign for it."""
    return any(can_act_for(user, ref, MandateScope.SIGN, at) for ref in {application.party, application.holder})


def is_walk_in_of(user: User, application: Application) -> bool:
    """Return whether she took this application at the window for somebody: what she reads of it is written down."""
    return application.channel == Channel.COUNTER and application.filed_by_id == user.pk


def _of_parties(parties: Iterable[PartyRef]) -> Q:
    """Keep what concerns these parties. That she began it is no reason to see it once her mandate is over."""
    concerned = Q(pk__in=[])
    for ref in parties:
        concerned |= Q(party_kind=ref.kind, party_id=ref.id) | Q(holder_kind=ref.kind, holder_id=ref.id)
    return concerned


def _at_window(user: User, at: datetime) -> Q:
    """Keep what she filed or holds at the window for whoever stands there, as long as she serves at one."""
    serves = Exists(Membership.objects.in_force(at).filter(user_id=user.pk, role=Role.CLERK))
    held = HandOver.objects.filter(taken_by=user, taken_at__isnull=False, ended_at__isnull=True)
    hers = Q(filed_by=user, channel=Channel.COUNTER)
    return Q(serves) & (hers | Q(state=ApplicationState.DRAFT, pk__in=held.values("application")))


def applications_of(user: User | AnonymousUser, at: datetime) -> QuerySet[Application]:
    """Return the applications she fills in and answers for, or filed as a clerk, the latest changed first."""
    return _applications(user, at, [MandateScope.FILL])


def applications_open_to(user: User | AnonymousUser, at: datetime) -> QuerySet[Application]:
    """Return the applications she may follow, whatever she may do for the party; the latest changed first."""
    return _applications(user, at, MandateScope.values)


def may_follow(
    user: User | AnonymousUser, application: Application, at: datetime, *, own: Collection[PartyRef] | None = None
) -> bool:
    """Return whether an application is one of `applications_open_to`: asked about one, most often in one query.

    own: the parties she is herself, if this request read them; then most often in none.
    """
    if not user.is_authenticated or not user.is_active:
        return False
    if is_walk_in_of(user, application) and is_clerk(user, at):
        return True
    refs = list(dict.fromkeys((application.party, application.holder)))
    if any(acts_for(user, ref, at, own=own) for ref in refs):
        return True
    holds = application.state == ApplicationState.DRAFT and holder_of(application) == user.pk
    return holds and is_clerk(user, at)


def applications_with_papers_for(user: User | AnonymousUser, at: datetime, kind: str) -> QuerySet[Application]:
    """Return the applications whose papers of a kind she may have.

    Results are for who receives for the party; what is told on the way also for who fills in, about a fee also for
    who pays. kind: a PaperKind.
    """
    return _applications(user, at, _scopes_for(kind))


def results_withheld(user: User, application: Application, at: datetime) -> frozenset[str]:
    """Return the kinds of papers she may follow but not have: the results, when she does not receive for the party."""
    if is_walk_in_of(user, application):
        return frozenset()
    refs = dict.fromkeys((application.party, application.holder))
    receives = any(can_act_for(user, ref, MandateScope.RECEIVE, at) for ref in refs)
    return frozenset() if receives else RESULTS


def _scopes_for(kind: str) -> list[MandateScope]:
    if kind in RESULTS:
        return [MandateScope.RECEIVE]
    paying = [MandateScope.PAY] if kind in (PaperKind.FEE_NOTICE, PaperKind.FEE_RECEIPT) else []
    return [MandateScope.FILL, MandateScope.RECEIVE, *paying]


def _applications(user: User | AnonymousUser, at: datetime, scopes: Collection[str]) -> QuerySet[Application]:
    if not user.is_authenticated or not user.is_active:
        return Application.objects.none()
    mine = _of_parties(parties_for(user, at, scopes)) | _at_window(user, at)
    return Application.objects.filter(mine).order_by("-changed_at", "-id")


def cases_visible_to(user: User | AnonymousUser, at: datetime) -> QuerySet[Case]:
    """Return the cases staff may open: her department's, every filed one for window clerks, all for oversight."""
    if not user.is_authenticated or not user.is_active:
        return Case.objects.none()
    posts = posts_of(user, at)
    if any(post.role in OVERSIGHT_ROLES for post in posts):
        return Case.objects.order_by("-id")
    departments = {post.department for post in posts if post.role in DEPARTMENT_ROLES}
    seen = Q(department__code__in=departments)
    if any(post.role == Role.CLERK for post in posts):
        seen |= Q(filed_at__isnull=False)
    return Case.objects.filter(seen).order_by("-id")


def oversees(user: User | AnonymousUser, at: datetime) -> bool:
    """Return whether she oversees the time limits of every department: managers do, auditors look."""
    return bool(user.is_active) and any(post.role in OVERSIGHT_ROLES for post in posts_of(user, at))


def cases_overseen_by(user: User | AnonymousUser, at: datetime) -> QuerySet[Case]:
    """Return every case to managers and auditors, nothing to anybody else."""
    return Case.objects.order_by("-id") if oversees(user, at) else Case.objects.none()


def can_intervene(user: User | AnonymousUser, at: datetime) -> bool:
    """Return whether she may step in where work stands or must stand still: a manager decides, an auditor only reads.

    Failed automatic steps set going again or skipped, applications held and released, tasks given to a colleague.
    """
    return bool(user.is_active) and any(post.role == Role.MANAGER for post in posts_of(user, at))


def applications_visible_to(user: User | AnonymousUser, at: datetime) -> QuerySet[Application]:
    """Return the filed applications staff may open: every one for clerks and oversight, else those with her cases."""
    filed = Application.objects.exclude(state=ApplicationState.DRAFT).order_by("-submitted_at", "-id")
    if not user.is_authenticated or not user.is_active:
        return filed.none()
    if any(post.role in OVERSIGHT_ROLES | {Role.CLERK} for post in posts_of(user, at)):
        return filed
    return filed.filter(pk__in=cases_visible_to(user, at).order_by().values("application_id"))


def works_for_department_of(user: User, case: Case, at: datetime) -> bool:
    """Return whether she holds a post that works on cases in the department that decides this one."""
    return any(post.department == case.department.code and post.role in DEPARTMENT_ROLES for post in posts_of(user, at))


def is_head_for(user: User, case: Case, at: datetime) -> bool:
    """Return whether she heads the department that decides this case."""
    return Post(case.department.code, Role.HEAD) in posts_of(user, at)


def may_supervise(user: User, case: Case, at: datetime) -> bool:
    """Return whether she is a supervisor of this case: the head of its department, or a manager."""
    return is_head_for(user, case, at) or can_intervene(user, at)


def is_approver_for(user: User, case: Case, at: datetime) -> bool:
    """Return whether she decides in the department that decides this case."""
    return Post(case.department.code, Role.APPROVER) in posts_of(user, at)


def may_act_for_government(user: User, at: datetime) -> bool:
    """Return whether she acts for the people's government of this level: the manager of its service office does."""
    return Post(GOVERNMENT_OFFICE, Role.MANAGER) in posts_of(user, at)


def can_work_on(user: User, task: Task, at: datetime) -> bool:
    """Return whether a task is hers to do: her post's, or the applicant's for somebody she acts for."""
    if task.role == "applicant":
        return may_answer_for(user, application_about(task.subject_kind, task.subject_id), at)
    return Post(task.department, task.role) in posts_of(user, at)


def has_other_part_in(user: User, case: Case, role: str) -> bool:
    """Return whether she already acted on this case in another of the three deciding roles."""
    return _other_opinions(user, role).filter(case=case).exists()


def _other_opinions(user: User, role: str) -> QuerySet[Opinion]:
    """Return what she said, on any case, in those of the three deciding roles that exclude this one."""
    others = DECIDING_ROLES - {role} if role in DECIDING_ROLES else ()
    return Opinion.objects.filter(by=user, role__in=others)


def cases_for_step(user: User, task: Task, at: datetime) -> QuerySet[Case]:
    """Return cases with what decides whether she may end this task of theirs, in the same query.

    `in_post`: as `can_work_on`, for a task that is not the applicant's. `has_other_part`: as `has_other_part_in`.
    """
    appointed = appointments_to(task.department, task.role, at).filter(user=user, user__is_active=True)
    other_part = _other_opinions(user, task.role).filter(case=OuterRef("pk"))
    return Case.objects.annotate(in_post=Exists(appointed), has_other_part=Exists(other_part))


def may_answer_for(user: User, application: Application, at: datetime) -> bool:
    """Return whether she may answer what the applicant is asked: the party, who holds the results, or their agents."""
    return any(can_act_for(user, ref, MandateScope.FILL, at) for ref in {application.party, application.holder})


def may_supply_for(user: User, application: Application, at: datetime) -> bool:
    """Return whether she may hand in what is missing: as `may_answer_for`, or the clerk for somebody at the window."""
    at_window = application.channel == Channel.COUNTER and is_clerk(user, at)
    return at_window or may_answer_for(user, application, at)


def application_about(subject_kind: str, subject_id: str) -> Application:
    """Return the application a run's subject belongs to."""
    if subject_kind == "case":
        return Application.objects.get(cases__pk=int(subject_id))
    return Application.objects.get(pk=int(subject_id))


def can_withdraw(
    user: User, application: Application, at: datetime, *, own: Collection[PartyRef] | None = None
) -> bool:
    """Return whether she may take the application back: whoever may sign, while something is undecided.

    A clerk who filed it at the window may, for whoever stands there; an agent who may only fill in may not.
    own: the parties she is herself, if this request read them.
    """
    if application.state != ApplicationState.SUBMITTED:
        return False
    if can_act_for(user, application.party, MandateScope.SIGN, at, own=own):
        return True
    return application.channel == Channel.COUNTER and application.filed_by_id == user.pk and is_clerk(user, at)
