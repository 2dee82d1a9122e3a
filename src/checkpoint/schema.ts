import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { SqlextractError } from '../model/problem.ts';
import { createDurably } from './durable-file.ts';
import { stateUnreadable } from './state-error.ts';

export const STATE_VERSION = 4;

/** Up to this size a whole check costs little: about 50 ms. Larger states are checked by their header only. */
const QUICK_CHECK_BYTES = 32 * 1024 * 1024;
/** Only a person's sqlite3 can be in the way, for moments. */
const BUSY_TIMEOUT_MS = 2_000;

/** One row, once an incremental run has finished. `value` NULL: the next run begins anew. `ties` are keys at exactly `value` that are delivered. */
const INCREMENTAL = `
CREATE TABLE incremental (
  id                 INTEGER PRIMARY KEY CHECK (id = 1),
  column_name        TEXT,
  kind               TEXT,
  native_type        TEXT,
  value              TEXT,
  ties               TEXT,
  nullable           INTEGER,
  strategy           TEXT NOT NULL,
  selection_hash     TEXT NOT NULL,
  configuration_hash TEXT NOT NULL,
  columns            TEXT NOT NULL,
  moved_by_run       TEXT,
  moved_at           TEXT,
  last_run           TEXT
) STRICT;
`;

/**
 * For people with `sqlite3`: lists and records are JSON, times are ISO 8601 in UTC, and nothing is ordered by time but by
 * `sequence` or `ordinal`.
 */
const TABLES = `
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
  finished_at   TEXT,
  window        TEXT
) STRICT;

CREATE TABLE epochs (
  run_id   TEXT NOT NULL REFERENCES runs (run_id),
  epoch    INTEGER NOT NULL,
  taken_at TEXT NOT NULL,
  label    TEXT NOT NULL,
  shared   INTEGER NOT NULL,
  proof    TEXT NOT NULL,
  lease    TEXT,
  spread   TEXT,
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
  replaced_cells    TEXT,
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
  digits      TEXT,
  nul_texts   TEXT,
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

${INCREMENTAL}
PRAGMA application_id = 1936813176;
PRAGMA user_version = ${STATE_VERSION};
`;

/**
 * What each version added to the one before it, from version 1 on; done in one transaction with the new number. Only columns that may be
 * NULL, and tables that may be empty: a state of an older version can be read as it is.
 */
const ADDITIONS: Readonly<Record<number, string>> = {
  2: 'ALTER TABLE chunks ADD COLUMN replaced_cells TEXT; ALTER TABLE epochs ADD COLUMN spread TEXT;',
  3: `ALTER TABLE runs ADD COLUMN window TEXT; ALTER TABLE files ADD COLUMN digits TEXT; ${INCREMENTAL}`,
  4: 'ALTER TABLE files ADD COLUMN nul_texts TEXT;',
};

/**
 * Opens a state for its one writer, making it (0600) when it is missing and bringing it to this version when it is older. Throws
 * STATE_NEWER, STATE_UNREADABLE, and what SQLite throws.
 */
export function openForWriting(path: string): DatabaseSync {
  createDurably(path);
  return opened(path, new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS }), (database) => {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    requireVersion(database, path);
    if (isEmpty(database)) database.exec(`BEGIN IMMEDIATE; ${TABLES} COMMIT`);
    else bringUp(database);
  });
}

/** Opens a state that another process may be writing. Throws STATE_UNREADABLE also when it is missing or still empty. */
export function openReadOnly(path: string): DatabaseSync {
  if (!existsSync(path)) throw stateUnreadable(path, 'it does not exist');
  return opened(path, new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, readOnly: true }), (database) => {
    requireVersion(database, path);
    if (isEmpty(database)) throw stateUnreadable(path, 'it is empty');
  });
}

function opened(path: string, database: DatabaseSync, prepare: (database: DatabaseSync) => void): DatabaseSync {
  try {
    if (statSync(path).size <= QUICK_CHECK_BYTES) requireIntact(database, path);
    prepare(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function requireIntact(database: DatabaseSync, path: string): void {
  const said = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (said !== 'ok') throw stateUnreadable(path, `SQLite says "${String(said)}"`);
}

function bringUp(database: DatabaseSync): void {
  for (let version = versionOf(database) + 1; version <= STATE_VERSION; version += 1) {
    database.exec(`BEGIN IMMEDIATE; ${ADDITIONS[version] ?? ''} PRAGMA user_version = ${version}; COMMIT`);
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}

function requireVersion(database: DatabaseSync, path: string): void {
  const version = versionOf(database);
  if (version === 0 && !isEmpty(database)) throw stateUnreadable(path, 'it is a database of another program');
  if (version <= STATE_VERSION) return;
  throw new SqlextractError({
    code: 'STATE_NEWER',
    message: `the state file ${path} was written by a newer sqlextract (state version ${version}, this one knows ${STATE_VERSION})`,
    hint: 'run the newer sqlextract again, or choose another --state-dir to start from the beginning',
    fault: 'state',
  });
}

function isEmpty(database: DatabaseSync): boolean {
  return database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'] === 0;
}
