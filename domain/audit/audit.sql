-- name: audit_add
-- params: type text, account_id bigint, account_name text, subject text, subject_uuid uuid, request_id text, address_key bytea, details_uuid uuid, details bytea
INSERT INTO activity_log (type, account_id, account_name, subject, subject_uuid, request_id, address_key, details_uuid, details_sealed)
VALUES ($1::text, $2::bigint, $3::text, $4::text, $5::uuid, $6::text, $7::bytea, $8::uuid, $9::bytea);
