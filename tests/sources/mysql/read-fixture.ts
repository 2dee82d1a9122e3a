import type { Connection } from 'mysql2';
import type { ColumnType } from '../../../src/model/column-type.ts';
import type { ColumnVector, RowBatch } from '../../../src/model/row-batch.ts';
import type { TableSchema } from '../../../src/model/table.ts';
import { DEFAULT_POLICIES, type ValuePolicies } from '../../../src/model/value-policies.ts';
import { readColumns } from '../../../src/sources/mysql/columns.ts';
import { parseMysql } from '../../../src/sources/mysql/config.ts';
import { connect } from '../../../src/sources/mysql/connect.ts';
import { endConnection } from '../../../src/sources/mysql/open-connection.ts';
import { readRange } from '../../../src/sources/mysql/read.ts';
import { planColumn } from '../../../src/sources/mysql/types.ts';
import type { ReadRequest, SourceConfig } from '../../../src/sources/source.ts';
import { type FreshMariadb, freshMariadb } from '../../support/mariadb-server.ts';

/** A database of its own, and a pinned session in it as a worker has it. */
export interface ReadFixture extends AsyncDisposable {
  readonly database: FreshMariadb;
  readonly config: SourceConfig;
  readonly connection: Connection;
  execute(sql: string, values?: readonly unknown[]): Promise<void>;
  /** The rows as text, in arrays. */
  query(sql: string): Promise<readonly (readonly (string | null)[])[]>;
}

export async function readFixture(label: string, options = ''): Promise<ReadFixture> {
  const database = await freshMariadb(label);
  const config = configFor(database.url, options);
  const connection = await connect(config, 'sqlextract test');
  return {
    database,
    config,
    connection,
    execute: async (sql, values) => void (await database.client.query(sql, values as unknown[])),
    query: async (sql) => {
      const typeCast = (field: { string(encoding: string): string | null }) => field.string('utf8');
      const [rows] = await database.client.query({ sql, rowsAsArray: true, typeCast } as never);
      return rows as unknown as (string | null)[][];
    },
    async [Symbol.asyncDispose]() {
      await endConnection(connection);
      await database[Symbol.asyncDispose]();
    },
  };
}

export function configFor(url: string, options = ''): SourceConfig {
  const whole = new URL(url);
  whole.search = options;
  return parseMysql({ url: whole.href, environment: {} });
}

export interface Ways {
  readonly policies?: ValuePolicies;
  readonly asText?: boolean;
  readonly primaryKey?: readonly string[];
}

/** The schema of a table as `describe` would have it, without keys. */
export function schemaOf(fixture: ReadFixture, name: string, ways: Ways = {}): Promise<TableSchema> {
  return schemaOn(fixture.connection, fixture.database.name, name, ways);
}

export async function schemaOn(
  connection: Connection,
  schema: string,
  name: string,
  ways: Ways = {},
): Promise<TableSchema> {
  const table = { schema, name };
  const columns = (await readColumns(connection, table)).map((column) => {
    const plan = planColumn(column.native, ways.asText === true, ways.policies ?? DEFAULT_POLICIES);
    const own = { name: column.name, nativeType: column.native.display, type: plan.type, nullable: !column.notNull };
    return plan.note === undefined ? own : { ...own, note: plan.note };
  });
  return {
    ...table,
    kind: 'table',
    estimatedRows: null,
    estimatedBytes: null,
    objectId: 'test',
    columns,
    primaryKey: ways.primaryKey ?? [],
    candidateKeys: [],
    physicalParts: [],
    remarks: [],
  };
}

export function requestFor(table: TableSchema, changes: Partial<ReadRequest> = {}): ReadRequest {
  return {
    table,
    range: { kind: 'all' },
    key: [],
    where: null,
    limit: null,
    policies: DEFAULT_POLICIES,
    batchBounds: () => ({ rows: 1000, bytes: 8 * 1024 * 1024 }),
    signal: new AbortController().signal,
    ...changes,
  };
}

/** All rows of a request, every cell as `cellValue` gives it. */
export async function readAll(fixture: ReadFixture, request: ReadRequest): Promise<Cell[][]> {
  const rows: Cell[][] = [];
  for await (const batch of readRange(fixture, request)) rows.push(...rowsOf(batch, request.table));
  return rows;
}

/** What a cell is compared as: floats as numbers, bytes as lower-case hex, all else as text the way the server writes it. */
export type Cell = string | number | null;

export function rowsOf(batch: RowBatch, table: TableSchema): Cell[][] {
  return Array.from({ length: batch.rowCount }, (_, row) =>
    batch.columns.map((vector, column) => cellValue(vector, table.columns[column]?.type as ColumnType, row)),
  );
}

function cellValue(vector: ColumnVector, type: ColumnType, row: number): Cell {
  const { validity, values, offsets } = vector;
  if (validity !== null && (((validity[row >> 3] as number) >> (row & 7)) & 1) === 0) return null;
  if (offsets !== null) {
    const bytes = Buffer.from(values.slice(offsets[row], offsets[row + 1]) as Uint8Array<ArrayBuffer>);
    return bytes.toString(type.kind === 'binary' ? 'hex' : 'utf8');
  }
  if (type.kind === 'boolean') return ((values[row >> 3] as number) >> (row & 7)) & 1;
  if (type.kind === 'float32' || type.kind === 'float64') return values[row] as number;
  const words = type.kind === 'decimal' ? 4 : type.kind === 'int32' || type.kind === 'date' ? 1 : 2;
  const number = joinWords(values as Int32Array, row * words, words);
  if (type.kind === 'date') return new Date(Number(number) * 86_400_000).toISOString().slice(0, 10);
  if (type.kind === 'timestamp') return momentText(number);
  return type.kind === 'decimal' ? withPoint(number, type.scale) : String(number);
}

function joinWords(values: Int32Array, at: number, words: number): bigint {
  let number = BigInt(values[at + words - 1] as number);
  for (let word = words - 2; word >= 0; word--) number = (number << 32n) | BigInt((values[at + word] as number) >>> 0);
  return number;
}

function momentText(micros: bigint): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = new Date(Number((micros - fraction) / 1000n)).toISOString();
  return `${seconds.slice(0, 10)} ${seconds.slice(11, 19)}.${String(fraction).padStart(6, '0')}`;
}

function withPoint(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return unscaled < 0n ? `-${text}` : text;
}
