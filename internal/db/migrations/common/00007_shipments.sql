-- +goose Up
CREATE TABLE shipments (
    id              TEXT   NOT NULL PRIMARY KEY,
    order_id        TEXT   NOT NULL,
    location        TEXT   NOT NULL,
    carrier         TEXT   NOT NULL,
    service         TEXT   NOT NULL,
    leaves          TEXT   NOT NULL, -- what counts as its hand-over
    units           BIGINT NOT NULL CHECK (units > 0),
    weight_grams    BIGINT NOT NULL CHECK (weight_grams >= 0),
    status          TEXT   NOT NULL,
    tracking        TEXT   NOT NULL,
    tracking_number TEXT   NOT NULL,
    label_ref       TEXT   NOT NULL,
    cost            BIGINT NOT NULL,
    cost_currency   TEXT   NOT NULL,
    planned_at      BIGINT NOT NULL,
    shipped_at      BIGINT NOT NULL,
    delivered_at    BIGINT NOT NULL,
    scanned_at      BIGINT NOT NULL,
    astray_at       BIGINT NOT NULL, -- since when it does not arrive
    replaced_at     BIGINT NOT NULL  -- when its goods were sent anew
);
CREATE INDEX shipments_order ON shipments (order_id, id);
CREATE INDEX shipments_status ON shipments (status, id);
CREATE INDEX shipments_tracking ON shipments (tracking_number) WHERE tracking_number <> '';

CREATE TABLE shipment_lines (
    order_id    TEXT   NOT NULL,
    shipment_id TEXT   NOT NULL,
    line        BIGINT NOT NULL,
    sku         TEXT   NOT NULL,
    quantity    BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, shipment_id, line)
);

CREATE TABLE label_attempts (
    key             TEXT   NOT NULL PRIMARY KEY,
    shipment_id     TEXT   NOT NULL,
    order_id        TEXT   NOT NULL,
    n               BIGINT NOT NULL CHECK (n > 0),
    op              TEXT   NOT NULL,
    carrier         TEXT   NOT NULL,
    status          TEXT   NOT NULL,
    ref             TEXT   NOT NULL,
    tracking_number TEXT   NOT NULL,
    cost            BIGINT NOT NULL,
    cost_currency   TEXT   NOT NULL,
    refusal         TEXT   NOT NULL,
    opened_at       BIGINT NOT NULL,
    key_until       BIGINT NOT NULL,
    closed_at       BIGINT NOT NULL,
    UNIQUE (order_id, shipment_id, n)
);
-- One attempt is open at a time.
CREATE UNIQUE INDEX label_attempts_open ON label_attempts (shipment_id) WHERE status IN ('open', 'unknown');

CREATE TABLE scans (
    order_id    TEXT   NOT NULL,
    shipment_id TEXT   NOT NULL,
    scan_id     TEXT   NOT NULL,
    status      TEXT   NOT NULL,
    at          BIGINT NOT NULL, -- the carrier's clock
    seen_at     BIGINT NOT NULL, -- shop time when it was learned
    place       TEXT   NOT NULL,
    detail      TEXT   NOT NULL, -- what of an exception it is
    PRIMARY KEY (order_id, shipment_id, scan_id)
);

-- Answers that came to a node which had lost its lease: evidence only.
CREATE TABLE label_late_answers (
    id          TEXT   NOT NULL PRIMARY KEY,
    attempt_key TEXT   NOT NULL,
    order_id    TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    answer      TEXT   NOT NULL
);

-- What had arrived and is sent back by the customer.
CREATE TABLE returns (
    id            TEXT   NOT NULL PRIMARY KEY,
    order_id      TEXT   NOT NULL,
    status        TEXT   NOT NULL,
    reason        TEXT   NOT NULL, -- a word for programs
    units         BIGINT NOT NULL CHECK (units > 0),                            -- that may come back
    came          BIGINT NOT NULL CHECK (came >= 0 AND came <= units),
    restocked     BIGINT NOT NULL CHECK (restocked >= 0 AND restocked <= came), -- of those, what can be sold again
    withheld      BIGINT NOT NULL CHECK (withheld >= 0 AND restocked + withheld <= came), -- for which no money is given back
    refund_id     TEXT   NOT NULL, -- what gives the money back for it
    exchange      TEXT   NOT NULL, -- the order that was placed in its place
    authorised_at BIGINT NOT NULL,
    until_at      BIGINT NOT NULL, -- when it expires
    closed_at     BIGINT NOT NULL
);
CREATE INDEX returns_order ON returns (order_id, id);
CREATE INDEX returns_status ON returns (status, id);
CREATE UNIQUE INDEX returns_exchange ON returns (exchange) WHERE exchange <> '';

CREATE TABLE return_lines (
    order_id  TEXT   NOT NULL,
    return_id TEXT   NOT NULL,
    line      BIGINT NOT NULL,
    sku       TEXT   NOT NULL,
    quantity  BIGINT NOT NULL CHECK (quantity > 0),
    came      BIGINT NOT NULL CHECK (came >= 0 AND came <= quantity),
    restocked BIGINT NOT NULL CHECK (restocked >= 0 AND restocked <= came),
    withheld  BIGINT NOT NULL CHECK (withheld >= 0 AND restocked + withheld <= came),
    location  TEXT   NOT NULL, -- where it left from, and then where it was put
    PRIMARY KEY (order_id, return_id, line)
);
