import type { Manifest } from '../model/manifest.ts';
import type { SourceConfig, SourceDriver } from '../sources/source.ts';
import { compareSchema } from './compare-schema.ts';
import { joinRun } from './compare-source.ts';
import { readRunState } from './run-state.ts';
import { isDifference, whereOf } from './where-of.ts';

export interface SourceCount {
  readonly rows: number;
  /** run: inside the snapshot of the run, which is still held; later: as the table is now. */
  readonly when: 'run' | 'later';
}

/**
 * How many rows the run had to take, by the source itself. Null when no count says so: the run had a limit, has the rows that changed, or the table has other
 * columns now. Throws what the source throws.
 */
export async function countInSource(request: {
  readonly driver: SourceDriver;
  readonly source: SourceConfig;
  /** Absolute. */
  readonly stateDir: string;
  readonly manifest: Manifest;
}): Promise<SourceCount | null> {
  const { driver, source, stateDir, manifest } = request;
  if (manifest.selection.limit !== null || isDifference(manifest)) return null;
  await using session = await driver.open(source, 'coordinator');
  const state = readRunState(stateDir, manifest);
  const { table } = await compareSchema(session, manifest, state?.selection ?? null);
  if (table === null) return null;
  const inside = table.outsideSnapshot === undefined && (await joinRun(request, session, table, state));
  const rows = await session.countRows({ table, where: whereOf(session, table, manifest) });
  return { rows: Number(rows), when: inside ? 'run' : 'later' };
}
