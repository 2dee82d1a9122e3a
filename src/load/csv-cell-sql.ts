import type { ColumnType } from '../model/column-type.ts';

/**
 * DuckDB's SQL for cells of our CSV dialect (formats/csv-dialect.ts): a text that is, but for quotes, what our own writer puts there for the same
 * value. The types are those that DuckDB sees in our Parquet files.
 */
export function csvCellSql(type: ColumnType, value: string): string {
  switch (type.kind) {
    case 'boolean':
    case 'int32':
    case 'int64':
    case 'string':
    case 'json':
    case 'uuid':
      return value;
    case 'binary':
      return `lower(hex(${value}))`;
    case 'decimal':
      return decimalText(value, type.precision === type.scale);
    case 'float32':
      return doubleText(shortestFloat(value));
    case 'float64':
      return doubleText(value);
    case 'date':
      return dateText(value);
    case 'time':
      return clockText(`CAST(${value} AS VARCHAR)`);
    case 'timestamp':
      return timestampText(value, type.zoned);
    default:
      return type satisfies never;
  }
}

/** Cells of these kinds are always quoted, all others never. */
export function isQuotedCell({ kind }: ColumnType): boolean {
  return kind === 'string' || kind === 'json' || kind === 'uuid' || kind === 'binary';
}

/** DuckDB leaves the zero before the point out when the type has no digit there. */
function decimalText(value: string, withoutWhole: boolean): string {
  const text = `CAST(${value} AS VARCHAR)`;
  if (!withoutWhole) return text;
  return `CASE WHEN ${value} < 0 THEN replace(${text}, '-', '-0') ELSE '0' || ${text} END`;
}

/**
 * The double whose digits are the fewest that read as the same 32-bit float. DuckDB writes floats of more than seven digits before the
 * point with digits that say nothing; nine significant ones always suffice (IEEE 754).
 */
function shortestFloat(value: string): string {
  const text = `CAST(${value} AS VARCHAR)`;
  // A hair away from zero, so that what lies between two goes up as in JavaScript (Number.prototype.toPrecision: "the larger").
  const nudged = `CAST(${value} AS DOUBLE) * 1.0000000000000002e0`;
  const digits = (count: number): string => `CAST(format('{:.${count}g}', ${nudged}) AS DOUBLE)`;
  const tried = [1, 2, 3, 4, 5, 6, 7, 8].map(
    (count) => `WHEN TRY_CAST(${digits(count)} AS FLOAT) = ${value} THEN ${digits(count)}`,
  );
  return `CASE WHEN strlen(${text}) < 8 OR NOT isfinite(${value}) THEN CAST(${text} AS DOUBLE) ${tried.join(' ')} ELSE ${digits(9)} END`;
}

/**
 * DuckDB writes the fewest digits too, but `1.0` and `1e+16` where JavaScript writes `1` and `10000000000000000`
 * (ECMA-262, Number::toString: an exponent from 1e21 and below 1e-6, without leading zeros).
 */
function doubleText(value: string): string {
  const text = `CAST(${value} AS VARCHAR)`;
  const sign = `CASE WHEN starts_with(${text}, '-') THEN '-' ELSE '' END`;
  const mantissa = `regexp_extract(${text}, '^-?([0-9.]+)e', 1)`;
  const digits = `replace(${mantissa}, '.', '')`;
  const exponent = `CAST(regexp_extract(${text}, 'e(.*)$', 1) AS INTEGER)`;
  const exponential = `CASE
    WHEN ${exponent} BETWEEN 0 AND 20 AND strlen(${digits}) <= ${exponent} + 1 THEN ${sign} || rpad(${digits}, ${exponent} + 1, '0')
    WHEN ${exponent} BETWEEN 0 AND 20 THEN ${sign} || left(${digits}, ${exponent} + 1) || '.' || substr(${digits}, ${exponent} + 2)
    WHEN ${exponent} BETWEEN -6 AND -1 THEN ${sign} || '0.' || repeat('0', -${exponent} - 1) || ${digits}
    ELSE ${sign} || ${mantissa} || CASE WHEN ${exponent} > 0 THEN 'e+' ELSE 'e' END || ${exponent} END`;
  return `CASE WHEN isnan(${value}) THEN 'NaN'
    WHEN isinf(${value}) THEN CASE WHEN ${value} > 0 THEN 'Infinity' ELSE '-Infinity' END
    WHEN contains(${text}, 'e') THEN ${exponential}
    WHEN ends_with(${text}, '.0') THEN left(${text}, -2)
    ELSE ${text} END`;
}

/** Years before 0001, which DuckDB writes as `(BC)`, as ISO 8601 counts them: 0000 is 1 BC. */
function dateText(value: string): string {
  const years = `CAST(abs(year(${value})) AS VARCHAR)`;
  const two = (part: string): string => `'-' || lpad(CAST(${part}(${value}) AS VARCHAR), 2, '0')`;
  const early = `CASE WHEN year(${value}) < 0 THEN '-' ELSE '' END || lpad(${years}, CAST(greatest(4, strlen(${years})) AS INTEGER), '0') || ${two('month')} || ${two('day')}`;
  return `CASE WHEN ${value} >= DATE '0001-01-01' THEN CAST(${value} AS VARCHAR) ELSE ${early} END`;
}

/** DuckDB writes as many digits of a second as there are; we write none or six. */
function clockText(text: string): string {
  return `CASE WHEN strlen(${text}) = 8 THEN ${text} ELSE rpad(${text}, 15, '0') END`;
}

function timestampText(value: string, zoned: boolean): string {
  // An instant is shown in the session's zone, by an extension; its microseconds are UTC.
  const plain = zoned ? `make_timestamp(epoch_us(${value}))` : value;
  const text = `CAST(${plain} AS VARCHAR)`;
  const usual = `left(${text}, 10) || 'T' || ${clockText(`substr(${text}, 12)`)}`;
  const other = `${dateText(`CAST(${plain} AS DATE)`)} || 'T' || ${clockText(`CAST(CAST(${plain} AS TIME) AS VARCHAR)`)}`;
  const within = `${plain} >= TIMESTAMP '0001-01-01' AND ${plain} < TIMESTAMP '10000-01-01'`;
  const both = `CASE WHEN ${within} THEN ${usual} ELSE ${other} END`;
  return zoned ? `(${both}) || '+00:00'` : both;
}

export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A path as DuckDB's readers take it: they would take `*`, `?` and `[` for patterns. */
export function sqlPath(path: string): string {
  return sqlText(path.replaceAll(/[[*?]/g, (character) => `[${character}]`));
}
