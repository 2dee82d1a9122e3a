/** Texts that hold the character U+0000, one number a column, in column order. Some targets cannot hold such a text. */
export type NulTexts = readonly number[];

/** As it stands beside other counts of a file, or of several: left out where there is none, or an older version did not count. */
export interface CountedNulTexts {
  readonly nulTexts?: NulTexts;
}

export function nulTextsOf(counts: NulTexts): CountedNulTexts {
  return counts.some((count) => count > 0) ? { nulTexts: counts } : {};
}

/** Of several files of the same columns. */
export function sumOfNulTexts(files: readonly CountedNulTexts[]): CountedNulTexts {
  const counted = files.flatMap(({ nulTexts }) => (nulTexts === undefined ? [] : [nulTexts]));
  const [first] = counted;
  if (first === undefined) return {};
  return { nulTexts: first.map((_, index) => counted.reduce((sum, counts) => sum + (counts[index] ?? 0), 0)) };
}
