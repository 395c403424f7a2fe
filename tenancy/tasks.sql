-- name: task_add
-- params: kind text, payload jsonb, unique_key text, delay bigint
INSERT INTO tasks (kind, payload, unique_key, due_at) VALUES ($1::text, $2::jsonb, $3::text, now() + $4::bigint * interval '1 second')
ON CONFLICT (unique_key) WHERE state = 'waiting' DO NOTHING;

-- name: task_recur
-- The one row of a recurring kind; a changed period is taken over.
-- params: kind text, every bigint, first bigint
INSERT INTO tasks (kind, payload, every_seconds, due_at) VALUES ($1::text, '{}', $2::int, now() + $3::bigint * interval '1 second')
ON CONFLICT (kind) WHERE every_seconds IS NOT NULL DO UPDATE SET every_seconds = excluded.every_seconds;

-- name: tasks_due
-- Whether there is anything to do, and how many of the recurring kinds have their row with the right period.
-- params: kinds text[], recurring text[], periods bigint[]
-- returns: due boolean, recurring bigint
SELECT EXISTS (SELECT 1 FROM tasks WHERE state IN ('waiting', 'running') AND due_at <= now() AND kind = ANY ($1::text[]))
    OR EXISTS (SELECT 1 FROM outbox WHERE state = 'waiting' AND due_at <= now()),
    (SELECT count(*) FROM tasks t JOIN unnest($2::text[], $3::bigint[]) r (kind, period) ON r.kind = t.kind AND r.period = t.every_seconds);

-- name: task_claim
-- Takes one task that is due, or whose runner was lost. due_at becomes the end of the lease.
-- params: kinds text[], leases bigint[]
-- returns: id bigint, kind text, payload json, tries bigint
WITH next AS (
    SELECT t.id, k.lease FROM tasks t JOIN unnest($1::text[], $2::bigint[]) k (name, lease) ON k.name = t.kind
    WHERE t.state IN ('waiting', 'running') AND t.due_at <= now()
    ORDER BY t.due_at, t.id LIMIT 1 FOR UPDATE OF t SKIP LOCKED
)
UPDATE tasks t SET state = 'running', tries = t.tries + 1, due_at = now() + next.lease * interval '1 second'
FROM next WHERE t.id = next.id
RETURNING t.id, t.kind, t.payload, t.tries::bigint;

-- name: task_finish
-- No row when the lease was lost meanwhile: then another run owns the task.
-- params: id bigint, tries bigint
-- returns: id bigint
UPDATE tasks SET state = CASE WHEN every_seconds IS NULL THEN 'done' ELSE 'waiting' END,
    due_at = now() + coalesce(every_seconds, 0) * interval '1 second',
    tries = CASE WHEN every_seconds IS NULL THEN tries ELSE 0 END,
    last_error = NULL, finished_at = now()
WHERE id = $1::bigint AND state = 'running' AND tries = $2::int
RETURNING id;

-- name: task_retry
-- A retried task gives its unique key up, since another may hold it by now. Recurring tasks never die: they wait for their next turn.
-- params: id bigint, tries bigint, delay bigint, most bigint, error text
-- returns: state text
UPDATE tasks SET unique_key = NULL, last_error = left($5::text, 500),
    state = CASE WHEN $2::int >= $4::int AND every_seconds IS NULL THEN 'dead' ELSE 'waiting' END,
    due_at = now() + CASE WHEN $2::int >= $4::int THEN greatest($3::bigint, coalesce(every_seconds, 0)) ELSE $3::bigint END * interval '1 second',
    tries = CASE WHEN $2::int >= $4::int AND every_seconds IS NOT NULL THEN 0 ELSE tries END,
    finished_at = CASE WHEN $2::int >= $4::int AND every_seconds IS NULL THEN now() END
WHERE id = $1::bigint AND state = 'running' AND tries = $2::int
RETURNING state;

-- name: tasks_dead
-- params: limit bigint
-- returns: id bigint, kind text, tries bigint, last_error text?, finished_at instant?
SELECT id, kind, tries::bigint, last_error, finished_at FROM tasks WHERE state = 'dead' ORDER BY id DESC LIMIT $1::bigint;

-- name: sweep_idempotency
-- params: most bigint
-- returns: gone bigint
WITH old AS (
    DELETE FROM idempotency_keys WHERE (account_id, key) IN (
        SELECT account_id, key FROM idempotency_keys WHERE created_at < now() - interval '24 hours' LIMIT $1::bigint)
    RETURNING 1
)
SELECT count(*) FROM old;

-- name: sweep_tasks
-- params: most bigint
-- returns: gone bigint
WITH old AS (
    DELETE FROM tasks WHERE id IN (
        SELECT id FROM tasks WHERE state = 'done' AND finished_at < now() - interval '7 days' LIMIT $1::bigint)
    RETURNING 1
)
SELECT count(*) FROM old;

-- name: sweep_outbox
-- params: most bigint
-- returns: gone bigint
WITH old AS (
    DELETE FROM outbox WHERE id IN (
        SELECT id FROM outbox WHERE state = 'delivered' AND delivered_at < now() - interval '7 days' LIMIT $1::bigint)
    RETURNING 1
)
SELECT count(*) FROM old;
