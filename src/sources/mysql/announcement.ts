import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Connection } from 'mysql2';
import { queryCell, queryRow } from './query-rows.ts';
import { quoteText } from './quote.ts';

export type Comparison = 'same' | 'other' | 'over' | 'gone';

/**
 * How the coordinator tells readers on other connections, that it may never hear of, at which position its own snapshot lies: by the names of
 * user-level locks, which need no privilege, are seen by all sessions of the server at once, and end with the session that holds them
 * (https://dev.mysql.com/doc/refman/8.4/en/locking-functions.html). They keep nobody waiting.
 *
 *   open      held from the beginning of an epoch until all readers have joined
 *   told      held when the position has been told
 *   at <hash> held by a coordinator whose snapshot lies at this position
 *   apart     held by a reader that began at another position and stays there, and `over` by the coordinator who has seen that
 */
export class Announcement {
  readonly id: string;

  constructor(id: string) {
    if (!/^[0-9a-f]{12}$/.test(id)) throw new RangeError('no such epoch');
    this.id = id;
  }

  /** False where the server does not have such locks (a cluster that refuses them). */
  async open(connection: Connection): Promise<boolean> {
    return hold(connection, this.nameOf('open')).catch(() => false);
  }

  async tell(connection: Connection, position: string): Promise<void> {
    await hold(connection, this.nameOf('at', position));
    await hold(connection, this.nameOf('told'));
  }

  async close(connection: Connection): Promise<void> {
    await queryCell(connection, `SELECT RELEASE_LOCK(${this.nameOf('open')})`);
  }

  /** A reader's: it reads a snapshot of its own. Another reader may hold it already. */
  async standApart(connection: Connection): Promise<void> {
    await hold(connection, this.nameOf('apart'));
  }

  /** Coordinator: whether a reader stands apart, which is then remembered for those that join later. */
  async hasApart(connection: Connection): Promise<boolean> {
    if (!(await this.isUsed(connection, 'apart'))) return false;
    await hold(connection, this.nameOf('over'));
    return true;
  }

  /** A later reader's: whether the readers are apart anyway. */
  async mayStandApart(connection: Connection): Promise<boolean> {
    return (await this.isUsed(connection, 'over')) || (await this.isUsed(connection, 'apart'));
  }

  /** All of it; for the end of the epoch. */
  async withdraw(connection: Connection, position: string | null): Promise<void> {
    const names = [
      this.nameOf('open'),
      this.nameOf('told'),
      this.nameOf('over'),
      ...(position === null ? [] : [this.nameOf('at', position)]),
    ];
    for (const name of names) await queryCell(connection, `SELECT RELEASE_LOCK(${name})`);
  }

  /** Whether this session still holds what it told. */
  async standsBy(connection: Connection, position: string): Promise<boolean> {
    const held = `SELECT IS_USED_LOCK(${this.nameOf('at', position)}) = CONNECTION_ID()`;
    return (await queryCell(connection, held)) === '1';
  }

  isOpen(connection: Connection): Promise<boolean> {
    return this.isUsed(connection, 'open');
  }

  /**
   * Whether the coordinator's snapshot lies at `position`: 'same'; 'other' while readers are still awaited; 'over' when none is awaited; 'gone'
   * when the coordinator is. Waits for the coordinator to tell.
   */
  async compare(connection: Connection, position: string, patienceMs: number): Promise<Comparison> {
    const wanted = [this.nameOf('told'), this.nameOf('open'), this.nameOf('at', position)];
    const until = performance.now() + patienceMs;
    for (;;) {
      const used = wanted.map((name) => `IS_USED_LOCK(${name}) IS NOT NULL`).join(', ');
      const [told, open, same] = await queryRow(connection, `SELECT ${used}`);
      if (same === '1') return 'same';
      if (open !== '1') return told === '1' ? 'over' : 'gone';
      if (told === '1' || performance.now() > until) return 'other';
      await setTimeout(3);
    }
  }

  private async isUsed(connection: Connection, what: string): Promise<boolean> {
    return (await queryCell(connection, `SELECT IS_USED_LOCK(${this.nameOf(what)})`)) !== null;
  }

  private nameOf(what: string, position = ''): string {
    const hash = position === '' ? '' : `.${createHash('sha256').update(position).digest('hex').slice(0, 24)}`;
    return quoteText(`sqlextract.${this.id}.${what}${hash}`);
  }
}

async function hold(connection: Connection, name: string): Promise<boolean> {
  return (await queryCell(connection, `SELECT GET_LOCK(${name}, 0)`)) === '1';
}
