import type { Connection } from 'mysql2';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableSchema } from '../../model/table.ts';
import { queryRows } from './query-rows.ts';
import type { ColumnPlan } from './types.ts';

/** A result longer than max_allowed_packet, which the server makes NULL. */
const TOO_LONG = ['1301'];
/** Characters that could not be converted; 1977 is MariaDB's, 3854 MySQL's. */
const NOT_CONVERTED = ['1300', '1977', '3854'];
/** The last name in such a warning, or that of 1300's text; a person's where text may convert to something else. */
const TO_UTF8 = /'?utf8mb4'?[^'\w]*$|^Invalid utf8mb4 /;

/**
 * Looks at the warnings of the answer that has just ended, as the next statement, for those that mean another value in the result than in the
 * table. Throws VALUE_DOES_NOT_FIT.
 */
export async function refuseLossyWarnings(
  connection: Connection,
  table: TableSchema,
  plans: readonly ColumnPlan[],
): Promise<void> {
  const converted = plans.some((plan) => plan.converted === true);
  const warnings = await queryRows(connection, 'SHOW WARNINGS');
  const worst = warnings.find(([, code, text]) => {
    if (TOO_LONG.includes(code ?? '')) return true;
    return converted && NOT_CONVERTED.includes(code ?? '') && TO_UTF8.test(text ?? '');
  });
  if (worst === undefined) return;
  throw new SqlextractError({
    code: 'VALUE_DOES_NOT_FIT',
    message: `${displayName(table)}: the server changed a value on the way: ${(worst[2] ?? '').slice(0, 200)}`,
    hint: 'leave the column out with --exclude-columns, or read its bytes with --query and CAST(… AS BINARY)',
    fault: 'data',
  });
}
