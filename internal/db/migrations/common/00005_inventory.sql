-- +goose Up
CREATE TABLE skus (
    sku          TEXT   NOT NULL PRIMARY KEY,
    name         TEXT   NOT NULL,
    currency     TEXT   NOT NULL CHECK (length(currency) = 3),
    price        BIGINT NOT NULL CHECK (price >= 0),
    weight_grams BIGINT NOT NULL CHECK (weight_grams >= 0),
    backorder    BIGINT NOT NULL CHECK (backorder IN (0, 1)), -- whether orders may wait for it
    version      BIGINT NOT NULL
);

CREATE TABLE locations (
    id       TEXT   NOT NULL PRIMARY KEY,
    name     TEXT   NOT NULL,
    country  TEXT   NOT NULL,
    priority BIGINT NOT NULL
);

CREATE TABLE stock_levels (
    sku      TEXT   NOT NULL,
    location TEXT   NOT NULL,
    on_hand  BIGINT NOT NULL CHECK (on_hand >= 0),
    reserved BIGINT NOT NULL CHECK (reserved >= 0 AND reserved <= on_hand),
    safety   BIGINT NOT NULL DEFAULT 0 CHECK (safety >= 0),
    PRIMARY KEY (sku, location)
);

CREATE TABLE stock_movements (
    id       TEXT   NOT NULL PRIMARY KEY,
    sku      TEXT   NOT NULL,
    location TEXT   NOT NULL,
    type     TEXT   NOT NULL CHECK (type IN ('receipt', 'reservation', 'release', 'shipment', 'adjustment', 'return')),
    quantity BIGINT NOT NULL CHECK (quantity > 0 OR (type = 'adjustment' AND quantity <> 0)),
    order_id TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    actor    TEXT   NOT NULL,
    reason   TEXT   NOT NULL
);
CREATE INDEX stock_movements_sku ON stock_movements (sku, id);
CREATE INDEX stock_movements_order ON stock_movements (order_id) WHERE order_id <> '';

CREATE TABLE reservations (
    order_id TEXT   NOT NULL,
    sku      TEXT   NOT NULL,
    location TEXT   NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, sku, location)
);
CREATE INDEX reservations_sku ON reservations (sku, location, order_id);

-- What orders wait for: it is reserved for them as it comes, the oldest first.
CREATE TABLE backorders (
    order_id TEXT   NOT NULL,
    sku      TEXT   NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    place    BIGINT NOT NULL, -- among those that wait for the SKU; what had its goods before comes first
    since    BIGINT NOT NULL,
    PRIMARY KEY (order_id, sku),
    UNIQUE (sku, place)
);
