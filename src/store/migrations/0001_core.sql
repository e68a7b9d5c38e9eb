-- Accounts, instances, tokens, the change log and the audit chain.
-- Ids are TEXT compared byte by byte (BINARY is SQLite's default). Keys are 16-byte UUIDs. Times
-- are UTC milliseconds.

CREATE TABLE store (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  id         BLOB NOT NULL CHECK (length(id) = 16),
  epoch      INTEGER NOT NULL,   -- raised by every restore that accepted a loss
  epoch_seq  INTEGER NOT NULL,   -- the last audit row of the epoch before
  revision   INTEGER NOT NULL,   -- of the last change
  audit_seq  INTEGER NOT NULL,
  audit_head BLOB NOT NULL CHECK (length(audit_head) = 32),
  newest_ms  INTEGER NOT NULL    -- the floor of the clock
) STRICT;
INSERT INTO store VALUES (1, randomblob(16), 1, 0, 0, 0, zeroblob(32), 0);

CREATE TABLE accounts (
  key        BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 16),
  id         TEXT NOT NULL UNIQUE COLLATE BINARY,
  name       TEXT NOT NULL,
  enforce    INTEGER NOT NULL DEFAULT 0 CHECK (enforce IN (0, 1)),
  revision   INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE instances (
  key          BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 16),
  id           TEXT NOT NULL UNIQUE COLLATE BINARY,
  account      BLOB NOT NULL REFERENCES accounts (key),
  name         TEXT NOT NULL,
  upstream     TEXT NOT NULL,
  token_digest BLOB CHECK (length(token_digest) = 16),
  revision     INTEGER NOT NULL,
  created_ms   INTEGER NOT NULL
) STRICT;
CREATE INDEX instances_by_account ON instances (account, id);

CREATE TABLE tokens (
  key           BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 16),
  account       BLOB NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
  digest        BLOB NOT NULL CHECK (length(digest) = 32),
  hint          TEXT NOT NULL,
  state         TEXT NOT NULL
                CHECK (state IN ('current', 'next', 'retiring', 'revoked', 'expired')),
  weak          INTEGER NOT NULL CHECK (weak IN (0, 1)),
  created_ms    INTEGER NOT NULL,
  expires_ms    INTEGER,
  retires_ms    INTEGER,
  ended_ms      INTEGER,
  last_used_ms  INTEGER,
  sealed        BLOB NOT NULL,
  sealed_key_id TEXT NOT NULL,
  CHECK ((state IN ('revoked', 'expired')) = (ended_ms IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX tokens_by_account ON tokens (account, digest);
CREATE INDEX tokens_by_age ON tokens (account, created_ms, key);
CREATE INDEX tokens_by_digest ON tokens (digest);
CREATE INDEX tokens_alive ON tokens (account) WHERE ended_ms IS NULL;

-- A dead token is dead for ever, whatever the code above believes.
CREATE TRIGGER tokens_stay_dead BEFORE UPDATE ON tokens
WHEN OLD.state IN ('revoked', 'expired') AND NEW.state <> OLD.state
BEGIN SELECT RAISE(ABORT, 'dead token'); END;
CREATE TRIGGER tokens_keep_their_digest BEFORE UPDATE OF key, account, digest ON tokens
WHEN NEW.key <> OLD.key OR NEW.account <> OLD.account OR NEW.digest <> OLD.digest
BEGIN SELECT RAISE(ABORT, 'a token keeps its account and its digest'); END;

CREATE TABLE ip_entries (
  account BLOB NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
  place   INTEGER NOT NULL,
  network BLOB NOT NULL CHECK (length(network) = 16),  -- IPv4 as ::ffff:a.b.c.d
  prefix  INTEGER NOT NULL CHECK (prefix BETWEEN 0 AND 128),
  note    TEXT NOT NULL,
  PRIMARY KEY (account, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE changes (
  revision   INTEGER PRIMARY KEY,
  kind       TEXT NOT NULL CHECK (kind IN ('account', 'instance', 'admin_token')),
  key        BLOB NOT NULL CHECK (length(key) = 16),
  row_before BLOB NOT NULL CHECK (length(row_before) = 32)
) STRICT;

CREATE TABLE audit (
  seq             INTEGER PRIMARY KEY,
  revision        INTEGER NOT NULL,
  at_ms           INTEGER NOT NULL,
  actor_kind      TEXT NOT NULL,
  actor_name      TEXT NOT NULL,
  request_id      TEXT NOT NULL,
  verb            TEXT NOT NULL,
  subject         TEXT NOT NULL,
  detail          TEXT NOT NULL,  -- JSON, without secrets and personal fields
  personal_digest BLOB NOT NULL CHECK (length(personal_digest) IN (0, 32)),  -- empty: none
  previous        BLOB NOT NULL CHECK (length(previous) = 32),
  hash            BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_never_shrinks BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- What may have to be erased: the audit row holds only SHA-256(salt, fields).
CREATE TABLE audit_personal (
  seq    INTEGER PRIMARY KEY,
  at_ms  INTEGER NOT NULL,
  salt   BLOB NOT NULL CHECK (length(salt) = 16),
  fields TEXT NOT NULL  -- JSON
) STRICT;
