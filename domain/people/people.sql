-- name: tenants_list
-- returns: ID bigint, id bigint, uuid uuid, tenant_name sealed(tenants.tenant_name by uuid), tenant_email sealed(tenants.tenant_email by uuid)?, tenant_number_primary sealed(tenants.tenant_number_primary by uuid)?, tenant_number_work sealed(tenants.tenant_number_work by uuid)?, address_id bigint?, full_address text?, is_active boolean, created_at instant
-- filter found bigint[]: t.id = ANY (?)
-- filter address_id bigint: t.address_id = ?
-- filter address_or_none bigint: (t.address_id = ? OR t.address_id IS NULL)
-- filter active boolean: t.is_active = ?
-- filter unassigned boolean: (t.address_id IS NULL OR NOT ?)
-- scope agent: t.branch_id = ANY (?::bigint[])
-- order: t.created_at DESC timestamptz, t.id DESC bigint
SELECT t.id, t.id, t.uuid, t.name_sealed, t.email_sealed, t.number_primary_sealed, t.number_work_sealed, t.address_id, a.full_address,
    t.is_active, t.created_at
-- from
FROM tenants t LEFT JOIN addresses a ON a.id = t.address_id;

-- name: tenants_get
-- params: uuid uuid
-- returns: ID bigint, id bigint, uuid uuid, tenant_name sealed(tenants.tenant_name by uuid), tenant_email sealed(tenants.tenant_email by uuid)?, tenant_number_primary sealed(tenants.tenant_number_primary by uuid)?, tenant_number_work sealed(tenants.tenant_number_work by uuid)?, address_id bigint?, full_address text?, is_active boolean, created_at instant
SELECT t.id, t.id, t.uuid, t.name_sealed, t.email_sealed, t.number_primary_sealed, t.number_work_sealed, t.address_id, a.full_address,
    t.is_active, t.created_at
FROM tenants t LEFT JOIN addresses a ON a.id = t.address_id WHERE t.uuid = $1::uuid;

-- name: tenants_get_by_id
-- params: id bigint
-- returns: ID bigint, id bigint, uuid uuid, tenant_name sealed(tenants.tenant_name by uuid), tenant_email sealed(tenants.tenant_email by uuid)?, tenant_number_primary sealed(tenants.tenant_number_primary by uuid)?, tenant_number_work sealed(tenants.tenant_number_work by uuid)?, address_id bigint?, full_address text?, is_active boolean, created_at instant
SELECT t.id, t.id, t.uuid, t.name_sealed, t.email_sealed, t.number_primary_sealed, t.number_work_sealed, t.address_id, a.full_address,
    t.is_active, t.created_at
FROM tenants t LEFT JOIN addresses a ON a.id = t.address_id WHERE t.id = $1::bigint;

-- name: tenants_candidates
-- Ids whose tokens of a kind hold all of the query's: all that match, and a few that do not. An empty list asks nothing of its kind.
-- params: name_tokens bigint[], email_tokens bigint[], number_tokens bigint[], most bigint
-- returns: ids bigint[]
SELECT coalesce(array_agg(tenant_id), '{}') FROM (
    SELECT tenant_id FROM tenant_tokens WHERE cardinality($1::bigint[]) > 0 AND kind = 1 AND tokens @> $1::bigint[]
    UNION SELECT tenant_id FROM tenant_tokens WHERE cardinality($2::bigint[]) > 0 AND kind = 2 AND tokens @> $2::bigint[]
    UNION SELECT tenant_id FROM tenant_tokens WHERE cardinality($3::bigint[]) > 0 AND kind = 3 AND tokens @> $3::bigint[]
    LIMIT $4::bigint) candidates;

-- name: tenants_to_compare
-- params: ids bigint[]
-- returns: id bigint, uuid uuid, tenant_name sealed(tenants.tenant_name by uuid), tenant_email sealed(tenants.tenant_email by uuid)?, tenant_number_primary sealed(tenants.tenant_number_primary by uuid)?, tenant_number_work sealed(tenants.tenant_number_work by uuid)?
SELECT id, uuid, name_sealed, email_sealed, number_primary_sealed, number_work_sealed FROM tenants WHERE id = ANY ($1::bigint[]);

-- name: tenants_newest_to_compare
-- Under three letters there is no token to look up: the newest are opened and compared.
-- params: most bigint
-- returns: id bigint, uuid uuid, tenant_name sealed(tenants.tenant_name by uuid), tenant_email sealed(tenants.tenant_email by uuid)?, tenant_number_primary sealed(tenants.tenant_number_primary by uuid)?, tenant_number_work sealed(tenants.tenant_number_work by uuid)?
SELECT id, uuid, name_sealed, email_sealed, number_primary_sealed, number_work_sealed FROM tenants
ORDER BY created_at DESC, id DESC LIMIT $1::bigint;

-- name: tenants_create
-- params: uuid uuid, name bytea, email bytea, email_key bytea, number_primary bytea, number_work bytea, address_id bigint, branch_id bigint, account_id bigint
-- returns: id bigint
INSERT INTO tenants (uuid, name_sealed, email_sealed, email_key, number_primary_sealed, number_work_sealed, address_id, branch_id, account_id)
SELECT $1::uuid, $2::bytea, $3::bytea, $4::bytea, $5::bytea, $6::bytea, $7::bigint, coalesce(a.branch_id, $8::bigint), $9::bigint
FROM (SELECT $7::bigint AS id) given LEFT JOIN addresses a ON a.id = given.id
RETURNING id;

-- name: tenants_lock
-- params: uuid uuid, id bigint
-- returns: id bigint, uuid uuid
SELECT id, uuid FROM tenants WHERE uuid = $1::uuid OR id = $2::bigint FOR UPDATE;

-- name: tenants_update
-- Bits of `sent`: 1 name, 2 e-mail address, 4 and 8 numbers, 16 address.
-- params: id bigint, sent bigint, name bytea, email bytea, email_key bytea, number_primary bytea, number_work bytea, address_id bigint, branch_id bigint
UPDATE tenants SET
    name_sealed = CASE WHEN $2::bigint & 1 <> 0 THEN $3::bytea ELSE name_sealed END,
    email_sealed = CASE WHEN $2::bigint & 2 <> 0 THEN $4::bytea ELSE email_sealed END,
    email_key = CASE WHEN $2::bigint & 2 <> 0 THEN $5::bytea ELSE email_key END,
    number_primary_sealed = CASE WHEN $2::bigint & 4 <> 0 THEN $6::bytea ELSE number_primary_sealed END,
    number_work_sealed = CASE WHEN $2::bigint & 8 <> 0 THEN $7::bytea ELSE number_work_sealed END,
    address_id = CASE WHEN $2::bigint & 16 <> 0 THEN $8::bigint ELSE address_id END,
    branch_id = CASE WHEN $2::bigint & 16 <> 0 THEN $9::bigint ELSE branch_id END,
    updated_at = now()
WHERE id = $1::bigint;

-- name: tenants_tokens_set
-- params: tenant_id bigint, kind bigint, tokens bigint[]
INSERT INTO tenant_tokens (tenant_id, kind, tokens) VALUES ($1::bigint, $2::smallint, $3::bigint[])
ON CONFLICT (tenant_id, kind) DO UPDATE SET tokens = excluded.tokens;

-- name: tenants_active_jobs
-- params: id bigint
-- returns: count bigint
SELECT count(*) FROM job_tenants jt JOIN jobs j ON j.id = jt.job_id JOIN job_statuses s ON s.id = j.status_id
WHERE jt.tenant_id = $1::bigint AND s.stage IN ('new', 'assigned', 'in_progress');

-- name: tenants_delete
-- params: id bigint
DELETE FROM tenants WHERE id = $1::bigint;

-- name: tenants_seen
-- params: ids bigint[]
-- returns: count bigint
SELECT count(*) FROM tenants WHERE id = ANY ($1::bigint[]);

-- name: tenants_of_jobs
-- params: job_ids bigint[]
-- returns: job_id bigint, id bigint, uuid uuid, tenant_name sealed(tenants.tenant_name by uuid), tenant_email sealed(tenants.tenant_email by uuid)?, tenant_number_primary sealed(tenants.tenant_number_primary by uuid)?, tenant_number_work sealed(tenants.tenant_number_work by uuid)?
SELECT jt.job_id, t.id, t.uuid, t.name_sealed, t.email_sealed, t.number_primary_sealed, t.number_work_sealed
FROM job_tenants jt JOIN tenants t ON t.id = jt.tenant_id WHERE jt.job_id = ANY ($1::bigint[]) ORDER BY jt.job_id, t.id;

-- name: tenants_address
-- An address that the account may give a tenant: an agent, only one of the own branches.
-- params: id bigint, account_type bigint, branch_ids bigint[]
-- returns: full_address text, branch_id bigint
SELECT full_address, branch_id FROM addresses
WHERE id = $1::bigint AND ($2::bigint <> 2 OR branch_id = ANY ($3::bigint[]));

-- name: landlord_create
-- params: uuid uuid, account_id bigint, name bytea, email bytea, phone bytea
-- returns: id bigint
INSERT INTO landlords (uuid, account_id, name_sealed, email_sealed, phone_sealed)
VALUES ($1::uuid, $2::bigint, $3::bytea, $4::bytea, $5::bytea) RETURNING id;
