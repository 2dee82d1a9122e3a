/** One physical write: how many of the bytes were taken, from 1 to all. */
export type PhysicalWrite = (bytes: Uint8Array) => number;

/**
 * Writes until every byte is out. A kernel may take a part of the bytes without an error (a disk that gets full, a file size
 * limit, a signal) and say why only on the next call.
 */
export function writeFully(write: PhysicalWrite, bytes: Uint8Array): void {
  let rest = bytes;
  while (rest.byteLength > 0) {
    const taken = write(rest);
    if (taken <= 0) throw new Error(`a write of ${rest.byteLength} bytes took none of them`);
    rest = rest.subarray(taken);
  }
}
