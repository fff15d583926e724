-- +goose Up
-- Codes that were mailed to customers, by which they show that an order is theirs.
CREATE TABLE customer_codes (
    order_id   TEXT   NOT NULL PRIMARY KEY, -- a new one takes the place of the one before
    hash       TEXT   NOT NULL,             -- of the code, which is kept nowhere; '' when it was used, or tried in vain too often
    tries      BIGINT NOT NULL CHECK (tries >= 0), -- in vain
    expires_at BIGINT NOT NULL,
    sent       BIGINT NOT NULL CHECK (sent >= 0),  -- since sent_since
    sent_since BIGINT NOT NULL
);
