import type pg from 'pg';
import type { ColumnType } from '../../model/column-type.ts';
import type { Checksum, ChecksumRequest } from '../source.ts';
import { fromClause } from './from-clause.ts';
import { quoteName } from './quote.ts';
import { andWhere } from './ranges.ts';
import { currentPlans } from './read-statement.ts';
import { withSearchPath } from './search-path.ts';

/** The sum of model/row-hash.ts over all selected rows, computed by the server alone. */
export async function checksum(client: pg.Client, request: ChecksumRequest, utf8Database: boolean): Promise<Checksum> {
  const { table, where } = request;
  // Types are named by the search path: a table's were without one, a query's are under its own.
  const before = table.query === undefined ? await currentPlans(client, table) : null;
  return withSearchPath(client, table, where, async () => {
    const plans = before ?? (await currentPlans(client, table));
    const cells = plans.map((plan, index) => cell(`r.c${index}`, plan.type, utf8Database));
    const columns = plans.map(
      (plan, index) => `${plan.select(quoteName(table.columns[index]?.name ?? ''))} AS c${index}`,
    );
    const text = cells.join(' || ');
    const hash = `('x' || pg_catalog.substr(pg_catalog.md5(${utf8Database ? text : utf8(text)}), 1, 16))`;
    const { rows } = await client.query<{ rows: string; sum: string; negative: string }>(
      `SELECT count(*) AS rows, coalesce(sum(h), 0) AS sum, count(*) FILTER (WHERE h < 0) AS negative FROM (` +
        `SELECT ${hash}::pg_catalog.bit(64)::pg_catalog.int8 AS h FROM (` +
        `SELECT ${columns.join(', ')} FROM ${fromClause(table)} WHERE true${andWhere(table, where)}) r) s`,
    );
    const { rows: count = '0', sum = '0', negative = '0' } = rows[0] ?? {};
    // The server added signed numbers: every negative one is 2^64 too small.
    return { rows: BigInt(count), sum: BigInt(sum) + BigInt(negative) * 2n ** 64n };
  });
}

function cell(column: string, type: ColumnType, utf8Database: boolean): string {
  const text = canonicalText(column, type);
  const length = utf8Database ? `pg_catalog.octet_length(${text})` : `pg_catalog.octet_length(${utf8(text)})`;
  return `CASE WHEN ${column} IS NULL THEN '-' ELSE ${length}::pg_catalog.text || ':' || ${text} END`;
}

function utf8(text: string): string {
  return `pg_catalog.convert_to(${text}, 'UTF8')`;
}

/** The value as model/row-hash.ts spells it. Times go by their binary form, which is exact in every version. */
function canonicalText(column: string, type: ColumnType): string {
  switch (type.kind) {
    case 'boolean':
      return `CASE WHEN ${column} THEN 't' ELSE 'f' END`;
    case 'int32':
    case 'int64':
    case 'decimal':
    case 'uuid':
    case 'json':
      return `${column}::pg_catalog.text`;
    case 'string':
      // A cast would strip the padding of char(n); concat takes the value as the server prints it.
      return `pg_catalog.concat(${column})`;
    case 'float32':
      return bits(column, 'float4', 32);
    case 'float64':
      return bits(column, 'float8', 64);
    case 'date':
      return `(${column} - '1970-01-01'::pg_catalog.date)::pg_catalog.text`;
    case 'time':
      return `${micros(column, 'time')}::pg_catalog.text`;
    case 'timestamp':
      return `(${micros(column, type.zoned ? 'timestamptz' : 'timestamp')} + 946684800000000)::pg_catalog.text`;
    case 'binary':
      return `pg_catalog.encode(${column}, 'hex')`;
    default:
      return type satisfies never;
  }
}

function bits(column: string, name: 'float4' | 'float8', width: 32 | 64): string {
  const sent = `('x' || pg_catalog.encode(pg_catalog.${name}send(${column}), 'hex'))`;
  return `CASE WHEN ${column} = 'NaN' THEN 'nan' ELSE ${sent}::pg_catalog.bit(${width})::pg_catalog.text END`;
}

function micros(column: string, name: 'time' | 'timestamp' | 'timestamptz'): string {
  const sent = `('x' || pg_catalog.encode(pg_catalog.${name}_send(${column}), 'hex'))`;
  return `(${sent}::pg_catalog.bit(64)::pg_catalog.int8)`;
}
