import type { RowBatch } from '../../../src/model/row-batch.ts';
import type { TableSchema } from '../../../src/model/table.ts';
import { DEFAULT_POLICIES } from '../../../src/model/value-policies.ts';
import type { ReadRequest, SourceConfig } from '../../../src/sources/source.ts';
import { parseSqlServer } from '../../../src/sources/sqlserver/config.ts';
import { readColumns } from '../../../src/sources/sqlserver/columns.ts';
import { connect } from '../../../src/sources/sqlserver/connect.ts';
import type { SqlServerConnection } from '../../../src/sources/sqlserver/connection.ts';
import { KnownPlans } from '../../../src/sources/sqlserver/known-plans.ts';
import { readRange } from '../../../src/sources/sqlserver/read.ts';
import { selectColumns } from '../../../src/sources/sqlserver/select-columns.ts';
import type { TdsStandIn } from '../../support/tds-stand-in/server.ts';
import { objectId, type StandInTable } from '../../support/tds-stand-in/table-engine.ts';

export interface Reading {
  readonly connection: SqlServerConnection;
  readonly config: SourceConfig;
  readonly plans: KnownPlans;
  request(table: string, more?: Partial<ReadRequest> & { asText?: readonly string[] }): Promise<ReadRequest>;
}

/** A session with the stand-in, and requests over its tables. */
export async function readingOf(standIn: TdsStandIn, tables: readonly StandInTable[], options = ''): Promise<Reading> {
  const config = parseSqlServer({ url: `${standIn.url}${options}`, environment: {} });
  const connection = await connect(config, 'test');
  return {
    connection,
    config,
    plans: new KnownPlans(),
    request: async (name, { asText = [], ...more } = {}) => ({
      table: await schemaOf(connection, name, objectId(tables, name), asText),
      range: { kind: 'all' },
      key: [],
      where: null,
      limit: null,
      policies: DEFAULT_POLICIES,
      batchBounds: () => ({ rows: 1000, bytes: 4 << 20 }),
      signal: new AbortController().signal,
      ...more,
    }),
  };
}

export async function schemaOf(
  connection: SqlServerConnection,
  name: string,
  object: string,
  asText: readonly string[],
): Promise<TableSchema> {
  const table = { schema: 'dbo', name, objectId: object };
  const selection = { include: null, exclude: [], asText, policies: DEFAULT_POLICIES };
  return {
    ...table,
    kind: 'table',
    estimatedRows: null,
    estimatedBytes: null,
    columns: selectColumns(table, await readColumns(connection, table), selection),
    primaryKey: ['id'],
    candidateKeys: [],
    physicalParts: [],
    remarks: [],
  };
}

/** All cells of a read, row by row, each as text (`cellText`). */
export async function readCells(reading: Reading, request: ReadRequest): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = [];
  for await (const batch of readRange(reading, request)) {
    for (let row = 0; row < batch.rowCount; row++) {
      rows.push(request.table.columns.map((_, column) => cellText(request.table, batch, column, row)));
    }
  }
  return rows;
}

/** The cell as plain text: unscaled digits for decimals, µs for times, hex for binary, the bits of a float by their shortest text. */
export function cellText(table: TableSchema, batch: RowBatch, column: number, row: number): string | null {
  const { validity, values, offsets } = batch.columns[column] as RowBatch['columns'][number];
  const { type } = table.columns[column] as TableSchema['columns'][number];
  if (validity !== null && (((validity[row >> 3] as number) >> (row & 7)) & 1) === 0) return null;
  if (offsets !== null) {
    const bytes = Buffer.from(
      values.buffer,
      offsets[row] as number,
      (offsets[row + 1] as number) - (offsets[row] as number),
    );
    return bytes.toString(type.kind === 'binary' ? 'hex' : 'utf8');
  }
  if (type.kind === 'boolean') return String((((values[row >> 3] as number) >> (row & 7)) & 1) === 1);
  if (!(values instanceof Int32Array)) return String(values[row]);
  const words = type.kind === 'decimal' ? 4 : type.kind === 'int32' || type.kind === 'date' ? 1 : 2;
  let number = BigInt(values[row * words + words - 1] as number);
  for (let word = words - 2; word >= 0; word--)
    number = (number << 32n) | BigInt((values[row * words + word] as number) >>> 0);
  return String(number);
}
