import { string } from '@oclif/core/flags';
import { jsonFlag, sourceFlags, stateFlags } from './flags.ts';

/** Which jobs a `watermark` command means. */
export const watermarkFlags = {
  ...sourceFlags,
  table: string({ char: 't', summary: 'Table of the job, or a glob.', helpValue: '<name>' }),
  id: string({ summary: 'The job itself, as `watermark list` names it.', helpValue: '<job>' }),
  ...stateFlags,
  ...jsonFlag,
};

/** What those flags ask for. */
export function watermarkFilter(flags: {
  readonly table?: string | undefined;
  readonly id?: string | undefined;
  readonly source?: string | undefined;
}): { readonly tables: readonly string[]; readonly job: string | null; readonly ofSource: boolean } {
  return {
    tables: flags.table === undefined ? [] : [flags.table],
    job: flags.id ?? null,
    ofSource: flags.source !== undefined,
  };
}
