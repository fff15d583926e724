-- +goose Up
-- How far the figures are counted: all before the place is in them, and nothing behind it.
CREATE TABLE figures_feed (
    id    BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    place TEXT   NOT NULL, -- the cursor of the feed
    node  TEXT   NOT NULL, -- which has counted last
    since BIGINT NOT NULL, -- the time of the first event, 0 when there was none
    until BIGINT NOT NULL  -- and of the last
);
INSERT INTO figures_feed (id, place, node, since, until) VALUES (1, '', '', 0, 0);

-- Since when what is kept for a time is complete: what is older was dropped.
CREATE TABLE figures_kept (
    span  TEXT   NOT NULL PRIMARY KEY,
    since BIGINT NOT NULL
);

-- What happened within a minute, an hour or a day of UTC; within a cohort, to the orders
-- that were placed on the day.
CREATE TABLE figures (
    span TEXT   NOT NULL CHECK (span IN ('minute', 'hour', 'day', 'cohort')),
    at   BIGINT NOT NULL, -- when it begins
    what TEXT   NOT NULL,
    key  TEXT   NOT NULL, -- a currency, a reason, a category or a provider's answer; '' where there is but one
    n    BIGINT NOT NULL, -- how often, or minor units
    PRIMARY KEY (span, what, at, key)
);

-- How long orders took for each step, of a day.
CREATE TABLE figures_steps (
    day     BIGINT NOT NULL,
    step    TEXT   NOT NULL,
    buckets TEXT   NOT NULL, -- of the distribution, each with how many it holds
    PRIMARY KEY (day, step)
);

-- Units of an SKU that were ordered on a day, less those that were taken out of orders.
CREATE TABLE figures_sold (
    day   BIGINT NOT NULL,
    sku   TEXT   NOT NULL,
    units BIGINT NOT NULL,
    PRIMARY KEY (sku, day)
);

-- When each gateway and carrier gave which answer last.
CREATE TABLE figures_answers (
    kind    TEXT   NOT NULL,
    name    TEXT   NOT NULL,
    outcome TEXT   NOT NULL,
    n       BIGINT NOT NULL CHECK (n > 0),
    last_at BIGINT NOT NULL,
    PRIMARY KEY (kind, name, outcome)
);
