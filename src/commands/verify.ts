import { string as stringArgument } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.ts';
import { formatFlags, jsonFlag, quietFlag, sourceFlags, stateFlags, tableFlags } from '../cli/flags.ts';

export default class Verify extends BaseCommand {
  static override summary = 'Read every file again and compare it with its manifest, and with the source if asked.';
  static override description =
    'Size and sha256 of every file; then DuckDB, a reader that shares nothing with the writer, counts rows and NULLs and checks names, ' +
    'types and CSV cells. --against-source compares the number of rows and a hash over whole rows with the database: inside the ' +
    "run's snapshot while that is held (extract --keep-snapshot), else with the table as it is now. Exit code 6 when something differs.";
  static override examples = [
    { description: 'The last finished run of every table', command: '<%= config.bin %> verify' },
    {
      description: 'One table, also with its rows in the database',
      command: '<%= config.bin %> verify --table users --against-source',
    },
    {
      description: 'Files that were copied to another machine',
      command: '<%= config.bin %> verify /data/users/20261121T041502Z-1f3a9c/manifest.json --json',
    },
  ];
  static override args = {
    manifest: stringArgument({
      description: 'A manifest.json, or the folder it is in; without it the manifests below --out.',
      required: false,
    }),
  };
  static override flags = {
    ...sourceFlags,
    table: tableFlags.table,
    run: string({ summary: 'The run to verify, instead of the last finished one.', helpValue: '<id>' }),
    out: formatFlags.out,
    'against-source': boolean({ summary: 'Compare row count and a hash over all rows with the database, too.' }),
    ...stateFlags,
    ...jsonFlag,
    ...quietFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Verify);
    const settings = await this.settings(flags);
    const { runVerify } = await import('../cli/run-verify.ts');
    await runVerify(settings, {
      tables: flags.table ?? [],
      run: flags.run ?? null,
      manifest: args.manifest ?? null,
      againstSource: flags['against-source'],
    });
  }
}
