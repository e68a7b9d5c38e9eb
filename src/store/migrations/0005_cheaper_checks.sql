-- "x IN (list of three or more)" in a CHECK builds a table of its own for every row that is
-- written: 36,000 instructions for one line of the change log. The same checks, as comparisons.

CREATE TABLE changes_anew (
  revision   INTEGER PRIMARY KEY,
  kind       TEXT NOT NULL CHECK (kind = 'account' OR kind = 'instance' OR kind = 'admin_token'
                                  OR kind = 'user'),
  key        BLOB NOT NULL CHECK (length(key) = 16),
  row_before BLOB NOT NULL CHECK (length(row_before) = 32)
) STRICT;
INSERT INTO changes_anew SELECT revision, kind, key, row_before FROM changes;
DROP TABLE changes;
ALTER TABLE changes_anew RENAME TO changes;

CREATE TABLE tokens_anew (
  key           BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 16),
  account       BLOB NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
  digest        BLOB NOT NULL CHECK (length(digest) = 32),
  hint          TEXT NOT NULL,
  state         TEXT NOT NULL
                CHECK (state = 'current' OR state = 'next' OR state = 'retiring'
                       OR state = 'revoked' OR state = 'expired'),
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
INSERT INTO tokens_anew
  SELECT key, account, digest, hint, state, weak, created_ms, expires_ms, retires_ms, ended_ms,
         last_used_ms, sealed, sealed_key_id
  FROM tokens;
DROP TABLE tokens;
ALTER TABLE tokens_anew RENAME TO tokens;
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
