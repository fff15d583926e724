-- +goose Up
CREATE TABLE orders (
    id                 TEXT   NOT NULL PRIMARY KEY,
    number             BIGINT NOT NULL UNIQUE,
    source             TEXT   NOT NULL,
    source_number      TEXT   NOT NULL,
    version            BIGINT NOT NULL CHECK (version > 0),
    status             TEXT   NOT NULL,
    stock              TEXT   NOT NULL,
    payment            TEXT   NOT NULL,
    fulfilment         TEXT   NOT NULL,
    ended              TEXT   NOT NULL,
    failure            TEXT   NOT NULL,
    customer           TEXT   NOT NULL,
    currency           TEXT   NOT NULL CHECK (length(currency) = 3),
    prices_include_tax BIGINT NOT NULL CHECK (prices_include_tax IN (0, 1)),
    items              BIGINT NOT NULL CHECK (items >= 0),
    discount           BIGINT NOT NULL CHECK (discount >= 0 AND discount <= items),
    shipping           BIGINT NOT NULL CHECK (shipping >= 0),
    shipping_tax       BIGINT NOT NULL CHECK (shipping_tax >= 0 AND shipping_tax <= tax), -- the part of it that no line has
    tax                BIGINT NOT NULL CHECK (tax >= 0),
    total              BIGINT NOT NULL CHECK (total = items - discount + shipping + tax * (1 - prices_include_tax)),
    shipping_method    TEXT   NOT NULL,
    placed_at          BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL,
    next_due           BIGINT NOT NULL,
    open_tickets       BIGINT NOT NULL CHECK (open_tickets >= 0),
    held               TEXT   NOT NULL, -- the reason code for which it was stopped
    held_at            BIGINT NOT NULL CHECK ((held_at = 0) = (held = '')),
    exchange_of        TEXT   NOT NULL, -- the order of whose goods these are in the place
    units              BIGINT NOT NULL,
    reserved           BIGINT NOT NULL,
    backordered        BIGINT NOT NULL CHECK (backordered >= 0),
    planned            BIGINT NOT NULL CHECK (planned >= 0),
    labelled           BIGINT NOT NULL CHECK (labelled >= 0 AND planned + labelled <= reserved),
    left_house         BIGINT NOT NULL CHECK (left_house >= 0),
    arrived            BIGINT NOT NULL CHECK (arrived >= 0 AND reserved + backordered + left_house + arrived + lost <= units),
    lost               BIGINT NOT NULL CHECK (lost >= 0),
    replaced           BIGINT NOT NULL CHECK (replaced >= 0),
    returned           BIGINT NOT NULL CHECK (returned >= 0 AND returned <= arrived),
    captured           BIGINT NOT NULL,
    refunding          BIGINT NOT NULL CHECK (refunding >= 0),
    refunded           BIGINT NOT NULL CHECK (refunded >= 0 AND refunding + refunded <= captured),
    UNIQUE (source, source_number)
);
CREATE INDEX orders_status ON orders (status, id);
CREATE INDEX orders_customer ON orders (customer, id) WHERE customer <> '';
CREATE INDEX orders_held ON orders (id) WHERE held <> '';
CREATE INDEX orders_held_at ON orders (held_at, id) WHERE held <> '';

CREATE TABLE order_lines (
    order_id   TEXT   NOT NULL,
    line       BIGINT NOT NULL CHECK (line > 0),
    sku        TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    quantity   BIGINT NOT NULL CHECK (quantity >= 0), -- 0 when all of it was taken out before it was paid
    cancelled  BIGINT NOT NULL CHECK (cancelled >= 0 AND cancelled <= quantity),
    unit_price BIGINT NOT NULL CHECK (unit_price >= 0),
    tax        BIGINT NOT NULL CHECK (tax >= 0),
    total      BIGINT NOT NULL CHECK (total = quantity * unit_price),
    discount   BIGINT NOT NULL CHECK (discount >= 0 AND discount <= total),
    shipping   BIGINT NOT NULL CHECK (shipping >= 0),
    amount     BIGINT NOT NULL CHECK (amount >= 0), -- its part of the order's total
    credited   BIGINT NOT NULL CHECK (credited >= 0 AND credited <= amount), -- given back, or about to be
    returned   BIGINT NOT NULL CHECK (returned >= 0 AND returned <= quantity), -- units that came back, or may
    PRIMARY KEY (order_id, line)
);

CREATE INDEX order_lines_sku ON order_lines (sku, order_id);

-- Changes that wait for what is in flight, one per order. Personal data, erasable.
CREATE TABLE order_edits (
    order_id TEXT   NOT NULL PRIMARY KEY,
    at       BIGINT NOT NULL,
    actor    TEXT   NOT NULL,
    body     TEXT   NOT NULL
);

-- Personal data, erasable.
CREATE TABLE order_contacts (
    order_id TEXT NOT NULL PRIMARY KEY,
    name     TEXT NOT NULL,
    mail     TEXT NOT NULL,
    phone    TEXT NOT NULL,
    ship_to  TEXT NOT NULL,
    bill_to  TEXT NOT NULL
);
CREATE INDEX order_contacts_mail ON order_contacts (lower(mail), order_id) WHERE mail <> '';

-- What people wrote may hold personal data: erasable.
CREATE TABLE order_notes (
    order_id TEXT   NOT NULL,
    version  BIGINT NOT NULL, -- of the event that says so
    at       BIGINT NOT NULL,
    actor    TEXT   NOT NULL,
    body     TEXT   NOT NULL,
    PRIMARY KEY (order_id, version)
);

CREATE TABLE order_numbers (
    id   BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    next BIGINT NOT NULL
);
