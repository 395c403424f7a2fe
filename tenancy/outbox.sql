-- name: outbox_add
-- params: uuid uuid, topic text, aggregate uuid, payload jsonb
INSERT INTO outbox (uuid, topic, aggregate, payload) VALUES ($1::uuid, $2::text, $3::uuid, $4::jsonb);

-- name: outbox_heads
-- The first waiting message of each aggregate, when it is due.
-- params: most bigint
-- returns: ids bigint[]
SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM (
    SELECT o.id FROM outbox o WHERE o.state = 'waiting' AND o.due_at <= now()
        AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.state = 'waiting' AND e.aggregate = o.aggregate AND e.id < o.id)
    ORDER BY o.due_at, o.id LIMIT $1::bigint) heads;

-- name: outbox_take
-- No row when another runner has it or had it.
-- params: id bigint
-- returns: uuid uuid, topic text, aggregate uuid, payload json, tries bigint
SELECT uuid, topic, aggregate, payload, tries::bigint FROM outbox WHERE id = $1::bigint AND state = 'waiting' FOR UPDATE SKIP LOCKED;

-- name: outbox_delivered
-- params: id bigint
UPDATE outbox SET state = 'delivered', delivered_at = now(), tries = tries + 1, last_error = NULL WHERE id = $1::bigint;

-- name: outbox_retry
-- params: id bigint, delay bigint, most bigint, error text
-- returns: state text
UPDATE outbox SET tries = tries + 1, state = CASE WHEN tries + 1 >= $3::int THEN 'dead' ELSE 'waiting' END,
    due_at = now() + $2::bigint * interval '1 second', last_error = left($4::text, 500)
WHERE id = $1::bigint AND state = 'waiting'
RETURNING state;
