/** The bytes without those that are 0, which in UTF-8 are the character U+0000 and nothing else. */
export async function* withoutNul(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    const left = without(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
    if (left.length > 0) yield left;
  }
}

function without(piece: Buffer): Buffer {
  let at = piece.indexOf(0);
  if (at === -1) return piece;
  const left = Buffer.allocUnsafe(piece.length);
  let length = 0;
  let start = 0;
  for (; at !== -1; at = piece.indexOf(0, start)) {
    length += piece.copy(left, length, start, at);
    start = at + 1;
  }
  length += piece.copy(left, length, start);
  return left.subarray(0, length);
}
