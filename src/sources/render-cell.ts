import type { ColumnType } from '../model/column-type.ts';
import type { ColumnVector } from '../model/row-batch.ts';

/** The only cell of a column as text, for the key in an error. */
export function renderCell(vector: ColumnVector, type: ColumnType): string {
  const { values, offsets } = vector;
  if (vector.nullCount > 0) return 'NULL';
  if (offsets !== null) {
    const bytes = Buffer.from(values.buffer, 0, offsets[1] as number);
    return bytes.toString(type.kind === 'binary' ? 'hex' : 'utf8').slice(0, 100);
  }
  if (!(values instanceof Int32Array)) return String(values[0]);
  switch (type.kind) {
    case 'date':
      return new Date((values[0] as number) * 86_400_000).toISOString().slice(0, 10);
    case 'timestamp':
      return new Date(Number(joinWords(values, 2) / 1000n)).toISOString();
    case 'decimal':
      return withPoint(joinWords(values, 4), type.scale);
    case 'int32':
      return String(values[0]);
    default:
      return String(joinWords(values, 2));
  }
}

/** Words, lowest first, as one signed number. */
function joinWords(values: Int32Array, words: number): bigint {
  let number = BigInt(values[words - 1] as number);
  for (let word = words - 2; word >= 0; word--) number = (number << 32n) | BigInt((values[word] as number) >>> 0);
  return number;
}

function withPoint(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return unscaled < 0n ? `-${text}` : text;
}
