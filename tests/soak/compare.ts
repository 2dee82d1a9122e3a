import { type ShopConnection, type ShopServer, rowsOf } from './shop-server.ts';
import { SHOP_TABLES, type ShopTable } from './shop-tables.ts';
import type { ShopTarget } from './shop-targets.ts';
import { schemaOf } from './sync-rounds.ts';

/** What a target has that it should not have, and the other way round, in words; empty: it is as the source. */
export async function differences(
  server: ShopServer,
  connection: ShopConnection,
  target: ShopTarget,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const table of SHOP_TABLES) {
    const there = await target.rows(schemaOf(server), table);
    const source = await rowsOf(connection, server, table);
    const history = table.keeps === 'versions' ? await rowsOf(connection, server, historyOf(table)) : source;
    const twice = table.keeps === 'versions' ? there.filter((row, index) => row === there[index - 1]) : [];
    const where = `${server.name}.${table.name} in ${target.name} (${source.length} rows)`;
    found.push(
      ...lines(`${where} lacks`, without(source, there)),
      ...lines(`${where} has beyond the source`, without(there, history)),
      ...lines(`${where} has more than once`, twice),
    );
  }
  return found;
}

function historyOf(table: ShopTable): ShopTable {
  return { ...table, name: `${table.name}_history` };
}

/** As many times as a row is there; both sorted. */
function without(rows: readonly string[], others: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const row of others) counts.set(row, (counts.get(row) ?? 0) + 1);
  return rows.filter((row) => {
    const left = counts.get(row) ?? 0;
    counts.set(row, left - 1);
    return left <= 0;
  });
}

function lines(what: string, rows: readonly string[]): readonly string[] {
  return rows.length === 0 ? [] : [`${what} ${rows.length}: ${rows.slice(0, 5).join(' / ')}`];
}
