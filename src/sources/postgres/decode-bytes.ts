import type { BytesBuilder } from '../../model/vector-builder.ts';
import { ProtocolBreach, type ScannedRows } from '../scanned-rows.ts';

/** From this length on a native copy is cheaper than a loop over words. */
const NATIVE_COPY = 160;

/** Text of any kind, bytea: the bytes as they are. The server has converted text to valid UTF-8, or refused with 22021 (also SQL_ASCII). */
export function decodeBytes(rows: ScannedRows, column: number, out: BytesBuilder): void {
  copyFields(rows, column, out, 0);
}

/** jsonb: a version byte (1), then the text. */
export function decodeJsonb(rows: ScannedRows, column: number, out: BytesBuilder): void {
  const base = column * rows.capacity;
  for (let i = base; i < base + rows.count; i++) {
    if ((rows.lengths[i] as number) >= 0 && rows.bytes[rows.starts[i] as number] !== 1) {
      throw new ProtocolBreach('jsonb has another binary version than 1');
    }
  }
  copyFields(rows, column, out, 1);
}

/**
 * Copies by words of four bytes and lets the last one run over the end of the value: what it spoils is written next, and the target has
 * room for it. Reading over the end of the source is not possible, so its last bytes go one by one.
 */
function copyFields(rows: ScannedRows, column: number, out: BytesBuilder, skip: number): void {
  const { bytes, view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  let total = 4;
  for (let i = base; i < base + count; i++) total += Math.max(0, lengths[i] as number);
  out.reserve(count);
  out.reserveBytes(total);
  const { values, offsets } = out;
  const target = new DataView(values.buffer);
  const lastWord = bytes.length - 4;
  for (let i = base; i < base + count; i++) {
    const length = (lengths[i] as number) - skip;
    if (length < 0) {
      out.appendNull();
      continue;
    }
    let from = (starts[i] as number) + skip;
    let at = offsets[out.rows] as number;
    const end = at + length;
    if (length >= NATIVE_COPY) {
      values.set(bytes.subarray(from, from + length), at);
    } else {
      for (; at < end && from <= lastWord; at += 4, from += 4) target.setInt32(at, view.getInt32(from));
      while (at < end) values[at++] = bytes[from++] as number;
    }
    offsets[++out.rows] = end;
  }
}
