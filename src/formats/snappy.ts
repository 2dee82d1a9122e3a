/**
 * Snappy's block format (https://github.com/google/snappy/blob/main/format_description.txt), compression only: the plain greedy
 * matcher over blocks of 64 KB with a table of the last place of every four bytes.
 */
const BLOCK = 65_536;
const TABLE_BITS = 14;

/** Bytes at a block's end that are not searched: a match is looked up by whole words. */
const MARGIN = 15;

export function snappyCompress(input: Uint8Array): Uint8Array {
  const out = new Uint8Array(10 + input.length + Math.ceil(input.length / 6));
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const table = new Uint16Array(1 << TABLE_BITS);
  let at = writeLength(out, input.length);
  for (let start = 0; start < input.length; start += BLOCK) {
    table.fill(0);
    at = compressBlock(input, view, start, Math.min(input.length, start + BLOCK), table, out, at);
  }
  return out.slice(0, at);
}

function writeLength(out: Uint8Array, length: number): number {
  let rest = length;
  let at = 0;
  while (rest >= 128) {
    out[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  out[at++] = rest;
  return at;
}

function compressBlock(
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  table: Uint16Array,
  out: Uint8Array,
  outAt: number,
): number {
  let at = outAt;
  let literal = start;
  let position = start + 1;
  let misses = 32;
  while (position < end - MARGIN) {
    const word = view.getInt32(position, true);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - TABLE_BITS);
    const candidate = start + (table[slot] as number);
    table[slot] = position - start;
    if (candidate >= position || view.getInt32(candidate, true) !== word) {
      // The longer nothing is found, the wider the steps: text that does not compress is passed quickly.
      position += misses++ >> 5;
      continue;
    }
    at = writeLiteral(input, literal, position, out, at);
    const length = 4 + matchLength(input, candidate + 4, position + 4, end);
    at = writeCopy(out, at, position - candidate, length);
    position += length;
    literal = position;
    misses = 32;
  }
  return writeLiteral(input, literal, end, out, at);
}

function matchLength(input: Uint8Array, left: number, right: number, end: number): number {
  let length = 0;
  while (right + length < end && input[left + length] === input[right + length]) length++;
  return length;
}

function writeLiteral(input: Uint8Array, start: number, end: number, out: Uint8Array, outAt: number): number {
  const length = end - start;
  if (length === 0) return outAt;
  let at = outAt;
  if (length <= 60) out[at++] = (length - 1) << 2;
  else if (length <= 256) {
    out[at++] = 60 << 2;
    out[at++] = length - 1;
  } else {
    out[at++] = 61 << 2;
    out[at++] = length - 1;
    out[at++] = (length - 1) >> 8;
  }
  if (length > 96) out.set(input.subarray(start, end), at);
  else for (let index = 0; index < length; index++) out[at + index] = input[start + index] as number;
  return at + length;
}

/** Copies of 1 to 64 bytes with a 16-bit offset. */
function writeCopy(out: Uint8Array, outAt: number, offset: number, length: number): number {
  let at = outAt;
  for (let rest = length; rest > 0; ) {
    const part = Math.min(rest, 64);
    out[at++] = ((part - 1) << 2) | 2;
    out[at++] = offset;
    out[at++] = offset >> 8;
    rest -= part;
  }
  return at;
}
