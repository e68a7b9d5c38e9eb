-- Instances are found by 64 bits of their id's SHA-256. Ids are mostly random text: an index of
-- them is large, and nearly every page of it is written again by every batch of an import. Lists
-- go account by account and need no order over all ids.

CREATE TABLE instance_calls_kept AS SELECT instance, last_ms FROM instance_calls;
DROP TABLE instance_calls;

CREATE TABLE instances_anew (
  key          BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 16),
  id           TEXT NOT NULL COLLATE BINARY,
  id_hash      INTEGER NOT NULL,   -- id_hash(id), a function of the program
  account      BLOB NOT NULL REFERENCES accounts (key),
  name         TEXT NOT NULL,
  upstream     TEXT NOT NULL,
  token_digest BLOB CHECK (length(token_digest) = 16),
  revision     INTEGER NOT NULL,
  created_ms   INTEGER NOT NULL
) STRICT;
INSERT INTO instances_anew
  SELECT key, id, id_hash(id), account, name, upstream, token_digest, revision, created_ms
  FROM instances ORDER BY rowid;
DROP TABLE instances;
ALTER TABLE instances_anew RENAME TO instances;
CREATE UNIQUE INDEX instances_by_hash ON instances (id_hash);
CREATE INDEX instances_by_account ON instances (account, id);

CREATE TABLE instance_calls (
  instance BLOB NOT NULL PRIMARY KEY REFERENCES instances (key) ON DELETE CASCADE,
  last_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO instance_calls SELECT instance, last_ms FROM instance_calls_kept;
DROP TABLE instance_calls_kept;
