import { expect } from 'vitest';
import type { TableSchema } from '../../src/model/table.ts';
import type { Snapshot, SourceSession } from '../../src/sources/source.ts';
import type { NeutralTable } from './source-fixture.ts';
import { describeAll, readRows } from './source-reading.ts';
import type { SourceCase, SourceContext } from './source.suite.ts';

const COUNTED: Omit<NeutralTable, 'name'> = {
  columns: [
    { name: 'id', type: 'bigint', notNull: true },
    { name: 'v', type: 'text' },
  ],
  primaryKey: ['id'],
};

async function withTable(context: SourceContext, name: string) {
  const table: NeutralTable = { name, ...COUNTED };
  const made = await context.fixture.createTable(table);
  await context.fixture.insert(table, [
    ['1', 'a'],
    ['2', 'b'],
  ]);
  return { table, described: await describeAll(context.session, made) };
}

function byId(rows: readonly (readonly (string | null)[])[]) {
  return rows.toSorted((a, b) => Number(a[0]) - Number(b[0]));
}

function take(
  context: SourceContext,
  session: SourceSession,
  table: TableSchema,
  mode: 'shared' | 'none',
): Promise<Snapshot> {
  return session.takeSnapshot({
    tables: [table],
    mode,
    holdMs: 0,
    previous: null,
    required: false,
    allowLocks: false,
    lastTry: true,
    runtimeFolder: context.fixture.runtimeFolder,
  });
}

/** Other tests commit on the same server: where a snapshot has to be proven it may take more than one try. */
async function takeShared(
  context: SourceContext,
  coordinator: SourceSession,
  described: TableSchema,
  readers: readonly SourceSession[],
): Promise<Snapshot> {
  for (let tries = 1; ; tries += 1) {
    const snapshot = await take(context, coordinator, described, 'shared');
    for (const reader of readers) await reader.joinSnapshot(snapshot.token);
    expect(await snapshot.confirm()).toBe(true);
    if (snapshot.facts.shared || tries === 5) return snapshot;
    await snapshot.release();
  }
}

export function snapshots(add: SourceCase): void {
  add('all readers of a snapshot see one state, whatever is committed later', async (context) => {
    const { fixture } = context;
    if (!fixture.driver.capabilities.sharedSnapshot) return;
    const { table, described } = await withTable(context, 'snapshot_shared');
    await using coordinator = await fixture.driver.open(fixture.config, 'coordinator');
    await using first = await fixture.driver.open(fixture.config, 'reader');
    await using second = await fixture.driver.open(fixture.config, 'reader');
    const snapshot = await takeShared(context, coordinator, described, [first, second]);
    expect(snapshot.facts.shared).toBe(true);
    await snapshot.check();
    const before = await coordinator.checksum({ table: described, where: null });
    await fixture.insert(table, [['3', 'c']]);
    await fixture.execute(`UPDATE ${fixture.quote('snapshot_shared')} SET v = 'changed' WHERE id = 1`);
    await fixture.execute(`DELETE FROM ${fixture.quote('snapshot_shared')} WHERE id = 2`);
    for (const session of [first, second, coordinator]) {
      const rows = await readRows(session, { table: described });
      expect(byId(rows)).toEqual([
        ['1', 'a'],
        ['2', 'b'],
      ]);
    }
    expect(await coordinator.checksum({ table: described, where: null })).toEqual(before);
    expect(await coordinator.countRows({ table: described, where: null })).toBe(before.rows);
    expect(
      await coordinator.nextBoundary({
        table: described,
        key: ['id'],
        where: null,
        after: null,
        before: null,
        step: 2,
      }),
    ).toBeNull();
    await snapshot.release();
    const next = await take(context, coordinator, described, 'shared');
    await first.joinSnapshot(next.token);
    expect(await next.confirm()).toBe(true);
    expect(byId(await readRows(first, { table: described }))).toEqual([
      ['1', 'changed'],
      ['3', 'c'],
    ]);
    await next.release();
  });

  add('without a snapshot a reader sees what is committed when it starts', async (context) => {
    const { fixture } = context;
    const { table, described } = await withTable(context, 'snapshot_none');
    await using coordinator = await fixture.driver.open(fixture.config, 'coordinator');
    await using reader = await fixture.driver.open(fixture.config, 'reader');
    const snapshot = await take(context, coordinator, described, 'none');
    await reader.joinSnapshot(snapshot.token);
    expect(await snapshot.confirm()).toBe(true);
    expect(snapshot.facts.shared).toBe(false);
    expect((await readRows(reader, { table: described })).length).toBe(2);
    await fixture.insert(table, [['3', 'c']]);
    expect((await readRows(reader, { table: described })).length).toBe(3);
    await snapshot.release();
  });

  add('never calls changed rows unchanged', async (context) => {
    const { fixture } = context;
    const { table, described } = await withTable(context, 'snapshot_moved');
    await using coordinator = await fixture.driver.open(fixture.config, 'coordinator');
    const ranges = [{ range: { kind: 'all' }, key: [], rows: 2 }] as const;
    const changes = [
      () => fixture.execute(`UPDATE ${fixture.quote('snapshot_moved')} SET v = 'changed' WHERE id = 1`),
      () => fixture.insert(table, [['9', 'z']]),
      () => fixture.execute(`DELETE FROM ${fixture.quote('snapshot_moved')} WHERE id = 9`),
    ];
    for (const change of changes) {
      const snapshot = await take(context, coordinator, described, 'shared');
      await snapshot.confirm();
      const rows = await coordinator.checksum({ table: described, where: null });
      await snapshot.release();
      await change();
      const counted = [{ ...ranges[0], rows: Number(rows.rows) }];
      expect(await coordinator.unchangedSince(snapshot.facts, described, counted, null)).not.toBe('unchanged');
    }
  });
}
