-- Traffic as its owners see it: refusals beside the counts, sums of whole accounts, who called
-- lately, and when an instance was last called.

ALTER TABLE counters_hourly ADD COLUMN denied INTEGER NOT NULL DEFAULT 0;

-- The hourly counters without the instance: a chart of a week must not read the rows of 100,000
-- instances. The empty key stands for all accounts together.
CREATE TABLE account_traffic (
  account BLOB NOT NULL CHECK (length(account) IN (0, 16)),
  hour    INTEGER NOT NULL,
  class   TEXT NOT NULL,
  count   INTEGER NOT NULL,
  denied  INTEGER NOT NULL,
  PRIMARY KEY (account, hour, class)
) STRICT, WITHOUT ROWID;
INSERT INTO account_traffic
  SELECT account, hour, class, sum(count), 0 FROM counters_hourly WHERE account <> x''
  GROUP BY account, hour, class;
INSERT INTO account_traffic
  SELECT x'', hour, class, sum(count), 0 FROM counters_hourly GROUP BY hour, class;

-- Addresses are personal data: by the hour, so that what is older than a day can go.
CREATE TABLE caller_hours (
  account  BLOB NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
  hour     INTEGER NOT NULL,
  address  BLOB NOT NULL CHECK (length(address) = 16),  -- IPv4 as ::ffff:a.b.c.d
  first_ms INTEGER NOT NULL,
  last_ms  INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  PRIMARY KEY (account, hour, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX caller_hours_by_age ON caller_hours (hour);

CREATE TABLE instance_calls (
  instance BLOB NOT NULL PRIMARY KEY REFERENCES instances (key) ON DELETE CASCADE,
  last_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
