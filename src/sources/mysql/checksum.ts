import { createHash } from 'node:crypto';
import type { Connection } from 'mysql2';
import { SqlextractError } from '../../model/problem.ts';
import { type ColumnSchema, displayName, type TableSchema } from '../../model/table.ts';
import type { ValuePolicies } from '../../model/value-policies.ts';
import type { Checksum, ChecksumRequest } from '../source.ts';
import { eachCell } from './each-cell.ts';
import { serverErrorNumber } from './errors.ts';
import { floatLayers, hashedCell } from './hashed-cell.ts';
import { queryRow } from './query-rows.ts';
import { quoteName } from './quote.ts';
import { andWhere, relation } from './ranges.ts';
import { currentPlans } from './read-statement.ts';
import type { ColumnPlan } from './types.ts';

/** The sum of model/row-hash.ts over all selected rows, computed by the server, where it has MD5. Throws SOURCE_CHANGED, CHECKSUM_IMPOSSIBLE. */
export async function checksum(connection: Connection, request: ChecksumRequest): Promise<Checksum> {
  const texts = await rowTexts(connection, request);
  try {
    return await hashedByServer(connection, texts);
  } catch (error) {
    if (serverErrorNumber(error) !== NO_FUNCTION) throw error;
    return hashedHere(connection, texts);
  }
}

/** The same, but the server only writes the texts of the rows. */
export async function checksumHere(connection: Connection, request: ChecksumRequest): Promise<Checksum> {
  return hashedHere(connection, await rowTexts(connection, request));
}

/** ER_SP_DOES_NOT_EXIST. MySQL has MD5 from 9.6 on only by a component that has to be installed. */
const NO_FUNCTION = 1305;

/** The text of a row as an expression over a FROM clause. */
interface RowTexts {
  readonly table: TableSchema;
  readonly text: string;
  readonly from: string;
}

async function rowTexts(connection: Connection, { table, where }: ChecksumRequest): Promise<RowTexts> {
  const plans = await plansOf(connection, table);
  for (const [index, plan] of plans.entries()) refuse(table, table.columns[index] as ColumnSchema, plan);
  const cells = plans.map((plan, index) => hashedCell(`c${index}`, plan));
  const selected = plans.map(
    (plan, index) => `${plan.select(quoteName(table.columns[index]?.name ?? ''))} AS c${index}`,
  );
  const rows = `SELECT ${selected.join(', ')} FROM ${relation(table, [])} WHERE TRUE${andWhere(table, where)}`;
  return { table, text: `CONCAT(${cells.join(', ')})`, from: floatLayers(plans, rows) };
}

async function hashedByServer(connection: Connection, { table, text, from }: RowTexts): Promise<Checksum> {
  const hash = `CAST(CONV(LEFT(MD5(${text}), 16), 16, 10) AS DECIMAL(20,0))`;
  const [count, sum, missing] = await queryRow(
    connection,
    `SELECT COUNT(*), COALESCE(SUM(h), 0), COALESCE(SUM(h IS NULL), 0) FROM (SELECT ${hash} AS h FROM ${from}) AS s`,
  );
  if (missing !== '0') throw tooLong(table);
  return { rows: BigInt(count ?? 0), sum: BigInt(sum ?? 0) };
}

async function hashedHere(connection: Connection, { table, text, from }: RowTexts): Promise<Checksum> {
  let rows = 0n;
  let sum = 0n;
  await eachCell(connection, `SELECT ${text} FROM ${from}`, (cell) => {
    if (cell === null) throw tooLong(table);
    rows += 1n;
    sum += createHash('md5').update(cell).digest().readBigUInt64BE(0);
  });
  return { rows, sum };
}

/** The policies that the columns were planned with are not told; they show in the planned types and notes. */
const POLICIES: readonly ValuePolicies[] = [
  { zeroDates: 'fail', tinyint1: 'integer' },
  { zeroDates: 'text', tinyint1: 'integer' },
  { zeroDates: 'fail', tinyint1: 'boolean' },
  { zeroDates: 'text', tinyint1: 'boolean' },
];

async function plansOf(connection: Connection, table: TableSchema): Promise<readonly ColumnPlan[]> {
  let failure: unknown;
  for (const policies of POLICIES) {
    try {
      return await currentPlans(connection, table, policies);
    } catch (error) {
      if (!(error instanceof SqlextractError) || error.problem.code !== 'SOURCE_CHANGED') throw error;
      failure ??= error;
    }
  }
  throw failure;
}

function refuse(table: TableSchema, column: ColumnSchema, plan: ColumnPlan): void {
  if (plan.decoder !== 'float32-text') return;
  throw new SqlextractError({
    code: 'CHECKSUM_IMPOSSIBLE',
    message: `column ${column.name} of ${displayName(table)} is a FLOAT written as text, whose digits the server cannot give`,
    hint: 'leave --as-text away for it: a FLOAT is written exactly as float32',
    fault: 'usage',
  });
}

/** A text above max_allowed_packet becomes NULL, with a warning only. */
function tooLong(table: TableSchema): SqlextractError {
  return new SqlextractError({
    code: 'CHECKSUM_IMPOSSIBLE',
    message: `a row of ${displayName(table)} is longer than the server lets a text be (max_allowed_packet), so it has no hash`,
    hint: 'raise max_allowed_packet of the server, or verify without the comparison with the source',
    fault: 'source',
  });
}
