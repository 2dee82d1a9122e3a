import type { LoadFile } from './ingest-plan.ts';

/**
 * The files in at most `sessions` lists, so that each has about as many bytes: the largest file first, each to the list that has least.
 * Inside a list in the order of the files. No list is empty; no files, no lists.
 */
export function filesBySession(files: readonly LoadFile[], sessions: number): readonly (readonly LoadFile[])[] {
  const lists = Array.from({ length: Math.max(1, sessions) }, () => ({ bytes: 0, files: [] as LoadFile[] }));
  for (const file of files.toSorted((one, other) => other.bytes - one.bytes || one.number - other.number)) {
    const least = lists.reduce((best, list) => (list.bytes < best.bytes ? list : best));
    least.bytes += file.bytes;
    least.files.push(file);
  }
  return lists
    .filter((list) => list.files.length > 0)
    .map((list) => list.files.toSorted((one, other) => one.number - other.number));
}

/** The files in their order, cut into lists of at most `bytes` (at least one file) and at most `most` files. */
export function filesByBytes(
  files: readonly LoadFile[],
  bytes: number,
  most: number,
): readonly (readonly LoadFile[])[] {
  const lists: LoadFile[][] = [];
  let room = 0;
  for (const file of files) {
    const last = lists.at(-1);
    if (last === undefined || file.bytes > room || last.length >= most) {
      lists.push([file]);
      room = bytes - file.bytes;
    } else {
      last.push(file);
      room -= file.bytes;
    }
  }
  return lists;
}
