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
    proposed   TEXT   NOT NULL, -- what waits for a second person's approval, '' for nothing
    remedy     TEXT   NOT NULL, -- the refund, the parcel or the return that was to put it right, '' for none
    holds      TEXT   NOT NULL, -- the reason code of the order's hold that it makes or tells of, '' for none
    opened_by  TEXT   NOT NULL,
    opened_at  BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    waits_from BIGINT NOT NULL CHECK (waits_from >= 0) -- since when it waits for a person of the shop, 0 when it does not
);
CREATE INDEX tickets_order ON tickets (order_id, id);
CREATE INDEX tickets_status ON tickets (status, id);
CREATE INDEX tickets_assignee ON tickets (assignee, id) WHERE assignee <> '';
CREATE INDEX tickets_category ON tickets (category, id);
CREATE INDEX tickets_unsolved ON tickets (id) WHERE status NOT IN ('solved', 'closed');
CREATE INDEX tickets_unsolved_assignee ON tickets (assignee, id) WHERE status NOT IN ('solved', 'closed');
CREATE INDEX tickets_waits ON tickets (waits_from, id) WHERE waits_from > 0;
CREATE INDEX tickets_proposed ON tickets (id) WHERE proposed <> '';

-- What people wrote may hold personal data: erasable.
CREATE TABLE ticket_messages (
    ticket_id TEXT   NOT NULL,
    n         BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    author    TEXT   NOT NULL,
    actor     TEXT   NOT NULL,
    body      TEXT   NOT NULL,
    PRIMARY KEY (ticket_id, n)
);

-- What the people of the shop wrote for each other, apart from what customers see. It may
-- hold personal data: erasable.
CREATE TABLE ticket_notes (
    ticket_id TEXT   NOT NULL,
    n         BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    actor     TEXT   NOT NULL,
    body      TEXT   NOT NULL,
    PRIMARY KEY (ticket_id, n)
);

-- Where an order is to go, as a ticket wants it: personal data, erasable.
CREATE TABLE ticket_addresses (
    ticket_id TEXT NOT NULL PRIMARY KEY,
    address   TEXT NOT NULL
);

CREATE TABLE ticket_decisions (
    ticket_id TEXT   NOT NULL,
    n         BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    facts     TEXT   NOT NULL,
    act       TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    amount    BIGINT NOT NULL CHECK (amount >= 0), -- what it costs, minor units of the order's currency
    beyond    TEXT   NOT NULL, -- the limit beyond which it is: it is only proposed; '' for none
    actor     TEXT   NOT NULL,
    PRIMARY KEY (ticket_id, n)
);

-- Answers that the shop gives again and again.
CREATE TABLE canned_answers (
    id         TEXT   NOT NULL PRIMARY KEY,
    version    BIGINT NOT NULL CHECK (version > 0),
    name       TEXT   NOT NULL,
    body       TEXT   NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What of its order a ticket is about.
CREATE TABLE ticket_lines (
    ticket_id TEXT   NOT NULL,
    line      BIGINT NOT NULL,
    quantity  BIGINT NOT NULL CHECK (quantity >= 0), -- 0 for all that is left
    PRIMARY KEY (ticket_id, line)
);
