CREATE TABLE setup (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE runs (
  sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id        TEXT NOT NULL UNIQUE,
  run_key       TEXT,
  status        TEXT NOT NULL CHECK (status IN ('running', 'complete', 'discarded')),
  level         TEXT CHECK (level IN ('snapshot', 'unchanged', 'mixed', 'chunk')),
  folder        TEXT NOT NULL,
  fingerprint   TEXT NOT NULL,
  plan_basis    TEXT NOT NULL,
  plan_complete INTEGER NOT NULL DEFAULT 0,
  covered_to    TEXT,
  next_part     INTEGER NOT NULL DEFAULT 0,
  next_block    INTEGER NOT NULL DEFAULT 0,
  command_line  TEXT NOT NULL,
  tool_version  TEXT NOT NULL,
  started_at    TEXT NOT NULL,
  finished_at   TEXT
) STRICT;

CREATE TABLE epochs (
  run_id   TEXT NOT NULL REFERENCES runs (run_id),
  epoch    INTEGER NOT NULL,
  taken_at TEXT NOT NULL,
  label    TEXT NOT NULL,
  shared   INTEGER NOT NULL,
  proof    TEXT NOT NULL,
  lease    TEXT,
  PRIMARY KEY (run_id, epoch)
) STRICT;

CREATE TABLE chunks (
  run_id            TEXT NOT NULL REFERENCES runs (run_id),
  ordinal           INTEGER NOT NULL,
  range             TEXT NOT NULL,
  row_limit         INTEGER,
  status            TEXT NOT NULL CHECK (status IN ('planned', 'started', 'done')),
  attempts          INTEGER NOT NULL DEFAULT 0,
  rows              INTEGER,
  epoch             INTEGER,
  null_marker_cells INTEGER,
  started_at        TEXT,
  finished_at       TEXT,
  last_problem      TEXT,
  PRIMARY KEY (run_id, ordinal),
  CHECK ((status = 'done') = (rows IS NOT NULL))
) STRICT;

CREATE TABLE files (
  run_id      TEXT NOT NULL,
  ordinal     INTEGER NOT NULL,
  number      INTEGER NOT NULL,
  path        TEXT NOT NULL,
  rows        INTEGER NOT NULL,
  bytes       INTEGER NOT NULL,
  sha256      TEXT NOT NULL,
  null_counts TEXT NOT NULL,
  max_bytes   TEXT NOT NULL,
  PRIMARY KEY (run_id, ordinal, number),
  UNIQUE (run_id, path),
  FOREIGN KEY (run_id, ordinal) REFERENCES chunks (run_id, ordinal)
) STRICT;

CREATE TABLE command_log (
  at           TEXT NOT NULL,
  pid          INTEGER NOT NULL,
  tool_version TEXT NOT NULL,
  command_line TEXT NOT NULL
) STRICT;

CREATE TABLE events (
  at      TEXT NOT NULL,
  run_id  TEXT NOT NULL,
  ordinal INTEGER,
  kind    TEXT NOT NULL,
  text    TEXT NOT NULL
) STRICT;

PRAGMA application_id = 1936813176;
PRAGMA user_version = 1;

INSERT INTO setup VALUES ('job', '{}');
INSERT INTO runs (run_id, status, folder, fingerprint, plan_basis, plan_complete, command_line, tool_version, started_at)
  VALUES ('r1', 'running', '/out/r1', '{"fingerprint":"1"}', '{"kind":"whole","why":"no key"}', 1, 'sqlextract extract', '0.1.0', '2026-11-21T04:15:02.000Z');
INSERT INTO epochs VALUES ('r1', 1, '2026-11-21T04:15:02.000Z', 'snapshot 3-1B-1', 1, '{}', NULL);
INSERT INTO chunks (run_id, ordinal, range, status, attempts, rows, epoch, null_marker_cells, started_at, finished_at)
  VALUES ('r1', 1, '{"kind":"all"}', 'done', 1, 0, 1, 0, '2026-11-21T04:15:02.000Z', '2026-11-21T04:15:03.000Z');
INSERT INTO chunks (run_id, ordinal, range, status, attempts) VALUES ('r1', 2, '{"kind":"null"}', 'started', 1);
