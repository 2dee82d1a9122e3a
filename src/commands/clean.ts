import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.ts';
import { jsonFlag, sourceFlags, stateFlags, tableFlags } from '../cli/flags.ts';

export default class Clean extends BaseCommand {
  static override summary =
    'Remove what killed runs left, and, when asked for, old runs, loaded files and abandoned runs.';
  static override description =
    'Shows what it would remove, with sizes, and asks. Only files of our own naming in folders that the states know are touched, never those ' +
    'of a job that is worked on, and never an unfinished run, which the same extract command can still finish, but with --abandoned.';
  static override examples = [
    { description: 'What killed runs left', command: '<%= config.bin %> clean' },
    { description: 'All but the last three runs of every job', command: '<%= config.bin %> clean --keep 3 --yes' },
    {
      description: 'Data files that are in the warehouse by now; the manifests stay',
      command: '<%= config.bin %> clean --loaded --table users --dry-run',
    },
    {
      description: 'Finished runs older than a week, but never the newest',
      command: '<%= config.bin %> clean --older-than 7d',
    },
  ];
  static override flags = {
    config: sourceFlags.config,
    table: tableFlags.table,
    keep: string({ summary: 'Remove finished runs but the newest so many of every job.', helpValue: '<n>' }),
    'older-than': string({
      summary: 'Only runs that ended so long ago: 12h, 7d, 4w.',
      description: 'By itself: finished runs of that age, but not the newest of a job.',
      helpValue: '<age>',
    }),
    loaded: boolean({ summary: 'Remove the data files of finished runs; verify then says that they were removed.' }),
    windows: boolean({
      summary: 'With --keep or --older-than: windows of incremental jobs, too.',
      description:
        'Without it the windows since the newest first one stay: a target that lacks one of them could not catch up. Look with watermark list --target.',
    }),
    abandoned: boolean({ summary: 'Remove unfinished runs that nobody works on: they cannot be resumed then.' }),
    'dry-run': boolean({ summary: 'Only show what would be removed.' }),
    yes: boolean({ char: 'y', summary: 'Do not ask; needed where there is no terminal.' }),
    ...stateFlags,
    ...jsonFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Clean);
    const settings = await this.settings(flags);
    const { runClean } = await import('../cli/run-clean.ts');
    await runClean(settings, {
      argv: ['clean', ...this.argv],
      tables: flags.table ?? [],
      keep: flags.keep ?? null,
      olderThan: flags['older-than'] ?? null,
      loaded: flags.loaded,
      abandoned: flags.abandoned,
      windows: flags.windows,
      yes: flags.yes,
    });
  }
}
