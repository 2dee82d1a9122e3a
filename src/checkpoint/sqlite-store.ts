import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Chunk, ChunkReport } from '../model/chunk.ts';
import type { EpochFacts, SnapshotLease } from '../model/epoch.ts';
import { faultPoint } from '../model/fault-point.ts';
import type { IncrementalState } from '../model/incremental-state.ts';
import type { PlanProgress } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { stateReader, type StateReader } from './state-reader.ts';
import { overState } from './state-error.ts';
import { prepareStatements, type StateStatements } from './state-statements.ts';
import { openForWriting } from './schema.ts';
import type { CheckpointStore, ConsistencyLevel, EpochRecord, NewRun, RunRecord } from './store.ts';

/**
 * A job's state in one SQLite file (schema.ts). Open it under the job's lock (open-job.ts): it takes every chunk that it
 * finds started for one of a killed process and puts it back to planned.
 *
 * Steps that are not in the state machines of store.ts throw a plain Error: they are bugs of the caller. Troubles with the
 * file are SqlextractErrors (state-error.ts).
 */
export function openSqliteStore(path: string): SqliteStore {
  return overState(path, () => new SqliteStore(path, openForWriting(path)));
}

export class SqliteStore implements CheckpointStore {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #write: StateStatements;
  readonly #read: StateReader;

  constructor(path: string, database: DatabaseSync) {
    this.#path = path;
    this.#database = database;
    this.#write = prepareStatements(database);
    this.#read = stateReader(database);
    this.#transaction(() => this.#takeBackKilled());
  }

  /** Writes down facts of the job, once, and the command that works on it now. */
  logCommand(facts: Readonly<Record<string, string>>, toolVersion: string, commandLine: string): void {
    this.#transaction(() => {
      for (const [name, value] of Object.entries(facts)) this.#write.setup.run(name, value);
      this.#write.log.run(now(), process.pid, toolVersion, commandLine);
    });
  }

  currentRun(): RunRecord | null {
    return overState(this.#path, () => this.#read.currentRun());
  }

  runs(): readonly RunRecord[] {
    return overState(this.#path, () => this.#read.runs());
  }

  chunks(runId: string): ReturnType<StateReader['chunks']> {
    return overState(this.#path, () => this.#read.chunks(runId));
  }

  /** Throws when the job still has a running run: it is to be finished or discarded first. */
  beginRun(run: NewRun): RunRecord {
    return this.#transaction(() => {
      const before = this.#read.currentRun();
      if (before?.status === 'running') throw new Error(`run ${before.runId} is not finished`);
      const texts = [JSON.stringify(run.fingerprint), JSON.stringify(run.planBasis), run.commandLine, run.toolVersion];
      const window = jsonOrNull(run.window);
      const startedAt = laterThan(this.#read.runs().at(-1)?.startedAt);
      this.#write.beginRun.run(run.runId, run.runKey, run.folder, ...texts, window, startedAt);
      this.#event(run.runId, null, 'begun', run.commandLine);
      const begun = this.#read.currentRun();
      if (begun?.runId !== run.runId) throw new Error(`run ${run.runId} was not begun`);
      return begun;
    });
  }

  discardRun(runId: string, reason: string): void {
    this.#transaction(() => {
      changedOne(this.#write.discardRun.run(now(), runId), `run ${runId} is not there to discard`);
      this.#event(runId, null, 'discarded', reason);
    });
  }

  savePlan(runId: string, progress: PlanProgress, chunks: readonly Chunk[]): void {
    faultPoint('before-plan');
    this.#transaction(() => {
      const coveredTo = jsonOrNull(progress.coveredTo);
      const place = [progress.complete ? 1 : 0, coveredTo, progress.nextPart, progress.nextBlock] as const;
      changedOne(this.#write.progress.run(...place, runId), `run ${runId} is not running`);
      for (const { ordinal, range, limit } of chunks)
        this.#write.plan.run(runId, ordinal, JSON.stringify(range), limit);
    });
    faultPoint('after-plan');
  }

  started(runId: string, ordinal: number, attempt: number): void {
    this.#transaction(() => {
      changedOne(
        this.#write.started.run(attempt, now(), runId, ordinal),
        `chunk ${ordinal} of ${runId} is not to be started`,
      );
    });
  }

  done(runId: string, report: ChunkReport): void {
    faultPoint('before-state-commit');
    this.#transaction(() => this.#recordDone(runId, report));
    faultPoint('after-state-commit');
  }

  failed(runId: string, ordinal: number, problem: Problem): void {
    this.#transaction(() => {
      const result = this.#write.failed.run(JSON.stringify(problem), runId, ordinal);
      changedOne(result, `chunk ${ordinal} of ${runId} was not started`);
      this.#event(runId, ordinal, 'failed', `${problem.code}: ${problem.message}`);
    });
  }

  cut(runId: string, kept: Chunk, rest: Chunk, reason: string): void {
    faultPoint('before-plan');
    this.#transaction(() => {
      const result = this.#write.narrow.run(JSON.stringify(kept.range), runId, kept.ordinal);
      changedOne(result, `chunk ${kept.ordinal} of ${runId} is not planned`);
      this.#write.plan.run(runId, rest.ordinal, JSON.stringify(rest.range), rest.limit);
      this.#event(runId, kept.ordinal, 'cut', `the rest is chunk ${rest.ordinal}: ${reason}`);
    });
    faultPoint('after-plan');
  }

  reopen(runId: string, ordinals: readonly number[], reason: string): void {
    this.#transaction(() => {
      for (const ordinal of ordinals) {
        this.#write.dropFiles.run(runId, ordinal);
        changedOne(this.#write.reopen.run(runId, ordinal), `chunk ${ordinal} of ${runId} is not there to reopen`);
        this.#event(runId, ordinal, 'reopened', reason);
      }
    });
  }

  beginEpoch(runId: string, facts: EpochFacts, lease: SnapshotLease | null): EpochRecord {
    return this.#transaction(() => {
      const texts = [
        facts.takenAt,
        facts.label,
        facts.shared ? 1 : 0,
        JSON.stringify(facts.proof),
        jsonOrNull(lease),
        facts.spread ?? null,
      ] as const;
      const epoch = Number(this.#write.epoch.get(runId, ...texts)?.['epoch']);
      this.#event(runId, null, 'epoch', `epoch ${epoch}: ${facts.label}`);
      return { epoch, facts, lease };
    });
  }

  /** Throws unless the plan is complete and every chunk is done. */
  completeRun(runId: string, level: ConsistencyLevel, incremental?: IncrementalState): void {
    this.#transaction(() => {
      if (incremental !== undefined) this.#putIncremental(incremental);
      const result = this.#write.completeRun.run(level, now(), runId);
      changedOne(result, `run ${runId} is not running, or not all of it is planned and done`);
      this.#event(runId, null, 'complete', level);
    });
  }

  incremental(): IncrementalState | null {
    return overState(this.#path, () => this.#read.incremental());
  }

  setIncremental(state: IncrementalState, reason: string): void {
    this.#transaction(() => {
      this.#putIncremental(state);
      this.#event(state.run ?? '', null, 'watermark', reason);
    });
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #putIncremental({ watermark, strategy, columns, run, ...hashes }: IncrementalState): void {
    const column = watermark?.column;
    const place = [column?.name ?? null, column?.kind ?? null, column?.nativeType ?? null] as const;
    const value = [watermark?.from.value ?? null, jsonOrNull(watermark?.from.ties ?? null)] as const;
    const { selectionHash, configurationHash } = hashes;
    const model = [strategy, selectionHash, configurationHash, JSON.stringify(columns)] as const;
    const moved = [watermark?.run ?? null, watermark?.movedAt ?? null, run] as const;
    this.#write.incremental.run(...place, ...value, column?.nullable === true ? 1 : 0, ...model, ...moved);
  }

  #recordDone(runId: string, report: ChunkReport): void {
    const { ordinal, rows, epoch, files, nullMarkerCells, replacedCells, startedAt, finishedAt } = report;
    const inFiles = files.reduce((sum, file) => sum + file.rows, 0);
    if (inFiles !== rows)
      throw new Error(`chunk ${ordinal} of ${runId} has ${rows} rows but its files have ${inFiles}`);
    const cells = [nullMarkerCells, JSON.stringify(replacedCells)] as const;
    const result = this.#write.done.run(rows, epoch, ...cells, startedAt, finishedAt, runId, ordinal);
    changedOne(result, `chunk ${ordinal} of ${runId} was not started`);
    files.forEach((file, index) => {
      const numbers = [
        file.rows,
        file.bytes,
        file.sha256,
        JSON.stringify(file.nullCounts),
        JSON.stringify(file.maxBytes),
        jsonOrNull(file.digits ?? null),
        jsonOrNull(file.nulTexts ?? null),
      ];
      this.#write.file.run(runId, ordinal, index + 1, file.path, ...numbers);
    });
  }

  #takeBackKilled(): void {
    for (const { run_id: runId, ordinal } of this.#write.killed.all()) {
      this.#event(String(runId), Number(ordinal), 'taken back', 'the process that read it ended without a word');
    }
  }

  #event(runId: string, ordinal: number | null, kind: string, text: string): void {
    this.#write.event.run(now(), runId, ordinal, kind, text);
  }

  /** All or nothing, and durable when it returns. */
  #transaction<T>(work: () => T): T {
    return overState(this.#path, () => {
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#database.exec('COMMIT');
        return result;
      } catch (error) {
        // SQLite has already rolled back after some errors, a full disk among them.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }
}

function changedOne(result: { readonly changes: number | bigint }, otherwise: string): void {
  if (Number(result.changes) !== 1) throw new Error(otherwise);
}

function jsonOrNull(value: unknown): SQLInputValue {
  return value === null ? null : JSON.stringify(value);
}

/** Targets go by it which of two runs is older, so it grows from run to run also when the clock steps back. */
function laterThan(before: string | undefined): string {
  const at = now();
  return before === undefined || before < at ? at : new Date(Date.parse(before) + 1).toISOString();
}

function now(): string {
  return new Date().toISOString();
}
