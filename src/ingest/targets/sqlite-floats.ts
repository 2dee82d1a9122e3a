import type { Quoted } from '../quoted.ts';
import { sql, word } from '../quoted.ts';

/**
 * CAST(text AS REAL) of SQLite is not exact: versions before 3.43 round twice (0.00085439075533 comes out one unit in the last place too
 * small in 3.40), and the documentation promises 15 digits only. The expressions here give the double that IEEE 754 asks for, with what
 * the sqlite3 shell has built in (ieee754 and decimal, sqlite.org/src/dir/ext/misc):
 *
 *   digits < 2^53, up to 10^±22     digits ∙ or ÷ a power of ten, both exact doubles: one operation of the machine, correctly rounded
 *   17 digits, up to 10^±27         CAST: such a text lies within 0.45 units of its double, and the shell reads it within a thousandth of one
 *                                   (shells whose `long double` is a double are found by READS_INEXACTLY, and refused)
 *   everything else                 CAST, then compared with the text in decimals and moved to its neighbour where that is nearer
 *
 * The last needs the table of powers that templates/sqlite/floats.sql makes. A text is JavaScript's (csv-dialect.ts: the fewest digits).
 */
export function exactDouble(text: Quoted): Quoted {
  const mantissa = sql`substr(w, 1, instr(w || 'e', 'e') - 1)`;
  const exponent = sql`CAST(substr(w, instr(w || 'e', 'e') + 1) AS INTEGER)`;
  return sql`(SELECT CASE WHEN w = 'Infinity' THEN 9e999 WHEN w = '-Infinity' THEN -9e999
    WHEN n <= 16 AND abs(d) < 9007199254740992 AND k BETWEEN -22 AND 22 THEN CASE WHEN k < 0 THEN d / CAST('1e' || -k AS REAL) ELSE d * CAST('1e' || k AS REAL) END
    WHEN n = 17 AND k BETWEEN -27 AND 27 THEN CAST(w AS REAL)
    ELSE ${nearest()} END
  FROM (SELECT w, length(ltrim(ds, '-0')) AS n, CAST(CAST(ds AS INTEGER) AS REAL) AS d, x - f AS k
  FROM (SELECT w, replace(a, '.', '') AS ds, x, CASE instr(a, '.') WHEN 0 THEN 0 ELSE length(a) - instr(a, '.') END AS f
  FROM (SELECT w, ${mantissa} AS a, ${exponent} AS x FROM (SELECT ${text} AS w)))))`;
}

/** Of m ∙ 2^e with m as the hexadecimal digits b: how many bits m has. */
const BITS = word(
  "4 * (length(b) - 1) + CASE WHEN b GLOB '1*' THEN 1 WHEN b GLOB '[23]*' THEN 2 WHEN b GLOB '[4-7]*' THEN 3 ELSE 4 END",
);

/**
 * |w| is read as r = m ∙ 2^e, m of 53 bits (fewer near zero); q is by how many units of the last place the text lies beyond r. NULL, which
 * a guard refuses, where that is more than one unit, or below a power of two, where units are half as large.
 */
function nearest(): Quoted {
  const power = (exponent: Quoted): Quoted =>
    sql`(SELECT p."digits" FROM temp."_sqlextract_powers" AS p WHERE p."exponent" = ${exponent})`;
  return sql`(SELECT CASE WHEN far THEN NULL ELSE CASE WHEN w LIKE '-%' THEN -1 ELSE 1 END
      * ieee754(m + CASE WHEN up > 0 OR (up = 0 AND m & 1) THEN 1 WHEN down < 0 OR (down = 0 AND m & 1) THEN -1 ELSE 0 END, e) END
    FROM (SELECT m, e, decimal_cmp(q, '0.5') AS up, decimal_cmp(q, '-0.5') AS down,
      decimal_cmp(q, '1.5') > 0 OR decimal_cmp(q, CASE WHEN m1 = 1 AND e > -1074 THEN '-0.25' ELSE '-1.5' END) < 0 AS far
    FROM (SELECT m, m1, e, decimal_mul(decimal_sub(ltrim(w, '-'), decimal_mul(m, ${power(sql`z.e`)})), ${power(sql`-z.e`)}) AS q
    FROM (SELECT m1 << (e1 - e2) AS m, m1, e2 AS e
    FROM (SELECT m1, e1, max(-1074, e1 - 53 + ${BITS}) AS e2
    FROM (SELECT ieee754_mantissa(r) AS m1, ieee754_exponent(r) AS e1, printf('%x', ieee754_mantissa(r)) AS b
    FROM (SELECT CAST(ltrim(w, '-') AS REAL) AS r)))) AS z)))`;
}

/** The 32-bit float of a double, as the double that is equal to it: 24 bits, rounded to even by an addition; fewer below 2^-126. */
export function narrowed(double: Quoted): Quoted {
  return sql`(SELECT CASE WHEN r = 0 OR abs(r) = 9e999 THEN r ELSE (r + c) - c END
  FROM (SELECT r, ieee754(3, max(-149, e1 - 24 + ${BITS}) + 51) AS c
  FROM (SELECT r, ieee754_exponent(r) AS e1, printf('%x', abs(ieee754_mantissa(r))) AS b
  FROM (SELECT ${double} AS r))))`;
}

/** A number as our files write it: what CAST makes of anything else is a guess. */
export function isNumberText(text: Quoted): Quoted {
  return sql`(${text} IN ('Infinity', '-Infinity') OR (${text} GLOB '*[0-9]' AND ${text} NOT GLOB '*[^-+.0-9e]*'))`;
}

/** Numbers of 17 digits that come out wrong where the shell reads by way of doubles: text, mantissa, exponent. */
const PROBES = [
  ['415.16933938165556', '7303736258339371', '-44'],
  ['0.00022772564039298814', '8401593214702133', '-65'],
  ['445008.32733619044', '7645184849426403', '-34'],
  ['0.000027144964832685134', '8011779506534219', '-68'],
] as const;

/** True in such a shell. */
export const READS_INEXACTLY = word(
  PROBES.map(([text, mantissa, exponent]) => `CAST('${text}' AS REAL) <> ieee754(${mantissa}, ${exponent})`).join(
    ' OR ',
  ),
);
