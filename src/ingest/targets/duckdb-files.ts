import type { TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { commaList, sql, word } from '../quoted.ts';
import type { ScriptPlace } from '../target.ts';
import { quoteIdentifier, quoteLiteral } from './duckdb-quote.ts';

export interface RelationOrder {
  /** How scripts name files; left out: as they lie here. */
  readonly place?: ScriptPlace;
  /** Lines of CSV that are no rows go to the session's table `_sqlextract_errors`, instead of stopping the statement. */
  readonly keepsErrors: boolean;
}

/** The files as one table with the columns c1, c2, …. */
export function duckdbRelation(load: TableLoad, { place, keepsErrors }: RelationOrder): Quoted {
  const paths = load.files.map((file) => pathLiteral(place === undefined ? file.path : place.pathOf(file)));
  const list = sql`[${commaList(paths)}]`;
  if (load.files.length === 0) {
    const nothing = load.columns.map((_, index) => sql`NULL AS ${word(`c${index + 1}`)}`);
    return sql`(SELECT ${commaList(nothing)} WHERE false)`;
  }
  if (load.format.name === 'parquet') {
    const columns = load.columns.map(
      ({ source }, index) => sql`${quoteIdentifier(source.name)} AS ${word(`c${index + 1}`)}`,
    );
    return sql`(SELECT ${commaList(columns)} FROM read_parquet(${list}, hive_partitioning = false, union_by_name = false))`;
  }
  return sql`read_csv(${list}, ${csvOptions(load, keepsErrors)})`;
}

/** duckdb.org/docs/stable/data/csv/reading_faulty_csv_files. By one thread: where a row begins is then never guessed. */
const ERRORS_KEPT: readonly Quoted[] = [
  word('store_rejects = true'),
  word("rejects_table = '_sqlextract_errors'"),
  word("rejects_scan = '_sqlextract_scans'"),
  word('rejects_limit = 0'),
  word('parallel = false'),
];

/** The usual size of max_line_size, which also says how large the reader's buffers are. */
const LINE_BYTES = 2_000_000;

function csvOptions({ format, columns, files }: TableLoad, keepsErrors: boolean): Quoted {
  const widest = Math.max(LINE_BYTES, ...files.map(({ widestRow = 0 }) => widestRow));
  const names = columns.map((_, index) => word(`'c${index + 1}': 'VARCHAR'`));
  const options = [
    word('auto_detect = false'),
    word('header = true'),
    word("delim = ','"),
    word(`quote = '"'`),
    word(`escape = '"'`),
    word("new_line = '\\n'"),
    sql`nullstr = ${quoteLiteral(format.nullMarker ?? '')}`,
    word('allow_quoted_nulls = false'),
    sql`columns = {${commaList(names)}}`,
    word(`compression = '${format.compression}'`),
    word(`max_line_size = ${Math.min(widest, 2_000_000_000)}`),
    word('strict_mode = true'),
    word('null_padding = false'),
    word("encoding = 'utf-8'"),
    word('hive_partitioning = false'),
    ...(keepsErrors ? ERRORS_KEPT : []),
  ];
  return commaList(options);
}

/** A path as DuckDB's readers take it: they would take `*`, `?` and `[` for patterns. */
function pathLiteral(path: string): Quoted {
  return quoteLiteral(path.replaceAll(/[[*?]/g, (character) => `[${character}]`));
}
