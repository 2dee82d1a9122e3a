import type { Chunk } from '../model/chunk.ts';
import type { Problem } from '../model/problem.ts';
import { cutChunk } from '../planner/cut-chunk.ts';
import type { BoundaryFinder } from '../planner/cut-ranges.ts';
import { cutNext } from '../planner/cut-ranges.ts';
import { denseKeyFinder } from '../planner/dense-keys.ts';
import type { SizeFacts, SizeGoal } from '../planner/range-size.ts';
import { nextRangeRows } from '../planner/range-size.ts';
import type { SourceSession } from '../sources/source.ts';
import type { TableRun } from './table-run.ts';

export interface Supplied {
  readonly run: TableRun;
  readonly chunk: Chunk;
}

/**
 * Gives out the chunks of all tables, table by table, and cuts new ranges just ahead: while workers read, up to one range
 * per worker lies ready, saved in the state before anyone reads a byte of it. One cut at a time, because the coordinator has one
 * connection.
 */
export class ChunkSupply {
  readonly #runs: readonly TableRun[];
  readonly #coordinator: SourceSession;
  readonly #workers: number;
  readonly #onCutError: (run: TableRun, error: unknown) => void;
  readonly #finders = new Map<TableRun, BoundaryFinder>();
  #cutting: Promise<void> = Promise.resolve();

  /** `onCutError` throws to end the run, or marks the table as failed and returns. */
  constructor(
    runs: readonly TableRun[],
    coordinator: SourceSession,
    workers: number,
    onCutError: (run: TableRun, error: unknown) => void,
  ) {
    this.#runs = runs;
    this.#coordinator = coordinator;
    this.#workers = workers;
    this.#onCutError = onCutError;
  }

  /** Null when nothing is left to give out (chunks in hand may still come back). */
  async next(): Promise<Supplied | null> {
    for (;;) {
      const ready = this.#take();
      if (ready !== null) {
        this.#cutAhead();
        return ready;
      }
      if (!this.#anythingToCut()) return null;
      await this.#cut();
    }
  }

  /** A chunk to be tried again goes to the front. */
  putBack(run: TableRun, chunk: Chunk): void {
    run.pending.unshift(chunk);
  }

  /** Work that needs the coordinator's connection: after the cut under way and before the next. */
  async between<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#cutting.then(work);
    this.#cutting = running.then(
      () => undefined,
      () => undefined,
    );
    return running;
  }

  /**
   * Cuts a chunk that was too much for the source in two, in the state too, and keeps later ranges as small. Its first part, under the same
   * ordinal; the rest lies ready to be given out. Null when it cannot be cut.
   */
  async halve(run: TableRun, chunk: Chunk, problem: Problem): Promise<Chunk | null> {
    return this.between(async () => this.#halve(run, chunk, problem));
  }

  async #halve(run: TableRun, chunk: Chunk, problem: Problem): Promise<Chunk | null> {
    const { table, key, settings } = run;
    const rows = run.rowsOf.get(chunk.ordinal) ?? nextRangeRows(sizeFacts(run), this.#goal(run));
    const cut = await cutChunk({
      chunk,
      basis: run.basis,
      nextOrdinal: run.nextOrdinal,
      rows,
      boundary: async (after, before, step) =>
        this.#coordinator.nextBoundary({ table, key, where: settings.where, after, before, step }),
    });
    if (cut === null) return null;
    const { kept, rest } = cut;
    run.store.cut(run.runId, kept, rest, problem.code);
    run.nextOrdinal += 1;
    const keptRows = cut.keptRows ?? Math.ceil(rows / 2);
    run.largestRange = Math.min(run.largestRange, keptRows);
    run.rowsOf.set(kept.ordinal, keptRows).set(rest.ordinal, Math.max(1, rows - keptRows));
    run.chunks.set(kept.ordinal, kept).set(rest.ordinal, rest);
    run.pending.unshift(rest);
    return kept;
  }

  #goal(run: TableRun): SizeGoal {
    return { chunkBytes: run.settings.chunkBytes, workers: this.#workers };
  }

  /** Waits for a cut that is under way; throws what it throws. */
  async settle(): Promise<void> {
    await this.#cutting;
  }

  #take(): Supplied | null {
    for (const run of this.#runs) {
      const chunk = run.problem === null ? run.pending.shift() : undefined;
      if (chunk !== undefined) return { run, chunk };
    }
    return null;
  }

  #anythingToCut(): boolean {
    return this.#runs.some((run) => run.problem === null && !run.progress.complete);
  }

  /** Chunks that can be given out. A failed table keeps its own for a rerun; counting them would end the cutting for all others. */
  #ready(): number {
    return this.#runs.reduce((sum, run) => sum + (run.problem === null ? run.pending.length : 0), 0);
  }

  /** An error of a cut ahead is met again by the next `next` or `settle`, which await the same promise. */
  #cutAhead(): void {
    if (this.#ready() < this.#workers && this.#anythingToCut()) this.#cut().catch(() => undefined);
  }

  async #cut(): Promise<void> {
    const before = this.#cutting;
    this.#cutting = (async () => {
      await before;
      const run = this.#runs.find((each) => each.problem === null && !each.progress.complete);
      if (run === undefined || this.#ready() >= this.#workers) return;
      try {
        await this.#cutOne(run);
      } catch (error) {
        this.#onCutError(run, error);
      }
    })();
    await this.#cutting;
  }

  async #cutOne(run: TableRun): Promise<void> {
    const rows = Math.min(nextRangeRows(sizeFacts(run), this.#goal(run)), run.largestRange);
    const cut = await cutNext({
      basis: run.basis,
      progress: run.progress,
      nextOrdinal: run.nextOrdinal,
      rows,
      estimatedRows: run.table.estimatedRows,
      limit: run.settings.limit,
      boundary: this.#finder(run),
    });
    run.store.savePlan(run.runId, cut.progress, cut.chunks);
    run.progress = cut.progress;
    run.nextOrdinal += cut.chunks.length;
    run.plannedRows += rows;
    run.pending.push(...cut.chunks);
    for (const chunk of cut.chunks) {
      run.chunks.set(chunk.ordinal, chunk);
      run.rowsOf.set(chunk.ordinal, rows);
    }
  }

  #finder(run: TableRun): BoundaryFinder {
    const known = this.#finders.get(run);
    if (known !== undefined) return known;
    const walk: BoundaryFinder = async (after, step) =>
      this.#coordinator.nextBoundary({
        table: run.table,
        key: run.key,
        where: run.settings.where,
        after,
        before: null,
        step,
      });
    const candidate = run.table.candidateKeys.find((each) => each.columns.join('\0') === run.key.join('\0'));
    const computable = candidate?.integer === true && candidate.unique && run.settings.where === null;
    const finder = computable ? denseKeyFinder(walk) : walk;
    this.#finders.set(run, finder);
    return finder;
  }
}

/** A `where` makes the statistics useless: ranges are then sized by what was measured only. */
function sizeFacts(run: TableRun): SizeFacts {
  const filtered = run.settings.where !== null;
  return {
    estimatedRows: filtered ? null : run.table.estimatedRows,
    estimatedBytes: run.table.estimatedBytes,
    plannedRows: run.plannedRows,
    measuredBytes: run.totals.bytes,
    measuredRows: run.totals.rows,
  };
}
