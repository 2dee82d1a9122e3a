import type { Token } from './sql-lexer.ts';

/**
 * What each loader's statement may be given, by the vendors' manuals (reference: docs/original-samples.md). Parsers of SQL let options
 * pass that servers refuse, so these lists are closed: an option that is not here fails a test.
 */
export const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  // duckdb.org/docs/data/csv/overview, "Parameters"
  'duckdb read_csv': [
    ...['auto_detect', 'header', 'delim', 'quote', 'escape', 'new_line', 'nullstr', 'allow_quoted_nulls', 'columns'],
    ...['compression', 'max_line_size', 'strict_mode', 'null_padding', 'encoding', 'hive_partitioning'],
    // duckdb.org/docs/stable/data/csv/reading_faulty_csv_files
    ...['store_rejects', 'rejects_table', 'rejects_scan', 'rejects_limit', 'parallel'],
  ],
  // duckdb.org/docs/data/parquet/overview, "Parameters"
  'duckdb read_parquet': ['hive_partitioning', 'union_by_name'],
  // docs.snowflake.com/en/sql-reference/sql/copy-into-table
  'snowflake COPY INTO': ['FILES', 'FILE_FORMAT', 'ON_ERROR', 'FORCE'],
  'snowflake FILE_FORMAT': [
    ...['TYPE', 'COMPRESSION', 'FIELD_DELIMITER', 'RECORD_DELIMITER', 'SKIP_HEADER', 'FIELD_OPTIONALLY_ENCLOSED_BY'],
    ...['ESCAPE', 'ESCAPE_UNENCLOSED_FIELD', 'NULL_IF', 'EMPTY_FIELD_AS_NULL', 'TRIM_SPACE', 'SKIP_BYTE_ORDER_MARK'],
    ...['ENCODING', 'ERROR_ON_COLUMN_COUNT_MISMATCH', 'USE_LOGICAL_TYPE', 'BINARY_AS_TEXT'],
  ],
  // cloud.google.com/bigquery/docs/reference/standard-sql/load-statements
  'bigquery LOAD DATA': [
    ...[
      'format',
      'uris',
      'skip_leading_rows',
      'field_delimiter',
      'quote',
      'allow_quoted_newlines',
      'allow_jagged_rows',
    ],
    ...['null_marker', 'preserve_ascii_control_characters', 'encoding', 'max_bad_records', 'enum_as_string'],
    ...['expiration_timestamp'],
  ],
  // docs.databricks.com/sql/language-manual/functions/read_files
  'databricks read_files': [
    ...['format', 'schema', 'header', 'sep', 'quote', 'escape', 'multiLine', 'lineSep', 'nullValue', 'emptyValue'],
    ...[
      'encoding',
      'mode',
      'enforceSchema',
      'ignoreLeadingWhiteSpace',
      'ignoreTrailingWhiteSpace',
      'maxCharsPerColumn',
    ],
    ...['rescuedDataColumn', 'schemaEvolutionMode', 'schemaHints'],
  ],
  // docs.databricks.com/sql/language-manual/delta-copy-into
  'databricks COPY INTO': ['FILEFORMAT', 'FILES', 'FORMAT_OPTIONS', 'COPY_OPTIONS'],
  'databricks FORMAT_OPTIONS': [
    ...[
      'header',
      'inferSchema',
      'sep',
      'quote',
      'escape',
      'multiLine',
      'lineSep',
      'nullValue',
      'emptyValue',
      'encoding',
    ],
    ...[
      'mode',
      'enforceSchema',
      'ignoreLeadingWhiteSpace',
      'ignoreTrailingWhiteSpace',
      'mergeSchema',
      'maxCharsPerColumn',
    ],
  ],
  'databricks COPY_OPTIONS': ['force', 'mergeSchema'],
  // docs.aws.amazon.com/redshift/latest/dg/r_COPY.html; columnar formats: copy-usage_notes-copy-from-columnar.html
  'redshift COPY CSV': [
    ...['FROM', 'IAM_ROLE', 'MANIFEST', 'FORMAT', 'AS', 'CSV', 'QUOTE', 'DELIMITER', 'GZIP', 'ZSTD', 'IGNOREHEADER'],
    ...['NULL', 'ENCODING', 'UTF8', 'MAXERROR', 'COMPUPDATE', 'OFF', 'STATUPDATE', 'default'],
  ],
  'redshift COPY PARQUET': ['FROM', 'IAM_ROLE', 'MANIFEST', 'FORMAT', 'AS', 'PARQUET', 'STATUPDATE', 'OFF', 'default'],
};

/** The statements that begin with these words, up to their `;`. */
export function statementsFrom(tokens: readonly Token[], ...words: readonly string[]): readonly (readonly Token[])[] {
  const begins = (at: number): boolean =>
    words.every((word, index) => {
      const token = tokens[at + index];
      return token?.kind === 'word' && token.value.toUpperCase() === word;
    });
  return tokens.flatMap((_, at) => {
    if (!begins(at)) return [];
    const end = tokens.findIndex((token, index) => index > at && token.kind === 'symbol' && token.value === ';');
    return [tokens.slice(at, end < 0 ? undefined : end)];
  });
}

/** The tokens between the parentheses after this word. Throws a plain Error when they do not close. */
export function insideOf(tokens: readonly Token[], word: string): readonly Token[] {
  const at = tokens.findIndex((token) => token.kind === 'word' && token.value === word);
  const begin = tokens.findIndex((token, index) => index > at && isSymbol(token, '('));
  if (at < 0) return [];
  let depth = 0;
  for (let index = begin; index < tokens.length; index += 1) {
    if (isSymbol(tokens[index], '(')) depth += 1;
    if (isSymbol(tokens[index], ')')) depth -= 1;
    if (depth === 0) return tokens.slice(begin + 1, index);
  }
  throw new Error(`the parentheses after ${word} do not close`);
}

/** Words or texts before this sign, outside of inner parentheses: the names of options. */
export function namesBefore(tokens: readonly Token[], sign: '=' | '=>'): readonly string[] {
  let depth = 0;
  return tokens.flatMap((token, index) => {
    if (isSymbol(token, '(')) depth += 1;
    if (isSymbol(token, ')')) depth -= 1;
    const isName = token.kind === 'word' || token.kind === 'text';
    const follows = isSymbol(tokens[index + 1], '=') && (sign === '=' || isSymbol(tokens[index + 2], '>'));
    return depth === 0 && isName && follows ? [token.value] : [];
  });
}

function isSymbol(token: Token | undefined, value: string): boolean {
  return token?.kind === 'symbol' && token.value === value;
}
