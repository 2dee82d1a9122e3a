import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { IngestPlan, LoadFile, TableLoad } from '../ingest/ingest-plan.ts';
import type { FitContext } from '../load/load-table.ts';
import { fitted } from '../load/load-table.ts';
import { entryOf } from '../load/read-ledger.ts';
import { requireOther } from '../load/source-itself.ts';
import { faultPoint } from '../model/fault-point.ts';
import { toProblem } from '../model/problem.ts';

/** How long files that are on their way may take once nothing more is to come of the run. */
const LAST_FILES_MS = 2_000;

export interface EarlyStagerSetup extends FitContext {
  onRemark(table: string, text: string): void;
}

interface Waiting {
  readonly load: TableLoad;
  readonly files: LoadFile[];
  state: 'new' | 'prepared' | 'given up';
}

/**
 * Puts files into the target's staging tables while the run that writes them goes on, `parallel` at a time, table after table as the
 * contract of a session wants it. Nothing here decides what is loaded: the load after the run stages what is missing, and throws all of it
 * away when a file that was staged is not the one of the manifest (read again in another snapshot). So whatever goes wrong here is remarked,
 * the table is left to that load, and the run goes on.
 *
 *   new ──first file──▶ entry, drift, prepare ──▶ prepared ──file──▶ staged …
 *                            └──────── anything thrown ────────▶ given up (remarked)
 */
export class EarlyStager {
  readonly #setup: EarlyStagerSetup;
  readonly #tables = new Map<string, Waiting>();
  readonly #left: TableLoad[] = [];
  /** The table that the session was prepared for last: it takes files of no other. */
  #prepared: string | null = null;
  #working: Promise<void> | null = null;
  #ended = false;
  #staged = 0;

  constructor(setup: EarlyStagerSetup) {
    this.#setup = setup;
  }

  /** Files that are in by now. */
  get staged(): number {
    return this.#staged;
  }

  begin(table: string, load: TableLoad): void {
    this.#tables.set(table, { load, files: [], state: 'new' });
  }

  /** What an earlier run staged, and nobody will load. */
  discard(load: TableLoad): void {
    this.#left.push(load);
    this.#work();
  }

  add(table: string, files: readonly LoadFile[]): void {
    const waiting = this.#tables.get(table);
    if (waiting === undefined || this.#ended) return;
    waiting.files.push(...files);
    this.#work();
  }

  /** Begins no more files, waits for those on their way (a failed or stopped run does not wait long), and closes the session. */
  async end(run: 'complete' | 'failed'): Promise<void> {
    this.#ended = true;
    const working = this.#working ?? Promise.resolve();
    await (run === 'complete' ? working : Promise.race([working, sleep(LAST_FILES_MS, undefined, { ref: false })]));
    await this.#setup.session[Symbol.asyncDispose]();
  }

  #work(): void {
    if (this.#working !== null || this.#ended) return;
    this.#working = this.#workThrough().finally(() => {
      this.#working = null;
    });
  }

  /** Never throws. */
  async #workThrough(): Promise<void> {
    for (;;) {
      const left = this.#left.shift();
      const next = [...this.#tables].find(([, { files, state }]) => files.length > 0 && state !== 'given up');
      if (this.#ended || (left === undefined && next === undefined)) return;
      if (left !== undefined) await this.#discardLeft(left);
      else if (next !== undefined) await this.#stageWaiting(...next);
    }
  }

  async #discardLeft(load: TableLoad): Promise<void> {
    try {
      await this.#setup.session.discard(load, this.#planOf(load));
    } catch (error) {
      const text = `what run ${load.source.run} left in the target could not be taken away: ${toProblem(error).message}`;
      this.#setup.onRemark(load.target.name, text);
    }
  }

  async #stageWaiting(table: string, waiting: Waiting): Promise<void> {
    try {
      if (waiting.state === 'new') waiting.state = await this.#look(waiting);
      if (waiting.state === 'given up') return;
      if (this.#prepared !== table) await this.#prepare(table, waiting);
      await this.#stageFiles(waiting, waiting.files.splice(0));
    } catch (error) {
      waiting.state = 'given up';
      if (!this.#ended) this.#setup.onRemark(table, `its files are staged after the run: ${toProblem(error).message}`);
    }
  }

  /** A loader may look a table up in the plan. */
  #planOf(load: TableLoad): IngestPlan {
    return { ...this.#setup.plan, tables: [load] };
  }

  /** A window that is not the next one of its table waits for those before it, which the load after the run puts in. */
  async #look({ load }: Waiting): Promise<'prepared' | 'given up'> {
    const { session } = this.#setup;
    const known = await entryOf(session, load);
    if (known !== null) throw new Error(`run ${load.source.run} is loaded already`);
    const previous = load.incremental?.previous ?? null;
    if (previous !== null && !(await session.newest(load)).includes(previous.ledger)) return 'given up';
    await requireOther(this.#setup.place, load);
    // Columns are added, or left out, when there is something to load.
    await fitted({ ...this.#setup, plan: this.#planOf(load), evolve: 'fail' }, load);
    return 'prepared';
  }

  /** What is staged already stays, as after a kill. */
  async #prepare(table: string, { load }: Waiting): Promise<void> {
    this.#prepared = null;
    await this.#setup.session.prepare(load, this.#planOf(load));
    this.#prepared = table;
  }

  async #stageFiles({ load }: Waiting, files: readonly LoadFile[]): Promise<void> {
    const { session, plan } = this.#setup;
    const limit = pLimit(plan.options.parallel);
    let failed = false;
    const results = await Promise.allSettled(
      files.map(async (file) =>
        limit(async () => {
          if (failed || this.#ended) return;
          faultPoint('before-load-stage');
          await session
            .stage(load, file, () => undefined)
            .catch((error: unknown) => {
              failed = true;
              throw error;
            });
          faultPoint('after-load-stage');
          this.#staged += 1;
        }),
      ),
    );
    const lost = results.find((result) => result.status === 'rejected');
    if (lost !== undefined) throw lost.reason;
  }
}
