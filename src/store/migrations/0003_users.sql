-- Users, what they may do with which account, their sessions and one-time links.

-- The change log names users too: a CHECK cannot be altered, so the table is made anew.
CREATE TABLE changes_wider (
  revision   INTEGER PRIMARY KEY,
  kind       TEXT NOT NULL CHECK (kind IN ('account', 'instance', 'admin_token', 'user')),
  key        BLOB NOT NULL CHECK (length(key) = 16),
  row_before BLOB NOT NULL CHECK (length(row_before) = 32)
) STRICT;
INSERT INTO changes_wider SELECT revision, kind, key, row_before FROM changes;
DROP TABLE changes;
ALTER TABLE changes_wider RENAME TO changes;

CREATE TABLE users (
  key                 BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 16),
  email               TEXT NOT NULL,
  email_folded        TEXT NOT NULL UNIQUE COLLATE BINARY,
  name                TEXT NOT NULL,
  language            TEXT NOT NULL,
  is_operator         INTEGER NOT NULL CHECK (is_operator IN (0, 1)),
  password_hash       TEXT NOT NULL DEFAULT '',  -- Argon2id; '': none yet
  password_changed_ms INTEGER,
  totp_sealed         BLOB NOT NULL DEFAULT x'',  -- x'': two-factor is off
  totp_key_id         TEXT NOT NULL DEFAULT '',
  totp_last_step      INTEGER NOT NULL DEFAULT 0 CHECK (totp_last_step >= 0),
  revision            INTEGER NOT NULL,
  created_ms          INTEGER NOT NULL,
  last_login_ms       INTEGER
) STRICT;
-- A code of an authenticator is good once, whatever the code above believes.
CREATE TRIGGER users_never_go_back_in_steps BEFORE UPDATE OF totp_last_step ON users
WHEN NEW.totp_last_step < OLD.totp_last_step AND NEW.totp_sealed = OLD.totp_sealed
BEGIN SELECT RAISE(ABORT, 'a time step is used once'); END;

CREATE TABLE memberships (
  user    BLOB NOT NULL REFERENCES users (key) ON DELETE CASCADE,
  account BLOB NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
  role    TEXT NOT NULL CHECK (role IN ('viewer', 'owner')),
  PRIMARY KEY (user, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_by_account ON memberships (account);

CREATE TABLE recovery_codes (  -- the unused ones
  user   BLOB NOT NULL REFERENCES users (key) ON DELETE CASCADE,
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  PRIMARY KEY (user, digest)
) STRICT, WITHOUT ROWID;

-- Of a user, or of a console link and then of its account.
CREATE TABLE sessions (
  key                BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 16),
  digest             BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  user               BLOB REFERENCES users (key) ON DELETE CASCADE,
  account            BLOB REFERENCES accounts (key) ON DELETE CASCADE,
  rights             TEXT NOT NULL,
  end_user           TEXT NOT NULL,
  address            TEXT NOT NULL,
  user_agent         TEXT NOT NULL,
  created_ms         INTEGER NOT NULL,
  last_seen_ms       INTEGER NOT NULL,
  expires_ms         INTEGER NOT NULL,
  reauthenticated_ms INTEGER,
  CHECK ((user IS NULL) = (account IS NOT NULL))
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user, created_ms);
CREATE INDEX sessions_by_account ON sessions (account);
CREATE INDEX sessions_by_end ON sessions (expires_ms);
CREATE TRIGGER sessions_stay_whose_they_are
BEFORE UPDATE OF key, digest, user, account, rights, end_user, expires_ms ON sessions
BEGIN SELECT RAISE(ABORT, 'a session stays what it is'); END;

CREATE TABLE links (
  key        BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 16),
  digest     BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  kind       TEXT NOT NULL CHECK (kind IN ('invitation', 'reset', 'console')),
  user       BLOB REFERENCES users (key) ON DELETE CASCADE,
  account    BLOB REFERENCES accounts (key) ON DELETE CASCADE,
  rights     TEXT NOT NULL,
  end_user   TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  used_ms    INTEGER,
  CHECK ((kind = 'console') = (user IS NULL)),
  CHECK (kind <> 'console' OR account IS NOT NULL)
) STRICT;
CREATE INDEX links_by_user ON links (user);
CREATE INDEX links_by_account ON links (account);
CREATE INDEX links_by_end ON links (expires_ms);
-- A used link is used for ever, whatever the code above believes.
CREATE TRIGGER links_stay_used BEFORE UPDATE OF used_ms ON links
WHEN OLD.used_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a used link stays used'); END;
CREATE TRIGGER links_stay_what_they_are
BEFORE UPDATE OF key, digest, kind, user, account, rights, end_user, expires_ms ON links
BEGIN SELECT RAISE(ABORT, 'a link stays what it is'); END;
