import type { DatabaseSync, StatementSync } from 'node:sqlite';

const WRITES = {
  log: 'INSERT INTO command_log (at, pid, tool_version, command_line) VALUES (?, ?, ?, ?)',
  event: 'INSERT INTO events (at, run_id, ordinal, kind, text) VALUES (?, ?, ?, ?, ?)',
  setup: 'INSERT INTO setup (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING',
  beginRun: `INSERT INTO runs (run_id, run_key, status, folder, fingerprint, plan_basis, command_line, tool_version, window, started_at)
    VALUES (?, ?, 'running', ?, ?, ?, ?, ?, ?, ?)`,
  incremental: `INSERT OR REPLACE INTO incremental (id, column_name, kind, native_type, value, ties, nullable, strategy, selection_hash,
      configuration_hash, columns, moved_by_run, moved_at, last_run) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  discardRun: "UPDATE runs SET status = 'discarded', finished_at = ? WHERE run_id = ? AND status <> 'discarded'",
  completeRun: `UPDATE runs SET status = 'complete', level = ?, finished_at = ?
    WHERE run_id = ? AND status = 'running' AND plan_complete = 1
      AND NOT EXISTS (SELECT * FROM chunks WHERE chunks.run_id = runs.run_id AND chunks.status <> 'done')`,
  progress: `UPDATE runs SET plan_complete = ?, covered_to = ?, next_part = ?, next_block = ?
    WHERE run_id = ? AND status = 'running'`,
  plan: "INSERT INTO chunks (run_id, ordinal, range, row_limit, status) VALUES (?, ?, ?, ?, 'planned')",
  started: `UPDATE chunks SET status = 'started', attempts = ?, started_at = ?, last_problem = NULL
    WHERE run_id = ? AND ordinal = ? AND status <> 'done'`,
  done: `UPDATE chunks SET status = 'done', rows = ?, epoch = ?, null_marker_cells = ?, replaced_cells = ?, started_at = ?, finished_at = ?
    WHERE run_id = ? AND ordinal = ? AND status = 'started'`,
  narrow: "UPDATE chunks SET range = ? WHERE run_id = ? AND ordinal = ? AND status = 'planned'",
  file: `INSERT INTO files (run_id, ordinal, number, path, rows, bytes, sha256, null_counts, max_bytes, digits, nul_texts)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  failed: `UPDATE chunks SET status = 'planned', last_problem = ? WHERE run_id = ? AND ordinal = ? AND status = 'started'`,
  dropFiles: 'DELETE FROM files WHERE run_id = ? AND ordinal = ?',
  reopen: `UPDATE chunks SET status = 'planned', rows = NULL, epoch = NULL, null_marker_cells = NULL, replaced_cells = NULL, finished_at = NULL
    WHERE run_id = ? AND ordinal = ?`,
  killed: `UPDATE chunks SET status = 'planned' WHERE status = 'started' RETURNING run_id, ordinal`,
  epoch: `INSERT INTO epochs (run_id, epoch, taken_at, label, shared, proof, lease, spread)
    SELECT ?1, 1 + coalesce(max(epoch), 0), ?2, ?3, ?4, ?5, ?6, ?7 FROM epochs WHERE run_id = ?1 RETURNING epoch`,
} as const;

export type StateStatements = Readonly<Record<keyof typeof WRITES, StatementSync>>;

/** Every statement that changes a state, prepared once. */
export function prepareStatements(database: DatabaseSync): StateStatements {
  const prepared = Object.entries(WRITES).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(prepared) as StateStatements;
}
