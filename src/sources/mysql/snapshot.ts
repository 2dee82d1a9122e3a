import { randomBytes } from 'node:crypto';
import type { Connection } from 'mysql2';
import type { EpochFacts } from '../../model/epoch.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { Snapshot, SnapshotRequest, SourceConfig } from '../source.ts';
import { Announcement } from './announcement.ts';
import { Epoch, serverTime } from './epoch.ts';
import { type Alignment, type EpochPlan, tokenOf, touchedTables } from './join-snapshot.ts';
import { type CommitLock, lockCommits } from './locks.ts';
import { isPooled, POOLER } from './pooler.ts';
import { findPosition, type PositionFinding, seesAllCommits, UNLOGGED } from './position.ts';
import { execute, queryCell } from './query-rows.ts';
import { replicaState, type ServerFacts, serverRemarks } from './server-facts.ts';

/**
 * How sessions come to read one state, although MySQL has no way to name one:
 *
 *   locks allowed ──▶ commits are locked out until all readers have begun                                    ──▶ one state
 *   else ──▶ coordinator begins and tells its position ─▶ each reader begins and compares (join-snapshot.ts) ──▶ one state
 *              └─ another position: take the epoch again, all beginning at one appointed time
 *                   └─(the last try, or no position to be read)─▶ required: one reader                      ──▶ one state
 *                                                                  else: a snapshot for each reader, and said so
 */
export class SnapshotTaker {
  private readonly connection: Connection;
  private readonly config: SourceConfig;
  private readonly facts: ServerFacts;
  /** Epochs in a row whose readers did not all begin at one position. */
  private disturbed = 0;
  private end: () => Promise<void> = async () => undefined;

  constructor(connection: Connection, config: SourceConfig, facts: ServerFacts) {
    this.connection = connection;
    this.config = config;
    this.facts = facts;
  }

  async take(request: SnapshotRequest): Promise<Snapshot> {
    await this.release();
    const replica = await replicaState(this.connection);
    const pooled = await isPooled(this.connection);
    const remarks = [...serverRemarks(this.facts, replica), ...(pooled ? [POOLER] : [])];
    if (request.mode === 'none') return this.none(remarks);
    const lock = request.allowLocks ? await lockCommits(this.config, request.tables, this.facts.mariadb) : null;
    const held = typeof lock === 'object' ? lock : null;
    this.end = async () => held?.release();
    try {
      const finding = await findPosition(this.connection, this.facts);
      return await this.takeShared(
        request,
        { held, finding, refused: typeof lock === 'string' ? lock : null },
        remarks,
      );
    } catch (error) {
      await this.release().catch(() => undefined);
      throw error;
    }
  }

  /** Ends the epoch of this session; does nothing when there is none. */
  async release(): Promise<void> {
    const { end } = this;
    this.end = async () => undefined;
    await end();
    await execute(this.connection, 'ROLLBACK');
  }

  private async takeShared(request: SnapshotRequest, means: Means, remarks: readonly string[]): Promise<Snapshot> {
    const { held, finding } = means;
    const announcement = new Announcement(randomBytes(6).toString('hex'));
    const told = await announcement.open(this.connection);
    const reasons = reasonsOf(means, told, request.lastTry);
    const comparable = told && finding.kind !== null && !(request.lastTry && request.required && this.disturbed > 0);
    const alignment = alignmentFor(request, told && held !== null, comparable);
    // Without a way to tell the first reader from a later one there is no state to promise.
    if (alignment === 'single' && !told) throw unavailable(reasons);
    const plan: EpochPlan = {
      id: announcement.id,
      alignment,
      position: told ? finding.kind : null,
      apart: alignment === 'position' && request.lastTry && !request.required,
      meetAt: alignment === 'position' ? await this.meetingTime() : null,
      tables: touchedTables(request.tables),
    };
    const epoch = new Epoch(this.connection, this.facts, announcement, plan);
    this.end = async () => {
      await held?.release();
      await epoch.withdraw();
    };
    await epoch.begin();
    return this.snapshot(epoch, held, spreadOf(reasons), remarks);
  }

  /** Null: at once, which does on a quiet server. */
  private async meetingTime(): Promise<string | null> {
    if (this.disturbed === 0) return null;
    const milliseconds = Math.min(2000, 400 * this.disturbed);
    return queryCell(this.connection, `SELECT UNIX_TIMESTAMP(SYSDATE(6)) + ${milliseconds / 1000}`);
  }

  private snapshot(epoch: Epoch, lock: CommitLock | null, spread: string, remarks: readonly string[]): Snapshot {
    const { alignment, position, tables } = epoch.plan;
    if (alignment === 'position') this.disturbed++;
    return {
      token: tokenOf(epoch.plan),
      // Known in full when the readers have joined: they may all begin at an appointed time.
      get facts(): EpochFacts {
        return epoch.facts(lock?.name ?? null, spread);
      },
      lease: null,
      resumed: false,
      get remarks(): readonly string[] {
        return [
          ...remarks,
          ...(tables.length > 0 ? [DDL_WAITS] : []),
          ...(epoch.apart ? [spread] : []),
          ...(alignment === 'single' ? [ONE_READER] : []),
          ...(alignment === 'position' && position !== null && !seesAllCommits(position) ? [UNLOGGED] : []),
        ];
      },
      maxReaders: alignment === 'single' ? 1 : null,
      confirm: async () => {
        const aligned = await epoch.close();
        await lock?.release();
        if (aligned) this.disturbed = 0;
        return aligned;
      },
      check: () => epoch.check(),
      release: () => this.release().catch(() => undefined),
    };
  }

  private async none(remarks: readonly string[]): Promise<Snapshot> {
    const label = 'no snapshot: each chunk reads what is committed when it starts';
    return {
      token: {},
      facts: { takenAt: await serverTime(this.connection), label, shared: false, proof: {} },
      lease: null,
      resumed: false,
      remarks,
      maxReaders: null,
      confirm: () => Promise.resolve(true),
      check: () => Promise.resolve(),
      release: () => Promise.resolve(),
    };
  }
}

interface Means {
  readonly held: CommitLock | null;
  readonly finding: PositionFinding;
  /** Why no lock could be had, when one was allowed. */
  readonly refused: string | null;
}

const DDL_WAITS = 'ALTER, TRUNCATE and DROP of these tables wait until the run has ended';
const ONE_READER = 'one reader alone: several could not be put into one state';

function alignmentFor(request: SnapshotRequest, locked: boolean, comparable: boolean): Alignment {
  if (locked) return 'lock';
  if (comparable) return 'position';
  return request.required ? 'single' : 'own';
}

function reasonsOf({ finding, refused }: Means, told: boolean, lastTry: boolean): readonly string[] {
  return [
    ...(finding.kind === null ? [finding.reason] : []),
    ...(told ? [] : ['the server has no user-level locks to meet by (GET_LOCK)']),
    ...(refused === null ? [] : [`no lock could be taken: ${refused}`]),
    ...(lastTry && finding.kind !== null && told ? ['transactions were committed all the time while they began'] : []),
  ];
}

function spreadOf(reasons: readonly string[]): string {
  return `each reader has a snapshot of its own: ${reasons.join('; ')}; --allow-locks or --workers 1 makes it one state`;
}

function unavailable(reasons: readonly string[]): SqlextractError {
  return new SqlextractError({
    code: 'SNAPSHOT_UNAVAILABLE',
    message: `the readers cannot be put into one state: ${reasons.join('; ')}`,
    hint: 'grant what is named, or use --consistency snapshot or chunk',
    fault: 'configuration',
  });
}
