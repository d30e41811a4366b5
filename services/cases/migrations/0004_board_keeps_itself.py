"""Triggers that keep the board: whoever moves a clock, a pause or a case moves its standing in the same statement.

Bulk writers move millions of clocks by SQL; code that has to be called can be forgotten, a trigger cannot. All are
per statement, so that a batch costs one pass. The counts are only appended to: no row is updated by two transactions.
"""

from django.db import migrations

FORWARD = """
-- What the clocks say of some cases: from which instant each open one has which light (docs/oversight-board.md).
create function cases_standings_of(keys bigint[]) returns setof cases_standing language sql stable as $$
    select c.id, d.code::varchar, i.code::varchar, c.filed_at, k.case_id is not null,
        least(k.green_from, k.yellow_from, k.red_from), least(k.yellow_from, k.red_from), k.red_from, k.black_from
    from cases_case c
    join parties_department d on d.id = c.department_id
    join catalogue_serviceversion v on v.id = c.service_id
    join catalogue_serviceitem i on i.id = v.item_id
    left join (
        select case_id,
            -- the legal limit stands behind the promise and has no light of its own beside it
            case when bool_or(kind = 'promised') then min(free_from) filter (where kind <> 'statutory')
                else min(free_from) end as green_from,
            case when bool_or(kind = 'promised') then min(warned_from) filter (where kind <> 'statutory')
                else min(warned_from) end as yellow_from,
            min(due_at) as red_from,
            min(due_at) filter (where kind = 'statutory') as black_from
        from (
            select case_id, kind, due_at, free_from,
                case when warn_at is not null and free_from is not null then greatest(warn_at, free_from) end
                    as warned_from
            from (
                select w.subject_id::bigint as case_id, w.kind, w.due_at, w.warn_at,
                    -- the midnight after its last pause; null while one lasts
                    (select case when count(*) = 0 then 'epoch'::timestamptz
                        when not bool_or(p.to_on is null) then (max(p.to_on) + 1)::timestamp at time zone coalesce(
                            (select z.time_zone from workflows_calendarversion z where z.id = w.calendar_version_id),
                            'Asia/Shanghai') end
                    from workflows_clockpause p where p.clock_id = w.id) as free_from
                from workflows_clock w
                where w.subject_kind = 'case' and w.subject_id = any (keys::text[]) and w.stopped_at is null
                    and w.kind not in ('correction', 'deferred_documents', 'publicity', 'renewal')
                offset 0 -- look for pauses once per clock
            ) facts
        ) lit group by case_id
    ) k on k.case_id = c.id
    where c.id = any (keys) and c.state in ('filed', 'supplement', 'accepted')
$$;

-- Bring the standings of some cases up to date and append what that changes in the counts.
create function cases_restand(keys bigint[]) returns void language plpgsql as $$
begin
    if keys is null then
        return;
    end if;
    with before as materialized (
        select * from cases_standing where case_id = any (keys)
    ), after as materialized (
        select * from cases_standings_of(keys)
    ), moved as materialized (
        select coalesce(b.case_id, a.case_id) as case_id
        from before b full join after a on a.case_id = b.case_id where b is distinct from a
    ), gone as (
        delete from cases_standing s using moved m
        where s.case_id = m.case_id and not exists (select from after a where a.case_id = m.case_id)
    ), kept as (
        insert into cases_standing select a.* from after a join moved m on m.case_id = a.case_id
        on conflict (case_id) do update set department = excluded.department, service = excluded.service,
            filed_at = excluded.filed_at, watched = excluded.watched, green_from = excluded.green_from,
            yellow_from = excluded.yellow_from, red_from = excluded.red_from, black_from = excluded.black_from
    ), signed as (
        select -1 as sign, b.* from before b join moved m on m.case_id = b.case_id
        union all select 1, a.* from after a join moved m on m.case_id = a.case_id
    )
    insert into cases_standingchange (department, service, from_at, open, watched, green, yellow, red, black)
    select * from (
        select department, service, t.from_at, sum(sign * t.open) as open, sum(sign * t.watched) as watched,
            sum(sign * t.green) as green, sum(sign * t.yellow) as yellow, sum(sign * t.red) as red,
            sum(sign * t.black) as black
        from signed cross join lateral (values
            ('epoch'::timestamptz, 1, watched::int, 0, 0, 0, 0),
            (green_from, 0, 0, 1, 0, 0, 0), (yellow_from, 0, 0, 0, 1, 0, 0),
            (red_from, 0, 0, 0, 0, 1, 0), (black_from, 0, 0, 0, 0, 0, 1)
        ) as t (from_at, open, watched, green, yellow, red, black)
        where t.from_at is not null group by department, service, t.from_at
    ) n where (open, watched, green, yellow, red, black) is distinct from (0, 0, 0, 0, 0, 0);
end $$;

create function cases_clocks_moved() returns trigger language plpgsql as $$
declare
    keys bigint[];
begin
    if tg_op = 'INSERT' then
        select array_agg(distinct f.subject_id::bigint) into keys from fresh f where f.subject_kind = 'case';
    elsif tg_op = 'DELETE' then
        select array_agg(distinct s.subject_id::bigint) into keys from stale s where s.subject_kind = 'case';
    else
        select array_agg(distinct k.subject_id::bigint) into keys
        from stale s join fresh f on f.id = s.id
        cross join lateral (values (s.subject_kind, s.subject_id), (f.subject_kind, f.subject_id))
            as k (subject_kind, subject_id)
        where k.subject_kind = 'case' and (s.subject_kind, s.subject_id, s.kind, s.due_at, s.warn_at, s.stopped_at)
            is distinct from (f.subject_kind, f.subject_id, f.kind, f.due_at, f.warn_at, f.stopped_at);
    end if;
    perform cases_restand(keys);
    return null;
end $$;

create function cases_pauses_moved() returns trigger language plpgsql as $$
declare
    keys bigint[];
begin
    if tg_op = 'DELETE' then
        select array_agg(distinct c.subject_id::bigint) into keys
        from stale p join workflows_clock c on c.id = p.clock_id where c.subject_kind = 'case';
    else
        select array_agg(distinct c.subject_id::bigint) into keys
        from fresh p join workflows_clock c on c.id = p.clock_id where c.subject_kind = 'case';
    end if;
    perform cases_restand(keys);
    return null;
end $$;

create function cases_cases_moved() returns trigger language plpgsql as $$
declare
    keys bigint[];
begin
    if tg_op = 'INSERT' then
        select array_agg(f.id) into keys from fresh f where f.state in ('filed', 'supplement', 'accepted');
    elsif tg_op = 'DELETE' then
        select array_agg(s.id) into keys from stale s;
    else
        select array_agg(f.id) into keys from stale s join fresh f on f.id = s.id
        where (s.state, s.department_id, s.service_id, s.filed_at)
            is distinct from (f.state, f.department_id, f.service_id, f.filed_at);
    end if;
    perform cases_restand(keys);
    return null;
end $$;

create trigger board_case_added after insert on cases_case referencing new table as fresh
    for each statement execute function cases_cases_moved();
create trigger board_case_moved after update on cases_case referencing old table as stale new table as fresh
    for each statement execute function cases_cases_moved();
create trigger board_case_gone after delete on cases_case referencing old table as stale
    for each statement execute function cases_cases_moved();
create trigger board_clock_added after insert on workflows_clock referencing new table as fresh
    for each statement execute function cases_clocks_moved();
create trigger board_clock_moved after update on workflows_clock referencing old table as stale new table as fresh
    for each statement execute function cases_clocks_moved();
create trigger board_clock_gone after delete on workflows_clock referencing old table as stale
    for each statement execute function cases_clocks_moved();
create trigger board_pause_added after insert on workflows_clockpause referencing new table as fresh
    for each statement execute function cases_pauses_moved();
create trigger board_pause_moved after update on workflows_clockpause
    referencing old table as stale new table as fresh for each statement execute function cases_pauses_moved();
create trigger board_pause_gone after delete on workflows_clockpause referencing old table as stale
    for each statement execute function cases_pauses_moved();

-- What stands already.
select cases_restand(array_agg(id)) from cases_case where state in ('filed', 'supplement', 'accepted');
"""
BACKWARD = """
drop trigger board_pause_gone on workflows_clockpause;
drop trigger board_pause_moved on workflows_clockpause;
drop trigger board_pause_added on workflows_clockpause;
drop trigger board_clock_gone on workflows_clock;
drop trigger board_clock_moved on workflows_clock;
drop trigger board_clock_added on workflows_clock;
drop trigger board_case_gone on cases_case;
drop trigger board_case_moved on cases_case;
drop trigger board_case_added on cases_case;
drop function cases_cases_moved();
drop function cases_pauses_moved();
drop function cases_clocks_moved();
drop function cases_restand(bigint[]);
drop function cases_standings_of(bigint[]);
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_board"), ("workflows", "0006_clocks_know_when_they_warn")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
