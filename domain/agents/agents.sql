-- name: agents_list
-- returns: ID bigint, id bigint, uuid uuid, first_name text, last_name text, name text, email sealed(accounts.email by uuid), branch_id bigint?, branch_name text?, is_active boolean
-- filter search text: lower(a.first_name || ' ' || a.last_name) LIKE '%' || lower(replace(replace(replace(?, '\', '\\'), '%', '\%'), '_', '\_')) || '%'
-- filter branch_id bigint: a.id IN (SELECT ab.account_id FROM account_branches ab WHERE ab.branch_id = ?)
-- scope agent: a.id IN (SELECT ab.account_id FROM account_branches ab WHERE ab.branch_id = ANY (?::bigint[]))
-- where: a.account_type_id = 2 AND a.account_status_id = 1
-- order: a.last_name text, a.id bigint
SELECT a.id, a.id, a.uuid, a.first_name, a.last_name, a.first_name || ' ' || a.last_name, a.email_sealed, a.branch_id, b.name, a.account_status_id = 1
-- from
FROM accounts a LEFT JOIN branches b ON b.id = a.branch_id;
