-- Background work, messages to the outside, and what an Idempotency-Key was answered with. Written in the transaction of their cause.

-- A waiting task is due at due_at; a running one is taken for lost at due_at, when its lease ends. One with every_seconds recurs.
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    unique_key text,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'dead')),
    tries int NOT NULL DEFAULT 0,
    every_seconds int CHECK (every_seconds > 0),
    due_at timestamptz NOT NULL DEFAULT now(),
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE INDEX tasks_due ON tasks (due_at) WHERE state IN ('waiting', 'running');
CREATE INDEX tasks_finished ON tasks (finished_at) WHERE state = 'done';
CREATE UNIQUE INDEX tasks_unique ON tasks (unique_key) WHERE state = 'waiting';
CREATE UNIQUE INDEX tasks_recurring ON tasks (kind) WHERE every_seconds IS NOT NULL;

-- Messages of one aggregate are delivered in the order of their ids, each at least once.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    topic text NOT NULL,
    aggregate uuid NOT NULL,
    payload jsonb NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
    tries int NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'waiting';
CREATE INDEX outbox_order ON outbox (aggregate, id) WHERE state = 'waiting';
CREATE INDEX outbox_delivered ON outbox (delivered_at) WHERE state = 'delivered';

-- The answer is sealed: replies hold personal data.
CREATE TABLE idempotency_keys (
    account_id bigint NOT NULL,
    key text NOT NULL,
    uuid uuid NOT NULL,
    fingerprint bytea NOT NULL,
    status int,
    content_type text,
    body_sealed bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON tasks TO :role;
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO :role;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO :role;
