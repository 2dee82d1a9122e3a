import type pg from 'pg';
import type { CursorColumn } from '../../model/cursor.ts';
import type { TableSchema } from '../../model/table.ts';
import type { NativeType } from './types.ts';

/** A value that no value of the type is smaller than: as an exclusive bound it selects nothing. */
const NOTHING_BELOW: Readonly<Record<string, string>> = {
  int2: '-32768',
  int4: '-2147483648',
  int8: '-9223372036854775808',
  uuid: '00000000-0000-0000-0000-000000000000',
  bytea: '\\x',
  xid8: '0',
  pg_lsn: '0/0',
};

/** The bound of a window over a table without any value. Of texts nothing is smaller than the empty one, in every collation. */
export function smallestBound(type: NativeType): string {
  return type.name === 'numeric' ? smallestNumeric(type) : (NOTHING_BELOW[type.name] ?? '');
}

/** −10^p is one less than the smallest of numeric(p,s); without a precision there are at most 131072 digits before the point. */
function smallestNumeric({ typmod }: NativeType): string {
  const precision = typmod < 4 ? 131_071 : ((typmod - 4) >> 16) & 0xffff;
  return typmod < 4 ? `-1e${precision}` : `-1${'0'.repeat(precision + negativeScale(typmod))}`;
}

/** numeric(3,-2) holds up to 99900. */
function negativeScale(typmod: number): number {
  return Math.max(0, -((((typmod - 4) & 0x7ff) ^ 1024) - 1024));
}

/** Sequences that give a session several numbers at once: it may use the smaller ones long after. */
export async function sequenceBlocks(
  client: pg.Client,
  table: TableSchema,
  column: CursorColumn,
): Promise<readonly string[]> {
  if (table.query !== undefined) return [];
  const { rows } = await client.query<{ sequence: string; block: string }>({
    text: `
      SELECT DISTINCT s.seqrelid::pg_catalog.regclass::pg_catalog.text AS sequence, s.seqcache AS block
      FROM pg_catalog.pg_attribute a
      LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
      JOIN pg_catalog.pg_depend d ON (d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = f.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass)
        OR (d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum)
      JOIN pg_catalog.pg_sequence s ON s.seqrelid IN (d.objid, d.refobjid)
      WHERE a.attrelid = $1::pg_catalog.oid AND a.attname = $2 AND s.seqcache > 1`,
    values: [table.objectId, column.name],
  });
  return rows.map(
    ({ sequence, block }) =>
      `sequence ${sequence} gives each session ${block} numbers at once (CACHE): a session that uses them later writes rows below the bound, which are missed (ALTER SEQUENCE … CACHE 1)`,
  );
}
