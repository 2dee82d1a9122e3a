import { createHash } from 'node:crypto';
import type { CandidateKey, TableName, TableSchema } from '../../src/model/table.ts';
import type { ColumnSchema } from '../../src/model/table.ts';
import type { KeyRange, KeyTuple } from '../../src/model/key-range.ts';
import type { ColumnVector, RowBatch } from '../../src/model/row-batch.ts';
import { DEFAULT_POLICIES, type ValuePolicies } from '../../src/model/value-policies.ts';
import type { ColumnSelection, ReadRequest, SourceSession } from '../../src/sources/source.ts';

/** `TINYINT(1)` is MySQL's BOOLEAN: the fixture's boolean columns are to be booleans there too. */
const POLICIES: ValuePolicies = { ...DEFAULT_POLICIES, tinyint1: 'boolean' };

export const ALL_COLUMNS: ColumnSelection = { include: null, exclude: [], asText: [], policies: POLICIES };

/** A cell as text: digits, decimals with their scale, doubles as JavaScript writes them, blobs in hex; dates and times as their integers. */
export type CellText = string | null;

export function describeAll(session: SourceSession, table: TableName): Promise<TableSchema> {
  return session.describe(table, ALL_COLUMNS);
}

export function keyOver(table: TableSchema, columns: readonly string[]): CandidateKey {
  const found = table.candidateKeys.find(
    (key) => key.refused === null && key.columns.join('\0') === columns.join('\0'),
  );
  if (found === undefined) throw new Error(`${table.name} offers no key over ${columns.join(', ')}`);
  return found;
}

export interface Reading extends Partial<Omit<ReadRequest, 'table'>> {
  readonly table: TableSchema;
}

export function readRequest(reading: Reading): ReadRequest {
  return {
    range: { kind: 'all' },
    key: [],
    where: null,
    limit: null,
    policies: POLICIES,
    batchBounds: () => ({ rows: 1000, bytes: 1 << 20 }),
    signal: new AbortController().signal,
    ...reading,
  };
}

export async function readRows(session: SourceSession, reading: Reading): Promise<readonly (readonly CellText[])[]> {
  const rows: CellText[][] = [];
  for await (const batch of session.readRange(readRequest(reading))) rows.push(...rowsOf(batch, reading.table.columns));
  return rows;
}

/** Every range of a plan whose boundaries are `step` rows apart. */
export async function planRanges(
  session: SourceSession,
  table: TableSchema,
  key: CandidateKey,
  step: number | (() => number),
  where: string | null = null,
): Promise<readonly KeyRange[]> {
  const ranges: KeyRange[] = [];
  let from: KeyTuple | null = null;
  for (;;) {
    const size = typeof step === 'number' ? step : step();
    const to: KeyTuple | null = await session.nextBoundary({
      table,
      key: key.columns,
      where,
      after: from,
      before: null,
      step: size,
    });
    ranges.push({ kind: 'between', from, to });
    if (to === null) break;
    from = to;
    if (ranges.length > 10_000) throw new Error('the walk does not end');
  }
  return key.nullable ? [...ranges, { kind: 'null' }] : ranges;
}

export async function readPlan(
  session: SourceSession,
  table: TableSchema,
  key: CandidateKey,
  ranges: readonly KeyRange[],
  where: string | null = null,
): Promise<readonly (readonly CellText[])[]> {
  const rows: (readonly CellText[])[] = [];
  for (const range of ranges) rows.push(...(await readRows(session, { table, range, key: key.columns, where })));
  return rows;
}

export function rowsOf(batch: RowBatch, columns: readonly ColumnSchema[]): CellText[][] {
  return Array.from({ length: batch.rowCount }, (_, row) =>
    columns.map((column, index) => cellText(column, batch.columns[index] as ColumnVector, row)),
  );
}

function cellText(column: ColumnSchema, vector: ColumnVector, row: number): CellText {
  if (vector.validity !== null && (((vector.validity[row >> 3] as number) >> (row & 7)) & 1) === 0) return null;
  const { values, offsets } = vector;
  switch (column.type.kind) {
    case 'boolean':
      return (((values[row >> 3] as number) >> (row & 7)) & 1) === 1 ? 'true' : 'false';
    case 'int32':
    case 'date':
      return String(words(values as Int32Array, row, 1));
    case 'int64':
    case 'time':
    case 'timestamp':
      return String(words(values as Int32Array, row, 2));
    case 'decimal':
      return decimalText(words(values as Int32Array, row, 4), column.type.scale);
    case 'float32':
    case 'float64':
      return Object.is(values[row], -0) ? '-0' : String(values[row]);
    default: {
      const bytes = (values as Uint8Array).subarray(offsets?.[row] ?? 0, offsets?.[row + 1] ?? 0);
      return column.type.kind === 'binary'
        ? Buffer.from(bytes).toString('hex')
        : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    }
  }
}

function words(values: Int32Array, row: number, count: number): bigint {
  let value = 0n;
  for (let word = 0; word < count; word++) {
    value |= BigInt.asUintN(32, BigInt(values[row * count + word] as number)) << BigInt(32 * word);
  }
  return BigInt.asIntN(32 * count, value);
}

function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** The sum of model/row-hash.ts over rows whose cells are already in its text form. */
export function hashSum(rows: readonly (readonly (string | null)[])[]): bigint {
  let sum = 0n;
  for (const row of rows) {
    const text = row.map((cell) => (cell === null ? '-' : `${Buffer.byteLength(cell)}:${cell}`)).join('');
    sum += BigInt(`0x${createHash('md5').update(text).digest('hex').slice(0, 16)}`);
  }
  return sum;
}
