import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadFile, TableLoad } from '../../src/ingest/ingest-plan.ts';
import type { ExistingColumn, LedgerEntry, LoadSession } from '../../src/load/loader.ts';

/** A target in memory that stages, and remembers what it was asked, one word a call. */
export class FakeSession implements LoadSession {
  readonly stages = true;
  readonly calls: string[] = [];
  readonly files = new Map<string, Map<string, string>>();
  readonly ledger = new Map<string, LedgerEntry>();
  newestRuns: readonly string[] = [];
  existing: readonly ExistingColumn[] | null = null;
  /** Thrown by `stage` of a file of this name, once. */
  fails: string | null = null;
  stageMs = 0;
  atOnce = 0;
  mostAtOnce = 0;
  rows = 0;
  closed = false;
  #prepared = '';

  async entry(load: TableLoad) {
    return this.ledger.get(load.source.run) ?? null;
  }

  async held() {
    return 0;
  }

  async newest() {
    return this.newestRuns;
  }

  async columns() {
    return this.existing ?? (this.ledger.size > 0 ? [] : null);
  }

  async addColumns(): Promise<void> {
    this.calls.push('add columns');
  }

  async prepare(load: TableLoad): Promise<void> {
    this.calls.push(`prepare ${load.target.name}`);
    this.#prepared = load.tag;
    if (!this.files.has(load.tag)) this.files.set(load.tag, new Map());
  }

  async staged(load: TableLoad): Promise<ReadonlyMap<string, string>> {
    return new Map(this.files.get(load.tag));
  }

  async stage(load: TableLoad, file: LoadFile, onBytes: (bytes: number) => void): Promise<void> {
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    try {
      if (this.stageMs > 0) await sleep(this.stageMs);
      if (this.closed) throw new Error('the session is closed');
      if (file.name === this.fails) {
        this.fails = null;
        throw new Error('the connection was lost');
      }
      this.calls.push(`stage ${file.name}`);
      if (this.#prepared !== load.tag) throw new Error('the session is prepared for another table');
      const staged = this.files.get(load.tag);
      if (staged === undefined) throw new Error('there is no staging table');
      if (!staged.has(file.name)) staged.set(file.name, file.sha256);
      onBytes(file.bytes);
    } finally {
      this.atOnce -= 1;
    }
  }

  async publish(load: TableLoad): Promise<LedgerEntry> {
    this.calls.push(`publish ${load.target.name}`);
    const counts = { rows: load.rows, inserted: load.rows, updated: 0, deleted: 0, rejected: 0 };
    const entry = { run: load.source.run, mode: load.mode, ...counts, loadedAt: 'now' };
    this.ledger.set(load.source.run, entry);
    this.rows = load.rows;
    return entry;
  }

  async discard(load: TableLoad): Promise<void> {
    this.calls.push(`discard ${load.target.name}`);
    this.files.delete(load.tag);
  }

  async count(): Promise<number> {
    return this.rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
  }
}
