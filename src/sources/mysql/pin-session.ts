import type { Connection } from 'mysql2';
import { serverErrorNumber } from './errors.ts';
import { execute, queryRows } from './query-rows.ts';
import { quoteText } from './quote.ts';

/**
 * The settings that decide the bytes a query answers with, or whether it ends early. The server's configuration and `init_connect` can change
 * the defaults of all of them, so every session sets them by itself. Those that a server does not have are skipped.
 */
const PINNED: Readonly<Record<string, string>> = {
  autocommit: '1',
  time_zone: "'+00:00'",
  // A limit of the server's would cut every result without a word.
  sql_select_limit: '18446744073709551615',
  sql_big_selects: '1',
  // With it `key IS NULL` can mean the row that was inserted last.
  sql_auto_is_null: '0',
  group_concat_max_len: '1073741824',
  div_precision_increment: '4',
  lc_time_names: "'en_US'",
  default_week_format: '0',
  // MariaDB: another value would show all queries the rows of another time.
  system_versioning_asof: 'DEFAULT',
  completion_type: "'NO_CHAIN'",
  max_execution_time: '0',
  max_statement_time: '0',
  // A reader that is held back must not be dropped (60 s by default), nor a coordinator that waits for readers.
  net_write_timeout: '3600',
  net_read_timeout: '3600',
  wait_timeout: '604800',
  idle_transaction_timeout: '0',
  idle_readonly_transaction_timeout: '0',
  // Waiting behind an ALTER TABLE ends in SOURCE_LOCKED instead of silence.
  lock_wait_timeout: '30',
};

/** What the server could not convert is told by warnings (read-warnings.ts): MySQL lets few users have more than its 1024. */
const MORE_WARNINGS = 'SET SESSION max_error_count = 65535';
const NOT_ALLOWED = 1227;

/**
 * A range's condition that is pushed into the arms of a UNION is compared there as each arm's own type and collation, and rows lie on both sides
 * of a boundary, or on none. MariaDB and MySQL each have a switch of their own, and know no other's.
 */
const NO_PUSHING = ['condition_pushdown_for_derived=off', 'derived_condition_pushdown=off'];
const UNKNOWN_SWITCH = 1231;

/** Modes that decide what the operators in a person's own `--where` and `--query` mean, and nothing in our statements. */
const KEPT_MODES = 'ONLY_FULL_GROUP_BY PIPES_AS_CONCAT HIGH_NOT_PRECEDENCE NO_UNSIGNED_SUBTRACTION'.split(' ');

/**
 * Text comes as UTF-8 whatever its column's character set. In sql_mode `"` is a text and a backslash escapes (ranges.ts, MYSQL_RULES), CHAR is
 * not padded, and dates that no calendar has can be written as constants.
 */
export async function pinSession(connection: Connection): Promise<void> {
  await execute(connection, 'SET NAMES utf8mb4');
  const names = Object.keys(PINNED).map(quoteText).join(', ');
  const rows = await queryRows(connection, `SHOW SESSION VARIABLES WHERE Variable_name IN (${names})`);
  const settings = rows.map(([name]) => `${name} = ${PINNED[name ?? ''] ?? 'DEFAULT'}`);
  // Where the empty text is NULL (EMPTY_STRING_IS_NULL), one in a CONCAT would empty it all.
  const kept = KEPT_MODES.map((mode) => `IF(FIND_IN_SET('${mode}', @@sql_mode), '${mode}', NULL)`).join(', ');
  await execute(
    connection,
    `SET SESSION sql_mode = CONCAT_WS(',', 'ALLOW_INVALID_DATES', ${kept}), ${settings.join(', ')}`,
  );
  await execute(connection, MORE_WARNINGS).catch((error: unknown) => {
    if (serverErrorNumber(error) !== NOT_ALLOWED) throw error;
  });
  for (const off of NO_PUSHING) {
    await execute(connection, `SET SESSION optimizer_switch = ${quoteText(off)}`).catch((error: unknown) => {
      if (serverErrorNumber(error) !== UNKNOWN_SWITCH) throw error;
    });
  }
  await execute(connection, 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
}
