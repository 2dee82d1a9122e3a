import type { Connection } from 'mysql2';
import type { EpochFacts } from '../../model/epoch.ts';
import type { Announcement } from './announcement.ts';
import { beginSnapshot, type EpochPlan, lost, meet, positionHere, touch } from './join-snapshot.ts';
import { describePosition, isOfSnapshot } from './position.ts';
import { execute, queryCell } from './query-rows.ts';
import type { ServerFacts } from './server-facts.ts';

/** Commits that come just while the coordinator begins; on a busy server one of these gaps is wide enough. */
const BEGIN_TRIES = 5;

/**
 * The coordinator's part of an epoch:
 *
 *   begin ──▶ [waits for the meeting] ──▶ begun: its position is told, its tables are touched
 *     └──▶ close: no further reader is let in unless it comes to the same position ──▶ withdraw: nothing is left on the server
 */
export class Epoch {
  readonly plan: EpochPlan;
  private readonly connection: Connection;
  private readonly server: ServerFacts;
  private readonly announcement: Announcement;
  private started: Promise<void> = Promise.resolve();
  private position: string | null = null;
  private takenAt = '';
  private isApart: boolean;
  /** The snapshot that is read lies at the position that is told: not certain of a single reader's, which begins later. */
  private isExact: boolean;

  constructor(connection: Connection, server: ServerFacts, announcement: Announcement, plan: EpochPlan) {
    this.connection = connection;
    this.server = server;
    this.announcement = announcement;
    this.plan = plan;
    this.isApart = plan.alignment === 'own';
    this.isExact = plan.alignment !== 'single';
  }

  /** Each reader has a snapshot of its own; certain only after `close`. */
  get apart(): boolean {
    return this.isApart;
  }

  /** Resolves at once when there is a meeting to wait for, which the readers are told of meanwhile. */
  async begin(): Promise<void> {
    this.takenAt = await serverTime(this.connection);
    this.started = this.start();
    // Thrown where it is waited for.
    this.started.catch(() => undefined);
    if (this.plan.meetAt === null) await this.started;
  }

  /** After all readers have joined: whether all are in one state (always, where that is not promised). */
  async close(): Promise<boolean> {
    await this.started;
    const { alignment, apart } = this.plan;
    const told = alignment !== 'position' || this.position !== null;
    if (apart) this.isApart = !told || (await this.announcement.hasApart(this.connection));
    if (alignment === 'single')
      this.isExact = this.position !== null && !(await this.announcement.hasApart(this.connection));
    await this.announcement.close(this.connection);
    return told || apart;
  }

  async withdraw(): Promise<void> {
    await this.started.catch(() => undefined);
    await this.announcement.withdraw(this.connection, this.position);
  }

  /** Throws SNAPSHOT_LOST when the connection that holds it has gone. */
  async check(): Promise<void> {
    const { position } = this;
    const there = await (position === null
      ? queryCell(this.connection, 'SELECT 1').then(() => true)
      : this.announcement.standsBy(this.connection, position)
    ).catch(() => false);
    if (!there) throw lost('the connection that held it was cut');
  }

  /** `spread` says why, for when the readers are apart. */
  facts(lockName: string | null, spread: string): EpochFacts {
    const { alignment, position: kind } = this.plan;
    const at = this.isExact ? 'at' : 'at or after';
    const place = kind === null || this.position === null ? '' : describePosition(kind, this.position);
    const where = place !== '' ? ` ${at} ${place}` : this.isExact ? '' : ` begun at or after ${this.takenAt}`;
    const how = alignment === 'lock' ? `, begun under ${lockName}` : alignment === 'single' ? ', one reader' : '';
    return {
      takenAt: this.takenAt,
      label: `${this.isApart ? 'a snapshot for each reader, the first' : 'snapshot'}${where}${how}`,
      shared: !this.isApart,
      ...(this.isApart ? { spread } : {}),
      proof: kind === null || this.position === null ? {} : { kind, position: this.position },
    };
  }

  private async start(): Promise<void> {
    await meet(this.connection, this.plan.meetAt);
    this.position = await this.beginAtOnePosition();
    this.takenAt = await serverTime(this.connection);
    // What no reader has tells all of them that the meeting failed.
    if (this.plan.position !== null) await this.announcement.tell(this.connection, this.position ?? 'nowhere');
    await touch(this.connection, this.plan, async () => false);
  }

  /** Null when there is none to be read, or when it moved each time. */
  private async beginAtOnePosition(): Promise<string | null> {
    const { position: kind } = this.plan;
    for (let attempt = 1; attempt <= BEGIN_TRIES; attempt++) {
      const before =
        kind === null || isOfSnapshot(kind) ? null : await positionHere(this.connection, kind, this.server);
      await beginSnapshot(this.connection);
      if (kind === null) return null;
      const after = await positionHere(this.connection, kind, this.server);
      if (isOfSnapshot(kind) || before === after) return after;
      if (attempt < BEGIN_TRIES) await execute(this.connection, 'ROLLBACK');
    }
    return null;
  }
}

/** ISO 8601, by the server's clock. */
export async function serverTime(connection: Connection): Promise<string> {
  const time = "DATE_FORMAT(SYSDATE(6), '%Y-%m-%dT%H:%i:%s.%fZ')";
  return (await queryCell(connection, `SELECT ${time}`)) ?? new Date().toISOString();
}
