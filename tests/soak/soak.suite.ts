import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../properties/random.ts';
import { freshMariadb, startOwnMariadb } from '../support/mariadb-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { differences } from './compare.ts';
import { mariadbShop, postgresShop, type ShopServer } from './shop-server.ts';
import { duckdbTarget, postgresTarget, type ShopTarget } from './shop-targets.ts';
import { type Syncs, syncsOf } from './sync-rounds.ts';
import { startWriters, type Writers } from './writers.ts';

export interface SoakPlan {
  readonly seed: number;
  readonly milliseconds: number;
  readonly roundsBetweenQuietPoints: number;
  readonly writers: number;
  /** Said for every round. */
  readonly say: (line: string) => void;
}

/**
 * A server's clock shows whole seconds in `orders`, and the one of the application is up to 1.5 s behind (`stock`): a window ends before the
 * second, or the lag, that is not over. PostgreSQL rounds up, so half a second more.
 */
const UNTIL_STAMPS_ARE_PAST_MS = 2600;

/** A busy shop on each server, and `sync` that is killed, refused and called again; at every quiet point the targets are the source. */
export function soakSuite(plan: SoakPlan): void {
  describe(`a busy shop, SEED=${plan.seed}`, () => {
    const root = mkdtempSync(join(tmpdir(), 'sqlextract-soak-'));
    const stack = new AsyncDisposableStack();
    let servers: readonly ShopServer[];
    let warehouse: ShopTarget;
    beforeAll(async () => {
      const source = stack.use(await freshDatabase('soak'));
      // A server of its own: a window of MariaDB ends where the oldest statement of any of its sessions began, other tests' included.
      const server = await startOwnMariadb();
      stack.defer(() => server.stop());
      const other = stack.use(await freshMariadb('soak', server.url));
      const target = stack.use(await freshDatabase('soak_target'));
      servers = [await postgresShop(source), await mariadbShop(other)];
      warehouse = postgresTarget(target);
    });
    afterAll(async () => {
      await stack.disposeAsync();
      rmSync(root, { recursive: true, force: true });
    });

    it('is in both targets, row for row, whenever it is quiet', { timeout: plan.milliseconds + 400_000 }, async () => {
      // All of them end before their databases go.
      const ends = await Promise.allSettled(
        servers.map((server, index) =>
          // DuckDB lets one program in: a file for each server.
          soak(plan, server, [duckdbTarget(root, server.name), warehouse], root, plan.seed + index * 1000),
        ),
      );
      for (const one of ends) if (one.status === 'rejected') throw one.reason;
    });
  });
}

async function soak(
  plan: SoakPlan,
  server: ShopServer,
  targets: readonly ShopTarget[],
  root: string,
  seed: number,
): Promise<void> {
  const end = performance.now() + plan.milliseconds;
  const random = new Random(seed + 500);
  const syncs = syncsOf(server, root);
  await using writers = await startWriters(server, plan.writers, seed);
  await sleep(1000);
  // The first point comes before anything went wrong: there is always a second one.
  for (let point = 1; point <= 2 || performance.now() < end; point += 1) {
    // Beforehand there are no tables to be in trouble with.
    const rounds = point === 1 ? 0 : plan.roundsBetweenQuietPoints;
    for (let round = 0; round < rounds; round += 1) {
      const target = random.pick(targets);
      const began = performance.now();
      const became = await syncs.round(target, random);
      plan.say(`${server.name} → ${target.name}: ${became} (${Math.round(performance.now() - began)} ms)`);
    }
    await quietPoint(server, targets, syncs, writers);
    const { committed, rolledBack, collided } = writers.counts;
    plan.say(
      `${server.name}: quiet point ${point} is equal; ${committed} committed, ${rolledBack} rolled back, ${collided} collided`,
    );
  }
}

async function quietPoint(
  server: ShopServer,
  targets: readonly ShopTarget[],
  syncs: Syncs,
  writers: Writers,
): Promise<void> {
  await writers.pause();
  await sleep(UNTIL_STAMPS_ARE_PAST_MS);
  // A run that was killed is finished with the window that it began with: what came later is of the next one.
  for (const target of [...targets, ...targets.slice(0, 1)]) await syncs.calm(target);
  await using connection = await server.connect();
  for (const target of targets) expect(await differences(server, connection, target), syncs.said()).toEqual([]);
  writers.resume();
}
