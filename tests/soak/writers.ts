import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../properties/random.ts';
import { type Given, HAPPENINGS } from './operations.ts';
import type { ShopConnection, ShopServer } from './shop-server.ts';

/** Several people in one shop. */
export interface Writers extends AsyncDisposable {
  /** Until all have ended their transactions and wait; those that stay open are hurried. */
  pause(): Promise<void>;
  resume(): void;
  readonly counts: WriterCounts;
}

export interface WriterCounts {
  committed: number;
  rolledBack: number;
  collided: number;
}

/** Of a transaction: most are short, some outlive a run of the program. */
const OPEN_MS: readonly (readonly [least: number, most: number])[] = [
  ...Array.from({ length: 14 }, () => [0, 40] as const),
  ...Array.from({ length: 4 }, () => [200, 1500] as const),
  [3000, 8000],
];

class Gate {
  #closed = new AbortController();
  #open = Promise.withResolvers<void>();

  constructor() {
    this.#open.resolve();
  }

  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  close(): void {
    this.#open = Promise.withResolvers();
    this.#closed.abort();
  }

  open(): void {
    this.#closed = new AbortController();
    this.#open.resolve();
  }

  async passed(): Promise<void> {
    await this.#open.promise;
  }
}

export async function startWriters(server: ShopServer, howMany: number, seed: number): Promise<Writers> {
  const gate = new Gate();
  const given: Given = { customer: 0, order: 0 };
  const counts: WriterCounts = { committed: 0, rolledBack: 0, collided: 0 };
  const state = { ended: false, waiting: 0 };
  const connections = await Promise.all(Array.from({ length: howMany }, () => server.connect()));
  const write = async (connection: ShopConnection, random: Random): Promise<void> => {
    while (!state.ended) {
      if (gate.signal.aborted) {
        state.waiting += 1;
        await gate.passed();
        state.waiting -= 1;
        continue;
      }
      await transaction(connection, { server, random, given, counts, hurry: gate.signal });
      await wait(random.integer(5, 80), gate.signal);
    }
  };
  const writing = connections.map((connection, index) => write(connection, new Random(seed + index)));
  const failed = Promise.all(writing);
  // Told of by whoever pauses them next.
  failed.catch(() => undefined);
  return {
    counts,
    pause: async () => {
      gate.close();
      while (state.waiting < howMany) await Promise.race([sleep(10), failed]);
    },
    resume: () => gate.open(),
    [Symbol.asyncDispose]: async () => {
      state.ended = true;
      gate.open();
      await failed;
      for (const connection of connections) await connection[Symbol.asyncDispose]();
    },
  };
}

interface Circumstances {
  readonly server: ShopServer;
  readonly random: Random;
  readonly given: Given;
  readonly counts: WriterCounts;
  readonly hurry: AbortSignal;
}

async function transaction(connection: ShopConnection, around: Circumstances): Promise<void> {
  const { server, random, given, counts, hurry } = around;
  const statements = random.list(1, 4, () => random.pick(HAPPENINGS)(random, server.dialect, given)).flat();
  const openMs = random.pick(OPEN_MS);
  const isCommitted = random.chance(0.9);
  try {
    await connection.execute('BEGIN');
    for (const statement of statements) {
      await connection.execute(statement);
      await wait(random.integer(...openMs) / statements.length, hurry);
    }
    await connection.execute(isCommitted ? 'COMMIT' : 'ROLLBACK');
    counts[isCommitted ? 'committed' : 'rolledBack'] += 1;
  } catch (error) {
    if (!server.collisions.test(String(error))) throw error;
    await connection.execute('ROLLBACK');
    counts.collided += 1;
  }
}

async function wait(milliseconds: number, hurry: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal: hurry }).catch(() => undefined);
}
