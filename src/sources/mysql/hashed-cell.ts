import type { ColumnPlan } from './types.ts';

/** One cell as model/row-hash.ts joins it; `column` is the name of a column of `floatLayers`. */
export function hashedCell(column: string, plan: ColumnPlan): string {
  const text = canonicalText(column, plan);
  const absent =
    plan.type.kind === 'date' || plan.type.kind === 'timestamp'
      ? `NOT COALESCE(${isDate(column)}, FALSE)`
      : `${column} IS NULL`;
  // Written out where it is known: a text of bits takes long to make.
  const known = { float32: '32', float64: '64' } as Readonly<Record<string, string>>;
  return `IF(${absent}, '-', CONCAT(${known[plan.type.kind] ?? `OCTET_LENGTH(${text})`}, ':', ${text}))`;
}

/** The value as model/row-hash.ts spells it. */
function canonicalText(column: string, plan: ColumnPlan): string {
  const { type, decoder } = plan;
  switch (type.kind) {
    case 'boolean':
      return `CASE ${column} WHEN 0 THEN 'f' WHEN 1 THEN 't' ELSE 'no boolean' END`;
    case 'int32':
    case 'int64':
      return `CAST(${column} + 0 AS CHAR)`;
    case 'decimal':
      // A ZEROFILL column shows zeros before its digits.
      return `CAST(CAST(${column} AS DECIMAL(${type.precision},${type.scale})) AS CHAR)`;
    case 'float32':
      return floatBits(column, FLOAT32);
    case 'float64':
      return floatBits(column, FLOAT64);
    case 'date':
      return `CAST(${days(column)} AS CHAR)`;
    case 'timestamp':
      return `CAST(${days(column)} * 86400000000 + ${micros(column)} AS CHAR)`;
    case 'uuid':
      return `LOWER(CAST(${column} AS CHAR))`;
    case 'binary':
      return `LOWER(HEX(${column}))`;
    case 'time':
    case 'string':
    case 'json':
      return decodedText(column, decoder, plan.bits ?? 1);
    default:
      return type satisfies never;
  }
}

function decodedText(column: string, decoder: ColumnPlan['decoder'], bits: number): string {
  if (decoder === 'bits') return `LPAD(BIN(CAST(${column} AS UNSIGNED)), ${bits}, '0')`;
  if (decoder === 'hex') return `CONCAT('0x', LOWER(HEX(${column})))`;
  return `CONVERT(${column} USING utf8mb4)`;
}

/** A day of the years 1 to 9999: what no calendar has comes back from the count of its days as another day, or not at all. */
function isDate(column: string): string {
  return `(YEAR(${column}) >= 1 AND CAST(FROM_DAYS(TO_DAYS(${column})) AS CHAR) = LEFT(CAST(${column} AS CHAR), 10))`;
}

function days(column: string): string {
  return `(TO_DAYS(${column}) - 719528)`;
}

function micros(column: string): string {
  const seconds = `(HOUR(${column}) * 3600 + MINUTE(${column}) * 60 + SECOND(${column}))`;
  return `(${seconds} * 1000000 + MICROSECOND(${column}))`;
}

interface FloatFormat {
  /** Binary digits behind the point. */
  readonly digits: number;
  /** Below, numbers have no leading one any more. */
  readonly least: number;
  readonly bias: number;
}

const FLOAT32: FloatFormat = { digits: 23, least: -126, bias: 127 };
const FLOAT64: FloatFormat = { digits: 52, least: -1022, bias: 1023 };

/**
 * The bits of the IEEE value but for the sign's, by arithmetic that is exact: a power of two divides without rounding. `guess` (a column of
 * `floatLayers`) is the binary exponent or one less, so that the quotient lies from 1 up to 4, and a leading one counts as the lowest bit of
 * the exponent; below the least exponent the quotient is less than 1 and has no leading one. Neither NaN nor infinity can be stored.
 */
function floatBits(column: string, { digits, bias }: FloatFormat): string {
  const guess = `${column}_g`;
  const quotient = `(ABS(${column}) / POW(2, ${guess}))`;
  const [one, half] = [2n ** BigInt(digits), 2n ** BigInt(digits - 1)];
  const whole = `IF(${quotient} < 2, CAST(${quotient} * ${one} AS UNSIGNED), ${one} + CAST(${quotient} * ${half} AS UNSIGNED))`;
  const magnitude = `IF(${column} = 0, 0, (CAST(${guess} + ${bias - 1} AS UNSIGNED) << ${digits}) + ${whole})`;
  const negative = `${column} < 0 OR (${column} = 0 AND CAST(${column} AS CHAR) LIKE '-%')`;
  return `CONCAT(IF(${negative}, '1', '0'), LPAD(BIN(${magnitude}), ${digits === 23 ? 31 : 63}, '0'))`;
}

/** More than the logarithm can be wrong by (1074 × 2^-50), so that the guess is never too large. */
const DOUBT = '1e-11';

/** The rows with a guess at the binary exponent of every float beside it. */
export function floatLayers(plans: readonly ColumnPlan[], rows: string): string {
  const guesses = plans.flatMap(({ type: { kind } }, at) => {
    if (kind !== 'float32' && kind !== 'float64') return [];
    const { least } = kind === 'float32' ? FLOAT32 : FLOAT64;
    return [`GREATEST(FLOOR(LOG2(ABS(c${at})) - ${DOUBT}), ${least}) AS c${at}_g`];
  });
  return `(SELECT ${['r.*', ...guesses].join(', ')} FROM (${rows}\n) AS r) AS x`;
}
