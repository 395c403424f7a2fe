-- name: idempotency_claim
-- A second request with the key waits here until the first has ended. No row when the key is taken.
-- params: account_id bigint, key text, uuid uuid, fingerprint bytea
-- returns: uuid uuid
INSERT INTO idempotency_keys AS k (account_id, key, uuid, fingerprint) VALUES ($1::bigint, $2::text, $3::uuid, $4::bytea)
ON CONFLICT (account_id, key) DO UPDATE SET uuid = excluded.uuid, fingerprint = excluded.fingerprint, status = NULL,
    content_type = NULL, body_sealed = NULL, created_at = now()
WHERE k.created_at < now() - interval '24 hours'
RETURNING k.uuid;

-- name: idempotency_get
-- params: account_id bigint, key text
-- returns: uuid uuid, fingerprint bytes, status bigint?, content_type text?, body sealed(idempotency_keys.body by uuid)?
SELECT uuid, fingerprint, status::bigint, content_type, body_sealed FROM idempotency_keys WHERE account_id = $1::bigint AND key = $2::text;

-- name: idempotency_keep
-- Also when the claim went with a transaction that was rolled back and run again. No row when another request took the key meanwhile.
-- params: account_id bigint, key text, uuid uuid, fingerprint bytea, status bigint, content_type text, body bytea
-- returns: uuid uuid
INSERT INTO idempotency_keys AS k (account_id, key, uuid, fingerprint, status, content_type, body_sealed)
VALUES ($1::bigint, $2::text, $3::uuid, $4::bytea, $5::int, $6::text, $7::bytea)
ON CONFLICT (account_id, key) DO UPDATE SET uuid = excluded.uuid, status = excluded.status, content_type = excluded.content_type,
    body_sealed = excluded.body_sealed
WHERE k.status IS NULL AND k.fingerprint = excluded.fingerprint
RETURNING k.uuid;
