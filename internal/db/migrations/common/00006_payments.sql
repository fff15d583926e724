-- +goose Up
CREATE TABLE payments (
    id              TEXT   NOT NULL PRIMARY KEY,
    order_id        TEXT   NOT NULL,
    gateway         TEXT   NOT NULL,
    method          TEXT   NOT NULL,
    currency        TEXT   NOT NULL CHECK (length(currency) = 3),
    amount          BIGINT NOT NULL CHECK (amount >= 0),
    captured        BIGINT NOT NULL CHECK (captured >= 0 AND captured <= amount),
    refunded        BIGINT NOT NULL CHECK (refunded >= 0 AND refunded <= captured),
    status          TEXT   NOT NULL,
    capture_at_once BIGINT NOT NULL CHECK (capture_at_once IN (0, 1)),
    ref             TEXT   NOT NULL,
    opened_at       BIGINT NOT NULL,
    authorised_until BIGINT NOT NULL,
    paid_by         TEXT   NOT NULL -- the refund of another order that paid it
);
CREATE INDEX payments_order ON payments (order_id, id);
CREATE INDEX payments_status ON payments (status, id);

CREATE TABLE payment_attempts (
    key        TEXT   NOT NULL PRIMARY KEY,
    payment_id TEXT   NOT NULL,
    order_id   TEXT   NOT NULL,
    n          BIGINT NOT NULL CHECK (n > 0),
    op         TEXT   NOT NULL,
    amount     BIGINT NOT NULL CHECK (amount >= 0),
    refund_id  TEXT   NOT NULL,
    charge     TEXT   NOT NULL,
    status     TEXT   NOT NULL,
    ref        TEXT   NOT NULL,
    decline    TEXT   NOT NULL,
    opened_at  BIGINT NOT NULL,
    key_until  BIGINT NOT NULL,
    closed_at  BIGINT NOT NULL,
    UNIQUE (order_id, payment_id, n)
);
-- One attempt is open at a time, of each refund one, and beside them one that
-- undoes a charge which is not the payment's. No charge is undone twice.
CREATE UNIQUE INDEX payment_attempts_open ON payment_attempts (payment_id, refund_id)
    WHERE status IN ('open', 'unknown') AND op NOT IN ('release', 'reverse');
CREATE UNIQUE INDEX payment_attempts_undo ON payment_attempts (payment_id, charge)
    WHERE status IN ('open', 'unknown', 'succeeded') AND op IN ('release', 'reverse');

CREATE TABLE refunds (
    id         TEXT   NOT NULL PRIMARY KEY,
    payment_id TEXT   NOT NULL,
    order_id   TEXT   NOT NULL,
    amount     BIGINT NOT NULL CHECK (amount > 0),
    status     TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    pays       TEXT   NOT NULL, -- the payment of another order that it pays; '' when it goes to the customer
    opened_at  BIGINT NOT NULL,
    closed_at  BIGINT NOT NULL
);
CREATE INDEX refunds_order ON refunds (order_id, id);
CREATE INDEX refunds_status ON refunds (status, id);

CREATE TABLE refund_lines (
    order_id  TEXT   NOT NULL,
    refund_id TEXT   NOT NULL,
    line      BIGINT NOT NULL,
    quantity  BIGINT NOT NULL CHECK (quantity >= 0), -- units for which it is given back; 0 for money alone
    amount    BIGINT NOT NULL CHECK (amount >= 0 AND amount + quantity > 0),
    cause     TEXT   NOT NULL, -- the return, parcel, ticket or order for which it is given back; '' for none of them
    PRIMARY KEY (order_id, refund_id, line, cause)
);

-- Answers that came to a node which had lost its lease, as evidence.
CREATE TABLE payment_late_answers (
    id          TEXT   NOT NULL PRIMARY KEY,
    attempt_key TEXT   NOT NULL,
    order_id    TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    answer      TEXT   NOT NULL
);
