-- +goose Up
CREATE TABLE api_keys (
    id         TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    hash       TEXT   NOT NULL UNIQUE, -- of the secret, which is kept nowhere
    scopes     TEXT   NOT NULL,        -- by comma, in the order of the documentation
    created_by TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL, -- 0 for never
    revoked_by TEXT   NOT NULL, -- '' when it was not
    revoked_at BIGINT NOT NULL, -- 0 when it was not
    CHECK ((revoked_at = 0) = (revoked_by = ''))
);
