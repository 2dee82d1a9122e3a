/** Every name that `chunkFileName` can give. */
const CHUNK_FILE = /^part-\d{6,}(-\d{4,})?\.[a-z.]+$/;

/** A name that only a data file of a run has: files of other names in a run's folder are somebody else's. */
export function isChunkFileName(name: string): boolean {
  return CHUNK_FILE.test(name);
}
