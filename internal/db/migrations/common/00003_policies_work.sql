-- +goose Up
CREATE TABLE policies (
    version BIGINT NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    actor   TEXT   NOT NULL,
    doc     TEXT   NOT NULL
);

CREATE TABLE commands (
    key    TEXT   NOT NULL PRIMARY KEY,
    hash   TEXT   NOT NULL,
    answer TEXT   NOT NULL,
    at     BIGINT NOT NULL
);

CREATE TABLE work (
    owner       TEXT   NOT NULL, -- whose history it belongs to: an order, or a ticket without one
    subject     TEXT   NOT NULL, -- what it is about: a payment, a shipment, a refund, a ticket
    step        TEXT   NOT NULL, -- the row of the process table
    state       TEXT   NOT NULL CHECK (state IN ('ready', 'stuck', 'held')),
    due         BIGINT NOT NULL, -- shop time
    tries       BIGINT NOT NULL CHECK (tries >= 0),
    lease       TEXT   NOT NULL, -- under which it is worked on, '' when it never was; a lease is given once
    lease_until BIGINT NOT NULL, -- the database's time
    last_error  TEXT   NOT NULL,
    enqueued_at BIGINT NOT NULL, -- shop time
    deadline    BIGINT NOT NULL, -- shop time, 0 for none: past it the step is given up to a person
    overdue     BIGINT NOT NULL, -- shop time since when what is waited for is late, 0 when it is not
    PRIMARY KEY (owner, subject, step)
);
CREATE INDEX work_due ON work (due, owner, subject, step) WHERE state = 'ready';
CREATE INDEX work_stuck ON work (due, owner, subject, step) WHERE state = 'stuck';
CREATE INDEX work_overdue ON work (overdue, owner, subject, step) WHERE state = 'ready' AND overdue > 0;
