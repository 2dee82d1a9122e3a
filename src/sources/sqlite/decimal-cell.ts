/** 10^s is exact in a double for every s that is used here. */
const POWERS = Array.from({ length: 16 }, (_, scale) => 10 ** scale);

/**
 * The unscaled value of a cell in a decimal(p,s) with p ≤ 15, as an integral number below 2^53; null when the cell's decimal digits do
 * not fit exactly. A real stands for its shortest decimal text: two decimals of 15 digits are never the same double, so if
 * unscaled / 10^s (correctly rounded, both exact) gives the cell back, these are the digits of that text.
 */
export function unscaledDecimal(cell: bigint | number | string, precision: number, scale: number): number | null {
  const power = POWERS[scale] as number;
  const limit = POWERS[precision] as number;
  if (typeof cell === 'string') return unscaledText(cell, precision, scale);
  if (typeof cell === 'bigint') {
    const unscaled = Number(cell) * power;
    return unscaled > -limit && unscaled < limit ? unscaled : null;
  }
  const unscaled = Math.round(cell * power);
  return unscaled > -limit && unscaled < limit && unscaled / power === cell ? unscaled : null;
}

function unscaledText(cell: string, precision: number, scale: number): number | null {
  const match = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(cell);
  if (match === null) return null;
  const [, sign, whole = '', fraction = ''] = match;
  const digits = (whole + fraction.slice(0, scale).padEnd(scale, '0')).replace(/^0+(?=\d)/, '');
  const rest = fraction.slice(scale);
  if (/[1-9]/.test(rest) || digits.length > precision) return digits === '0' && !/[1-9]/.test(rest) ? 0 : null;
  return sign === '-' ? 0 - Number(digits) : Number(digits);
}
