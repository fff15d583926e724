-- +goose Up
-- The people of the shop: personal data, of those who work for it.
CREATE TABLE users (
    id          TEXT   NOT NULL PRIMARY KEY,
    mail        TEXT   NOT NULL, -- in small letters; '' until the first administrator says theirs
    name        TEXT   NOT NULL,
    role        TEXT   NOT NULL,
    password    TEXT   NOT NULL, -- its hash, '' until one is chosen
    passwords   BIGINT NOT NULL CHECK (passwords >= 0), -- how often what ends sessions has happened
    created_by  TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    disabled_by TEXT   NOT NULL, -- '' when they are not
    disabled_at BIGINT NOT NULL, -- 0 when they are not
    CHECK ((disabled_at = 0) = (disabled_by = ''))
);
CREATE UNIQUE INDEX users_mail ON users (mail) WHERE mail <> '';

-- Links by which people choose a password, each used once.
CREATE TABLE user_links (
    user_id    TEXT   NOT NULL PRIMARY KEY, -- a new one takes the place of the one before
    hash       TEXT   NOT NULL UNIQUE,      -- of the token, which is kept nowhere
    expires_at BIGINT NOT NULL
);

CREATE TABLE user_sessions (
    id         TEXT   NOT NULL PRIMARY KEY,
    hash       TEXT   NOT NULL UNIQUE, -- of the token, which is kept nowhere
    user_id    TEXT   NOT NULL,
    passwords  BIGINT NOT NULL, -- of the user when it was begun: it ends when that changes
    address    TEXT   NOT NULL,
    agent      TEXT   NOT NULL,
    begun_at   BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX user_sessions_user ON user_sessions (user_id, id);
CREATE INDEX user_sessions_expires ON user_sessions (expires_at);

-- Lists as people have narrowed them down. They name no customer.
CREATE TABLE user_views (
    id       TEXT   NOT NULL PRIMARY KEY,
    user_id  TEXT   NOT NULL,
    name     TEXT   NOT NULL,
    query    TEXT   NOT NULL,
    saved_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX user_views_user ON user_views (user_id, name);
