import { BUDGET_LEFT } from './usage/budget.sql.js';

/** No run of the conversation is active, and none that waits is older. */
export const HEAD_OF_FREE = `not exists (
  select 1 from runs o where o.conversation_id = r.conversation_id and o.id <> r.id
    and (o.status in ('running', 'requires_action', 'cancelling') or (o.status = 'queued' and o.position < r.position)))`;
/** It need not wait for its time. */
export const HAS_COME = `(r.start_at is null or r.start_at <= now())`;

/**
 * A worker takes runs. $1: those that it has; $2: its name; $3: the seconds of a lease; $4: the users of those that it
 * has; $5: how many it may have of one user; $6: how many it takes; $7, $8: the server's own budget of a day.
 */
export const CLAIM = `
  with lost as (
    select id from runs where status in ('running', 'cancelling') and lease_until < now() and id <> all($1::uuid[])
      order by position limit $6 for update skip locked
  ), busy as (
    select user_id, count(*) as runs from runs where status in ('running', 'cancelling') group by user_id
  ), here as (
    select user_id, count(*) as runs from unnest($4::uuid[]) as h(user_id) group by user_id
  ), line as (
    select r.id, r.user_id, row_number() over (partition by r.user_id order by r.priority desc, r.position) as nth
      from runs r where r.status = 'queued' and ${HAS_COME} and ${HEAD_OF_FREE}
  ), next as (
    select r.id from line l join runs r on r.id = l.id left join busy b on b.user_id = r.user_id
      left join here h on h.user_id = r.user_id
      where r.status = 'queued' and coalesce(h.runs, 0) + l.nth <= $5
      order by r.priority desc, coalesce(b.runs, 0) + l.nth, r.position
      limit $6 - (select count(*) from lost) for update of r skip locked
  )
  update runs r set
      status = case r.status when 'queued' then 'running' else r.status end,
      fence = r.fence + 1, attempt = r.attempt + 1, lease_owner = $2,
      lease_until = now() + $3 * interval '1 second', started_at = coalesce(r.started_at, now())
    from users u
    where u.id = r.user_id and r.id in (select id from lost union all select id from next)
      and (r.status = 'queued' or (r.status in ('running', 'cancelling') and r.lease_until < now()))
    returning r.id, r.position, r.user_id as "userId", r.conversation_id as "conversationId", r.agent, r.status, r.input,
      r.input_message_id as "inputMessageId", r.limits, r.credential, r.variables, r.output_schema as "outputSchema",
      r.fence, r.attempt, r.last_seq as "lastSeq", r.retry_of as "retryOf", r.answer_parent_id as "answerParentId", r.simulate,
      r.traceparent, case when u.disabled_at is null then u.role end as role,
      (select to_jsonb(b) from (${BUDGET_LEFT('r.user_id', '$7', '$8')}) b) as budget,
      (extract(epoch from now() - r.started_at) * 1000 - r.waited_ms)::float8 as "elapsedMs"`;
