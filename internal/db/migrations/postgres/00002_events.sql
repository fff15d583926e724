-- +goose Up
CREATE TABLE events (
    xid        BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint), -- its transaction
    seq        BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
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
    PRIMARY KEY (xid, seq),
    UNIQUE (subject, version)
);

-- The clusters that the database has lived in. Transaction ids are a cluster's
-- own: when it is restored into another one, the places of its events are moved.
CREATE TABLE feed_clusters (
    epoch   BIGINT NOT NULL PRIMARY KEY,
    cluster TEXT   NOT NULL,
    shift   BIGINT NOT NULL -- by how much the older places were moved back
);
