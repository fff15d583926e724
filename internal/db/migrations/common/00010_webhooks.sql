-- +goose Up
CREATE TABLE webhook_endpoints (
    id             TEXT   NOT NULL PRIMARY KEY,
    version        BIGINT NOT NULL CHECK (version > 0),
    name           TEXT   NOT NULL,
    url            TEXT   NOT NULL,
    types          TEXT   NOT NULL, -- by comma, '' for all
    state          TEXT   NOT NULL CHECK (state IN ('enabled', 'disabled')),
    why            TEXT   NOT NULL, -- it is disabled, '' when it is not
    secret         TEXT   NOT NULL,
    previous       TEXT   NOT NULL, -- the secret before, '' for none
    previous_until BIGINT NOT NULL, -- 0 for none
    feed_cursor    TEXT   NOT NULL, -- what is before it was sent, or is held
    sent           BIGINT NOT NULL, -- tries so far
    answered_at    BIGINT NOT NULL, -- when it last took an event, 0 for never
    lease          TEXT   NOT NULL, -- under which it is sent to, '' when it is not
    lease_until    BIGINT NOT NULL, -- the database's time
    created_by     TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    CHECK ((state = 'disabled') = (why <> ''))
);

-- Subjects of which an endpoint has not taken an event: it and the later ones wait.
CREATE TABLE webhook_held (
    endpoint TEXT   NOT NULL,
    subject  TEXT   NOT NULL,
    next     BIGINT NOT NULL, -- the version of the event that is to be taken next
    last     BIGINT NOT NULL CHECK (last >= next), -- that of the last one that waits
    tries    BIGINT NOT NULL, -- of the next one, so far
    since    BIGINT NOT NULL, -- when it was tried first
    due      BIGINT NOT NULL,
    PRIMARY KEY (endpoint, subject)
);
CREATE INDEX webhook_held_due ON webhook_held (endpoint, due, subject);

-- The last tries of each endpoint.
CREATE TABLE webhook_deliveries (
    endpoint TEXT   NOT NULL,
    n        BIGINT NOT NULL,
    event    TEXT   NOT NULL,
    type     TEXT   NOT NULL,
    try      BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    took     BIGINT NOT NULL, -- milliseconds
    accepted BIGINT NOT NULL CHECK (accepted IN (0, 1)),
    status   BIGINT NOT NULL, -- of the answer, 0 when there was none
    why      TEXT   NOT NULL,
    given_up BIGINT NOT NULL CHECK (given_up IN (0, 1)),
    PRIMARY KEY (endpoint, n)
);
