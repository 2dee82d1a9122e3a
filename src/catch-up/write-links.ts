import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MANIFEST_NAME, writeLatest, writeManifest } from '../checkpoint/manifest.ts';
import type { KeySets } from '../deletes/key-sets.ts';
import type { Link } from '../deletes/known-keys.ts';
import type { GoneFile } from '../deletes/write-deletes.ts';
import { keyColumns, publish, totalsOf, writeGone } from '../deletes/write-deletes.ts';
import { faultPoint } from '../model/fault-point.ts';
import type { CursorWindow } from '../model/cursor.ts';
import type { Manifest } from '../model/manifest.ts';
import { MANIFEST_VERSION } from '../model/manifest.ts';
import type { LinkPlace } from '../model/run-links.ts';
import { caughtUpOf, goneOf } from '../model/run-links.ts';
import type { Scanned } from './scan.ts';

export interface LinkFacts {
  readonly base: Link;
  readonly window: CursorWindow;
  readonly scanned: Scanned;
  readonly key: readonly string[];
  readonly known: number;
  readonly gone: number;
}

/**
 * The chain behind the run: keys that are gone, then what was written since.
 *
 *   run ◀──previous── keys that are gone ◀──previous── rows written since ◀── latest.json
 *        (left out when none is)
 *
 * The deletes come first because a key may have come back in another spelling that a target takes for the same one. The manifest of the last
 * link is what makes the chain one, and is written when all other files are durable: killed before, both links are written anew; after, there
 * is only `latest.json` to be set.
 */
export async function writeLinks(facts: LinkFacts, sets: KeySets, scratch: string): Promise<string> {
  const { base, scanned } = facts;
  const run = { runId: base.manifest.run, folder: base.folder };
  const [gone, rows] = [goneOf(run), caughtUpOf(run)];
  for (const { folder } of [gone, rows]) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
  }
  for (const { path } of scanned.rows.manifest.files)
    await publish(join(scanned.rows.folder, path), join(rows.folder, path));
  if (facts.gone > 0) {
    const { folder } = gone;
    const file = await writeGone(base.manifest, facts.key, sets, { rows: facts.gone, folder, scratch });
    writeManifest(folder, goneManifest(facts, gone, file));
  } else await rm(gone.folder, { recursive: true, force: true });
  faultPoint('mid-catch-up');
  writeManifest(rows.folder, rowsManifest(facts, rows, facts.gone > 0 ? gone.run : base.manifest.run));
  faultPoint('after-catch-up');
  pointToLast(base);
  return join(rows.folder, MANIFEST_NAME);
}

/** `latest.json` to the last link of the run's catch-up. */
export function pointToLast({ manifest, folder }: Link): void {
  const last = caughtUpOf({ runId: manifest.run, folder });
  const finishedAt = new Date().toISOString();
  const place = `${basename(last.folder)}/${MANIFEST_NAME}`;
  writeLatest(dirname(folder), { version: MANIFEST_VERSION, run: last.run, manifest: place, finishedAt });
}

function rowsManifest(facts: LinkFacts, { run }: LinkPlace, previous: string): Manifest {
  const { base, scanned } = facts;
  return {
    ...scanned.rows.manifest,
    ...ofBase(base),
    run,
    finishedAt: new Date().toISOString(),
    incremental: windowOf(facts, previous),
    catchUp: { run: base.manifest.run, last: true },
  };
}

function goneManifest(facts: LinkFacts, { run }: LinkPlace, file: GoneFile): Manifest {
  const { base, scanned, key, known } = facts;
  const { format, schema } = base.manifest;
  const { consistency } = scanned.keys.manifest;
  const seen = consistency.epochs.at(-1);
  return {
    ...scanned.rows.manifest,
    ...ofBase(base),
    run,
    schema: { columns: keyColumns(schema.columns, key), primaryKey: key },
    format: { ...format, compression: format.name === 'parquet' ? 'zstd' : 'none' },
    consistency: { ...consistency, epochs: seen === undefined ? [] : [{ ...seen, epoch: 1, files: 1 }] },
    totals: totalsOf(file),
    files: [file.file],
    finishedAt: new Date().toISOString(),
    incremental: windowOf(facts, base.manifest.run),
    deletes: { key, known },
    catchUp: { run: base.manifest.run, last: false },
  };
}

/** The scan was a run of a job of its own, under the window's condition. */
function ofBase({ manifest }: Link): Pick<Manifest, 'job' | 'table' | 'selection'> {
  const { job, table, selection } = manifest;
  return { job, table, selection };
}

function windowOf({ window, key }: LinkFacts, previous: string): NonNullable<Manifest['incremental']> {
  const promise =
    'all rows that were written since the run began, as of one snapshot, the one of the keys of all rows: with it the run is of that snapshot';
  const repeatedTo = window.from?.value ?? null;
  const chain = { previous, reset: false, backfill: false, next: null } as const;
  return { ...window, strategy: 'merge', uniqueKey: key, repeatedTo, ...chain, promise };
}
