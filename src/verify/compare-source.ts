import { join } from 'node:path';
import type { Manifest } from '../model/manifest.ts';
import type { TableSchema } from '../model/table.ts';
import type { Checksum, SourceConfig, SourceDriver, SourceSession } from '../sources/source.ts';
import type { CheckedManifest } from './check-manifest.ts';
import { compareSchema } from './compare-schema.ts';
import { isDifference, whereOf } from './where-of.ts';
import { readRunState, type RunState } from './run-state.ts';
import type { Difference, SourceComparison } from './verification.ts';

export interface SourceCheck {
  readonly driver: SourceDriver;
  readonly source: SourceConfig;
  /** Absolute. */
  readonly stateDir: string;
  readonly manifest: Manifest;
  readonly sums: CheckedManifest['sums'];
}

export interface ComparedSource {
  readonly comparison: SourceComparison;
  readonly differences: readonly Difference[];
  readonly remarks: readonly string[];
}

/**
 * The rows of all files against the rows of the table: how many there are, and the sum of their hashes (model/row-hash.ts), which DuckDB
 * computed over the files and the source computes now. Throws what the source throws.
 *
 *   snapshot of the run still held ──▶ compared inside it
 *   else ──▶ compared with now ──differs, and the source proves itself unchanged since the run──▶ as good as inside it
 */
export async function compareWithSource(check: SourceCheck): Promise<ComparedSource> {
  const obstacle = obstacleTo(check);
  if (obstacle !== null) return impossible(obstacle);
  await using session = await check.driver.open(check.source, 'coordinator');
  const state = readRunState(check.stateDir, check.manifest);
  const elsewhere = otherSource(check.manifest, await session.identity());
  const schema = await compareSchema(session, check.manifest, state?.selection ?? null);
  const remarks = [...elsewhere, ...schema.remarks];
  if (schema.table === null) return drifted(check, schema.differences, remarks);
  const covered = schema.table.outsideSnapshot === undefined;
  const inside = covered && elsewhere.length === 0 && (await joinRun(check, session, schema.table, state));
  const found = await session.checksum({ table: schema.table, where: whereOf(session, schema.table, check.manifest) });
  const equal = found.rows === check.sums?.rows && found.sum === check.sums.sum;
  const when = inside ? 'run' : equal ? 'later' : await proven(check, session, schema.table, state);
  const sentence = sentenceOf(check.manifest, equal, when);
  const comparison = {
    verdict: equal ? 'equal' : 'different',
    when,
    sentence,
    files: check.sums,
    source: found,
  } as const;
  return { comparison, differences: equal ? [] : differencesOf(check, found), remarks };
}

/** Null: the rows of the table are the rows that the files must have. */
function obstacleTo({ manifest, sums }: SourceCheck): string | null {
  if (manifest.deletes !== undefined)
    return `its files hold keys of rows that are gone from the source: no rows of it are theirs; compare run ${runBefore(manifest)} instead`;
  const { limit } = manifest.selection;
  if (limit !== null)
    return `the run took at most ${limit} rows (--limit): no rows of the source are the ones it had to take`;
  if (isDifference(manifest))
    return 'the files have the rows that changed since the run before: the source cannot tell them from the others';
  return sums === null ? 'not all files of the run are there and could be read whole' : null;
}

function runBefore({ incremental }: Manifest): string {
  return incremental?.previous ?? 'before it';
}

function impossible(sentence: string): ComparedSource {
  const comparison = { verdict: 'impossible', when: 'later', sentence, files: null, source: null } as const;
  return { comparison, differences: [], remarks: [] };
}

function drifted(check: SourceCheck, differences: readonly Difference[], remarks: readonly string[]): ComparedSource {
  const sentence = `the table has other columns now than at ${takenAt(check.manifest)}: its rows cannot be compared`;
  const comparison = { verdict: 'different', when: 'later', sentence, files: check.sums, source: null } as const;
  return { comparison, differences, remarks };
}

function otherSource(manifest: Manifest, now: Readonly<Record<string, string>>): readonly string[] {
  const before = manifest.source.identity;
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (name) => before[name] !== now[name],
  );
  return names.map(
    (name) =>
      `the source is another one: ${name} was ${before[name] ?? 'not known'} and is ${now[name] ?? 'not known'}`,
  );
}

/**
 * Whether the session reads inside the run's snapshot from now on; else it reads what is committed. A snapshot that was joined is never
 * released: it may be waiting for its run. Its holder takes the end of this process for the end of an attendant, as it does with a run.
 */
export async function joinRun(
  check: Pick<SourceCheck, 'manifest' | 'stateDir'>,
  session: SourceSession,
  table: TableSchema,
  state: RunState | null,
): Promise<boolean> {
  const lease = isOneState(check.manifest) ? (state?.epoch?.lease ?? null) : null;
  const gentle = { required: false, allowLocks: false, lastTry: true } as const;
  const request = { tables: [table], holdMs: 0, ...gentle, runtimeFolder: join(check.stateDir, 'run') };
  if (lease !== null) {
    const snapshot = await session.takeSnapshot({ ...request, mode: 'shared', previous: lease });
    if (snapshot.resumed) return true;
    await snapshot.release();
  }
  await session.takeSnapshot({ ...request, mode: 'none', previous: null });
  return false;
}

/** Asked only when something differs, because it can cost another pass over the table. */
async function proven(
  { manifest }: SourceCheck,
  session: SourceSession,
  table: TableSchema,
  state: RunState | null,
): Promise<'unchanged' | 'later'> {
  const facts = state?.epoch?.facts ?? null;
  if (facts === null || !isOneState(manifest)) return 'later';
  const all = [{ range: { kind: 'all' }, key: [], rows: manifest.totals.rows }] as const;
  const answer = await session.unchangedSince(facts, table, all, whereOf(session, table, manifest));
  return answer === 'unchanged' ? 'unchanged' : 'later';
}

function isOneState(manifest: Manifest): boolean {
  return manifest.consistency.level === 'snapshot' || manifest.consistency.level === 'unchanged';
}

function takenAt(manifest: Manifest): string {
  return manifest.consistency.epochs.findLast((epoch) => epoch.files > 0)?.takenAt ?? manifest.startedAt;
}

function sentenceOf(manifest: Manifest, equal: boolean, when: SourceComparison['when']): string {
  const verdict = equal ? 'equal to' : 'not equal to';
  const since = takenAt(manifest);
  if (when === 'run') return `${verdict} the table inside the run's snapshot, taken ${since}`;
  if (when === 'unchanged') return `${verdict} the table, which the source proves to be unchanged since ${since}`;
  const state = isOneState(manifest)
    ? ''
    : `the files are ${manifest.consistency.level}, so no one state of the table is theirs; `;
  const moved = equal ? '' : `, but the source may have changed since ${since}`;
  return `${state}${verdict} the table as it is now${moved}`;
}

function differencesOf({ sums }: SourceCheck, found: Checksum): readonly Difference[] {
  const rows = {
    kind: 'source rows',
    file: null,
    column: null,
    expected: String(found.rows),
    found: String(sums?.rows),
  } as const;
  const hash = {
    kind: 'source hash',
    file: null,
    column: null,
    expected: String(found.sum),
    found: String(sums?.sum),
  } as const;
  return [...(found.rows === sums?.rows ? [] : [rows]), ...(found.sum === sums?.sum ? [] : [hash])];
}
