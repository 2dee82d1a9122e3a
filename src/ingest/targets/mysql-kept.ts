import type { ColumnType } from '../../model/column-type.ts';
import { needsDeletedColumn } from '../deleted-rows.ts';
import type { LoadColumn, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { commaList, sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { quoteLiteral } from './mysql-quote.ts';

const WHOLE = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint'];
const TEXTS = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext'];
const BYTES = ['varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'];

/**
 * Types (`data_type` of information_schema.columns) that a table which is there may have for a column of the files: the server keeps every
 * value in them, or refuses it, or warns. In others it rounds, cuts or pads without a word (a time of day in a date, digits in a float,
 * zeros behind bytes in a binary, members of a set in their own order).
 */
function keptBy(type: ColumnType): readonly string[] {
  switch (type.kind) {
    case 'boolean':
      return [...WHOLE, 'decimal', 'float', 'double', ...TEXTS];
    case 'int32':
      return [...WHOLE, 'decimal', 'double', ...TEXTS];
    case 'int64':
      return [...WHOLE, 'decimal', ...TEXTS];
    case 'float32':
      return ['float', 'double', 'decimal', ...TEXTS];
    case 'float64':
      return ['double', 'decimal', ...TEXTS];
    case 'decimal':
      return [...(type.scale === 0 ? WHOLE : []), 'decimal', ...(type.precision <= 15 ? ['double'] : []), ...TEXTS];
    case 'date':
      return ['date', 'datetime', 'timestamp', ...TEXTS];
    case 'time':
      return ['time', ...TEXTS];
    case 'timestamp':
      return ['datetime', 'timestamp', ...TEXTS];
    case 'string':
      return [...TEXTS, ...BYTES, 'enum', 'json', 'uuid', 'inet4', 'inet6', 'decimal'];
    case 'json':
      return [...TEXTS, ...BYTES, 'json'];
    case 'uuid':
      return [...TEXTS, ...BYTES, 'uuid'];
    case 'binary':
      return BYTES;
    default:
      return type satisfies never;
  }
}

/** Of a source of the same kind: its values have the width that the column has. */
const SAME = /^(?:binary\(\d+\)|year(?:\(4\))?|set\(.*\))$/s;

/** The columns of the files with what keeps them. A full-refresh makes the table itself. */
export function keptView(load: TableLoad): View {
  const { columns, mode } = load;
  const kept = [...columns.filter(({ ignored }) => !ignored).map(keptColumn), ...markKept(load)];
  return { hasKept: mode !== 'full-refresh', kept };
}

/** The time of a load is put into it, and NULL. */
function markKept(load: TableLoad) {
  if (load.deletedColumn === null || !needsDeletedColumn(load)) return [];
  const nameText = quoteLiteral(load.deletedColumn);
  const same = sql` OR column_name = ${nameText} AND is_nullable = 'NO'`;
  return [{ nameText, same, types: word("'datetime', 'timestamp'") }];
}

function keptColumn({ name, source }: LoadColumn) {
  const native = source.nativeType.toLowerCase();
  const same = SAME.test(native) ? sql` AND column_type <> ${quoteLiteral(source.nativeType)}` : word('');
  return { nameText: quoteLiteral(name), same, types: commaList(keptBy(source.type).map(quoteLiteral)) };
}

/** Of sources whose texts have blanks at the end that say nothing. */
const PADDED = /^(?:n?char|character|bpchar)\b(?! varying)/i;

/**
 * An enum takes a text of another case, or with a blank at its end, for its member, and a char gives blanks at the end back never: found in the
 * staged texts, byte for byte.
 */
export function enumView(load: TableLoad, valueOf: (column: LoadColumn, cell: Quoted) => Quoted): View {
  const texts = load.columns.flatMap((column, index) => {
    const { name, ignored, source } = column;
    if (ignored || source.type.kind !== 'string' || load.mode === 'full-refresh') return [];
    const padded = PADDED.test(source.nativeType);
    return [{ padded, nameText: quoteLiteral(name), value: valueOf(column, sql`s.${word(`c${index + 1}`)}`) }];
  });
  return { enums: texts };
}
