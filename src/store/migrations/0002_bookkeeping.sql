-- Admin tokens, the hourly counters, and who calls instances that nobody registered.

CREATE TABLE admin_tokens (
  key          BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 16),
  digest       BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  scope        TEXT NOT NULL,
  account      BLOB REFERENCES accounts (key) ON DELETE CASCADE,
  name         TEXT NOT NULL,
  created_ms   INTEGER NOT NULL,
  revoked_ms   INTEGER,
  last_used_ms INTEGER
) STRICT;
CREATE INDEX admin_tokens_by_account ON admin_tokens (account);
CREATE TRIGGER admin_tokens_stay_revoked BEFORE UPDATE OF revoked_ms ON admin_tokens
WHEN OLD.revoked_ms IS NOT NULL AND NEW.revoked_ms IS NOT OLD.revoked_ms
BEGIN SELECT RAISE(ABORT, 'dead token'); END;

-- By key, not by id: a reused id does not inherit the counts of the former one. An empty key
-- stands for none. `hour` counts hours since 1970.
CREATE TABLE counters_hourly (
  account  BLOB NOT NULL CHECK (length(account) IN (0, 16)),
  hour     INTEGER NOT NULL,
  instance BLOB NOT NULL CHECK (length(instance) IN (0, 16)),
  class    TEXT NOT NULL,
  count    INTEGER NOT NULL,
  PRIMARY KEY (account, hour, instance, class)
) STRICT, WITHOUT ROWID;

CREATE TABLE unknown_instances (
  id       TEXT NOT NULL PRIMARY KEY COLLATE BINARY,
  first_ms INTEGER NOT NULL,
  last_ms  INTEGER NOT NULL,
  count    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
