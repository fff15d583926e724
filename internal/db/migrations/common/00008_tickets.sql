-- +goose Up
CREATE TABLE tickets (
    id         TEXT   NOT NULL PRIMARY KEY,
    order_id   TEXT   NOT NULL,
    category   TEXT   NOT NULL,
    status     TEXT   NOT NULL,
    version    BIGINT NOT NULL CHECK (version > 0),
    messages   BIGINT NOT NULL CHECK (messages >= 0),
    reason     TEXT   NOT NULL,
    assignee   TEXT   NOT NULL, -- the person who sees to it, '' for none
    holds      TEXT   NOT NULL, -- the reason code of the order's hold that it makes or tells of, '' for none
    opened_by  TEXT   NOT NULL,
    opened_at  BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX tickets_order ON tickets (order_id, id);
CREATE INDEX tickets_status ON tickets (status, id);
CREATE INDEX tickets_assignee ON tickets (assignee, id) WHERE assignee <> '';
CREATE INDEX tickets_category ON tickets (category, id);

-- What people wrote may hold personal data: erasable.
CREATE TABLE ticket_messages (
    ticket_id TEXT   NOT NULL,
    n         BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    author    TEXT   NOT NULL,
    body      TEXT   NOT NULL,
    PRIMARY KEY (ticket_id, n)
);

CREATE TABLE ticket_decisions (
    ticket_id TEXT   NOT NULL,
    n         BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    facts     TEXT   NOT NULL,
    act       TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    PRIMARY KEY (ticket_id, n)
);
