-- Properties' addresses and the people who own them.

CREATE TABLE landlords (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    account_id bigint UNIQUE REFERENCES accounts, -- a landlord who may log in
    name_sealed bytea NOT NULL,
    email_sealed bytea,
    phone_sealed bytea,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE addresses (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    branch_id bigint NOT NULL REFERENCES branches,
    landlord_id bigint REFERENCES landlords,
    address_line1 text NOT NULL,
    address_line2 text,
    city text NOT NULL,
    postcode text NOT NULL,
    country text NOT NULL DEFAULT 'United Kingdom',
    full_address text NOT NULL GENERATED ALWAYS AS
        (address_line1 || coalesce(', ' || address_line2, '') || ', ' || city || ', ' || postcode) STORED,
    -- What a search looks into: postcodes are typed with and without their blank.
    search_text text NOT NULL GENERATED ALWAYS AS
        (lower(address_line1 || coalesce(', ' || address_line2, '') || ', ' || city || ', ' || postcode || ' ' || replace(postcode, ' ', ''))) STORED,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX addresses_by_branch ON addresses (branch_id, id);
CREATE INDEX addresses_by_landlord ON addresses (landlord_id);
CREATE INDEX addresses_by_text ON addresses USING gin (search_text gin_trgm_ops);

GRANT SELECT, INSERT, UPDATE ON landlords, addresses TO :role;
