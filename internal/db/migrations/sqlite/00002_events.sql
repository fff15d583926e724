-- +goose Up
CREATE TABLE events (
    seq        INTEGER PRIMARY KEY, -- the one writer gives it: the order of the feed
    subject    TEXT   NOT NULL,
    version    BIGINT NOT NULL CHECK (version > 0),
    entity     TEXT   NOT NULL,
    type       TEXT   NOT NULL,
    from_state TEXT   NOT NULL,
    to_state   TEXT   NOT NULL,
    status     TEXT   NOT NULL,
    actor      TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    data       TEXT   NOT NULL,
    UNIQUE (subject, version)
);
