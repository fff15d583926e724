-- +goose Up
CREATE TABLE order_traces (
    order_id TEXT NOT NULL PRIMARY KEY,
    parent   TEXT NOT NULL -- the span of the request that placed it, as a traceparent of W3C Trace Context
);
