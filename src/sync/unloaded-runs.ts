import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { caughtUpOf } from '../model/run-links.ts';
import { makeFolderDurably, removeDurably, writeDurably } from '../checkpoint/durable-file.ts';
import { MANIFEST_NAME } from '../checkpoint/manifest.ts';
import type { TableLoad } from '../ingest/ingest-plan.ts';

/** A run that `sync` has begun for a target and not yet loaded. */
export interface UnloadedRun {
  readonly version: 1;
  /** Without password. */
  readonly target: string;
  /** Without files: where the run goes, and what its staging tables are called. */
  readonly load: TableLoad;
  /** The run's, when its files are of several instants: it can be loaded when it is caught up, and not before. Null: it can as it is. */
  readonly mixed: string | null;
}

/**
 * What `sync` remembers between its two halves: one file a job and target below `<state>/sync`, there from before the first row is read
 * until the run is loaded. Killed between a finished extract and its load, the same command finds it here and loads it, instead of
 * extracting anew.
 *
 *   begun ──▶ file ──extract done──▶ file ──loaded, or refused by the target──▶ no file
 *                                     └──mixed──▶ file, which counts once `extract --catch-up` has written behind the run
 *
 * A job's files are touched only by who holds the job's lock, or has loaded its run.
 */
export class UnloadedRuns {
  readonly #folder: string;
  readonly #target: string;
  readonly #known: Map<string, UnloadedRun>;

  /** `target`: without password. */
  constructor(stateDir: string, target: string) {
    this.#folder = join(stateDir, 'sync');
    this.#target = target;
    this.#known = new Map(readAll(this.#folder, target).map((one) => [one.load.source.job, one]));
  }

  /** Windows are not among them: the next one is extracted all the same, and the load goes through all that the target misses. */
  runs(): ReadonlySet<string> {
    const plain = [...this.#known.values()].filter(
      ({ load, mixed }) => (load.incremental ?? null) === null && (mixed === null || isCaughtUp(load, mixed)),
    );
    return new Set(plain.map(({ load }) => load.source.run));
  }

  /** The load of the run that was begun before this one, and never loaded; null when there is none. */
  begin(load: TableLoad): TableLoad | null {
    const before = this.#known.get(load.source.job)?.load ?? null;
    if (before?.tag === load.tag) return null;
    this.#write({ version: 1, target: this.#target, load: { ...load, files: [] }, mixed: null });
    return before;
  }

  /** The run of the job cannot be loaded as it is. */
  mixed(job: string, folder: string): void {
    const entry = this.#known.get(job);
    if (entry !== undefined) this.#write({ ...entry, mixed: folder });
  }

  /** The run is loaded, or never will be. */
  end(job: string): void {
    if (!this.#known.delete(job)) return;
    removeDurably(this.#pathOf(job));
  }

  #write(entry: UnloadedRun): void {
    const { job } = entry.load.source;
    makeFolderDurably(this.#folder);
    writeDurably(this.#pathOf(job), `${JSON.stringify(entry, null, 2)}\n`);
    this.#known.set(job, entry);
  }

  #pathOf(job: string): string {
    const hash = createHash('sha256')
      .update(JSON.stringify([this.#target, job]))
      .digest('hex')
      .slice(0, 16);
    return join(this.#folder, `${hash}.json`);
  }
}

function isCaughtUp({ source }: TableLoad, folder: string): boolean {
  return existsSync(join(caughtUpOf({ runId: source.run, folder }).folder, MANIFEST_NAME));
}

/** Of one job, for whatever target. */
export function unloadedOf(
  stateDir: string,
  job: string,
): readonly { readonly target: string; readonly run: string }[] {
  const all = readAll(join(stateDir, 'sync'), null).filter(({ load }) => load.source.job === job);
  return all.map(({ target, load }) => ({ target, run: load.source.run }));
}

/** `target` null: all. A file that cannot be read counts as none: the table is then extracted anew, which is slower and as exact. */
function readAll(folder: string, target: string | null): readonly UnloadedRun[] {
  return namesIn(folder).flatMap((name) => readFileOf(folder, name, target));
}

function readFileOf(folder: string, name: string, target: string | null): readonly UnloadedRun[] {
  const found = parsed(readFileSync(join(folder, name), 'utf8'));
  return found?.version === 1 && (target === null || found.target === target) ? [found as UnloadedRun] : [];
}

export interface UnloadedFile {
  readonly name: string;
  readonly run: UnloadedRun;
}

/** Of all jobs and targets, with the names of their files. */
export function unloadedFiles(stateDir: string): readonly UnloadedFile[] {
  const folder = join(stateDir, 'sync');
  return namesIn(folder).flatMap((name) => {
    const [run] = readFileOf(folder, name, null);
    return run === undefined ? [] : [{ name, run }];
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => /^[0-9a-f]{16}\.json$/.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function parsed(text: string): Partial<UnloadedRun> | null {
  try {
    return JSON.parse(text) as Partial<UnloadedRun> | null;
  } catch {
    return null; // half of a file that a full disk left; see above
  }
}
