import { EVERY_MODE } from '../ingest/load-mode.ts';
import type { LedgerEntry } from './loader.ts';

/** A row of the ledger in the order run_id, mode, row_count, inserted, updated, deleted, rejected, loaded_at. */
export function ledgerEntryOf(row: readonly unknown[]): LedgerEntry {
  const [run, mode, rows, inserted, updated, deleted, rejected, loadedAt] = row.map(String);
  const known = EVERY_MODE.find((each) => each === mode);
  if (run === undefined || known === undefined) throw new Error(`the ledger has a row with the mode ${mode}`);
  const counts = { rows, inserted, updated, deleted, rejected };
  const numbers = Object.fromEntries(Object.entries(counts).map(([name, text]) => [name, Number(text)]));
  return { run, mode: known, loadedAt: loadedAt ?? '', ...(numbers as Record<keyof typeof counts, number>) };
}
