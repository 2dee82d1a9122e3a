import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.ts';

export default class Init extends BaseCommand {
  static override summary = 'Write a commented sqlextract.yaml, with --sample also a database to try things on.';
  static override description =
    'The file is written into the current folder. It names the sources and what is the same for every call; flags and SQLEXTRACT_* variables go before it. Nothing is overwritten without --force.';
  static override examples = [
    { description: 'A configuration to fill in', command: '<%= config.bin %> init' },
    {
      description: 'A sample database and a configuration that reads it, then its first table',
      command: '<%= config.bin %> init --sample && <%= config.bin %> extract --table users --workers 8',
    },
    {
      description: 'A configuration of all tables of a database, with what to go by in incremental runs',
      command: '<%= config.bin %> init --from postgres://reader@localhost/shop',
    },
  ];
  static override flags = {
    sample: boolean({ summary: 'Also make sample.sqlite (200,000 users, 1,000,000 orders) and read from it.' }),
    from: string({
      summary: 'Read the tables of this source, and write what their incremental runs are best to go by.',
      description:
        'A URL, a file, or a name from `sources:` of the sqlextract.yaml that is there. No password is written: the file refers to a variable.',
      helpValue: '<url|name>',
      exclusive: ['sample'],
    }),
    force: boolean({ summary: 'Overwrite what is there.' }),
    folder: string({ summary: 'Folder to write into (default the current one).', helpValue: '<folder>' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Init);
    const places = { folder: flags.folder ?? '.', force: flags.force, packageRoot: this.config.root };
    if (flags.from !== undefined) {
      const settings = await this.settings({ source: flags.from });
      const { runInitFrom } = await import('../cli/run-init-from.ts');
      await runInitFrom(settings, places);
      return;
    }
    const { runInit } = await import('../cli/run-init.ts');
    await runInit({ ...places, sample: flags.sample });
  }
}
