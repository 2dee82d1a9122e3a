import type { Compared } from './measure.ts';

/** What one source's comparisons gave. */
export interface Section {
  readonly results: readonly Compared[];
  readonly notes: readonly string[];
  /** The peers' own words: `psql (PostgreSQL) 15.18`. */
  readonly versions: readonly string[];
}

export function sectionMarkdown({ results, notes, versions }: Section): string {
  const lines = results.map(
    ({ label, peer, ours, theirs, ratio, peakMb }) =>
      `| ${label} | ${ours.toFixed(2)} s | ${peer} | ${theirs.toFixed(2)} s | **${ratio.toFixed(2)}×** | ${peakMb ?? '–'} MB |`,
  );
  return [
    ...(versions.length === 0 ? [] : [`${versions.join('; ')}.`, '']),
    '| this program | wall | peer | wall | ratio | peak RSS |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => `- ${note}`)]),
    '',
  ].join('\n');
}
