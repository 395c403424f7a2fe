-- name: agents_list
-- branch_id is the agent's own branch, or the first of those the agent works for.
-- returns: ID bigint, id bigint, uuid uuid, first_name text, last_name text, name text, email sealed(accounts.email by uuid), branch_id bigint?, branch_name text?, is_active boolean
-- filter found bigint[]: a.id = ANY (?)
-- filter branch_id bigint: a.id IN (SELECT ab.account_id FROM account_branches ab WHERE ab.branch_id = ?)
-- scope agent: a.id IN (SELECT ab.account_id FROM account_branches ab WHERE ab.branch_id = ANY (?::bigint[]))
-- where: a.account_type_id = 2 AND a.account_status_id = 1
-- order: a.last_name text, a.id bigint
SELECT a.id, a.id, a.uuid, a.first_name, a.last_name, a.first_name || ' ' || a.last_name, a.email_sealed, b.id, b.name, a.account_status_id = 1
-- from
FROM accounts a LEFT JOIN branches b ON b.id = coalesce(a.branch_id, (SELECT min(ab.branch_id) FROM account_branches ab WHERE ab.account_id = a.id));

-- name: agents_to_compare
-- params: most bigint
-- returns: id bigint, uuid uuid, name text, email sealed(accounts.email by uuid)
SELECT id, uuid, first_name || ' ' || last_name, email_sealed FROM accounts
WHERE account_type_id = 2 AND account_status_id = 1 ORDER BY last_name, id LIMIT $1::bigint;
