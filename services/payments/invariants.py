"""What must hold of money: received once per order, never more given back, every amount an order's own."""

from __future__ import annotations

from datetime import timedelta

from workflows.queries.invariants import Check, asked

PAYMENT_CHECKS: tuple[Check, ...] = (
    asked(
        "I13",
        "Every fee was demanded once.",
        """select 'fee ' || due.number who from payments_feedue due
        where (select count(*) from payments_paymentfact where due_id = due.id and kind = 'demanded') <> 1""",
    ),
    asked(
        "I13",
        "Money that came in or went back is that of its order.",
        """select 'payment ' || attempt.number who from payments_paymentfact fact
        join payments_attempt attempt on attempt.id = fact.attempt_id
        where fact.kind in ('paid', 'refund_owed', 'refunded')
            and (fact.amount_fen <> attempt.amount_fen or fact.due_id <> attempt.due_id)""",
    ),
    asked(
        "I13",
        "Nothing was given back that was not paid and owed.",
        """select 'payment ' || attempt.number who from payments_paymentfact back
        join payments_attempt attempt on attempt.id = back.attempt_id
        where back.kind in ('refunded', 'refund_owed') and not exists (
            select from payments_paymentfact earlier where earlier.attempt_id = back.attempt_id
                and earlier.kind = case back.kind when 'refunded' then 'refund_owed' else 'paid' end)""",
    ),
    asked(
        "I13",
        "No fee holds more money than is due, beside what is owed back.",
        """select 'fee ' || due.number who from payments_feedue due
        join payments_paymentfact fact on fact.due_id = due.id
        group by due.id, due.number, due.full_fen, due.reduction_percent
        having sum(case fact.kind when 'paid' then fact.amount_fen when 'refund_owed' then -fact.amount_fen else 0 end)
            > coalesce(due.full_fen - due.full_fen * due.reduction_percent / 100, 0)""",
    ),
    asked(
        "I13",
        "A paid or failed payment is closed, and a closed one is paid or failed.",
        """select 'payment ' || attempt.number who from payments_attempt attempt
        where (attempt.closed_at is not null) <> exists (select from payments_paymentfact
            where attempt_id = attempt.id and kind in ('paid', 'failed'))""",
    ),
    asked(
        "I13",
        "A result that waits for a fee by law is not issued before it is settled.",
        """select 'fee ' || due.number who from payments_feedue due join cases_case c on c.id = due.case_id
        where due.waits and c.issued_at is not null and c.state = 'granted'
            and coalesce(due.full_fen - due.full_fen * due.reduction_percent / 100, 1) > 0
            and not exists (select from payments_paymentfact
                where due_id = due.id and kind in ('paid', 'cancelled'))""",
    ),
    asked(
        "I11",
        "Money that is owed back is given back within a day.",
        """select 'payment ' || attempt.number who from payments_paymentfact owed
        join payments_attempt attempt on attempt.id = owed.attempt_id
        where owed.kind = 'refund_owed' and attempt.means = 'online' and owed.at < %(at)s - %(patience)s
            and not exists (
                select from payments_paymentfact where attempt_id = owed.attempt_id and kind = 'refunded')""",
        patience=timedelta(days=1),
    ),
)
