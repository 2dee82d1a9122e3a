import type { SourceConfig } from '../source.ts';
import { connect } from './connect.ts';
import type { SqlServerConnection } from './connection.ts';

/**
 * The session that keeps a snapshot together (aligned-snapshot.ts), owned by the coordinator's: nobody promises to release a snapshot, and a
 * socket that is left open keeps the whole process from ending.
 *
 *   none ──open──▶ kept ──open──▶ kept (the earlier one is closed) ──close──▶ none ──end──▶ ended (whatever is opened is closed at once)
 */
export class Keeper {
  private readonly config: SourceConfig;
  private kept: SqlServerConnection | null = null;
  private ended = false;

  constructor(config: SourceConfig) {
    this.config = config;
  }

  async open(): Promise<SqlServerConnection> {
    await this.close();
    const opened = await connect(this.config, 'sqlextract gate');
    this.kept = opened;
    if (this.ended) await this.close();
    return opened;
  }

  /** Never rejects. */
  async close(): Promise<void> {
    const { kept } = this;
    this.kept = null;
    await kept?.close();
  }

  /** Never rejects. */
  async end(): Promise<void> {
    this.ended = true;
    await this.close();
  }
}
