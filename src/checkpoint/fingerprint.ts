/**
 * What changes the bytes of a run, and nothing else: a rerun whose fingerprint differs would mix two kinds of files.
 * Flat, so that a difference can be shown line by line: `column email` → `text` / `varchar(80)`.
 */
export type Fingerprint = Readonly<Record<string, string>>;

export interface FingerprintDifference {
  readonly field: string;
  readonly before: string | null;
  readonly now: string | null;
}

export function compareFingerprints(before: Fingerprint, now: Fingerprint): readonly FingerprintDifference[] {
  const fields = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...fields]
    .filter((field) => before[field] !== now[field])
    .map((field) => ({ field, before: before[field] ?? null, now: now[field] ?? null }));
}
