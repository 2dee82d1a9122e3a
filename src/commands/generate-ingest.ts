import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.ts';
import { dryRunFlag, jsonFlag, manifestFlags, quietFlag } from '../cli/flags.ts';
import { loadFlags } from '../cli/load-flags.ts';
import { locationFlags } from '../cli/location-flags.ts';

export default class GenerateIngest extends BaseCommand {
  static override summary = 'Write the scripts that load extracted files into a warehouse, each run exactly once.';
  static override description =
    'From the manifests alone: nothing is connected to. In ingest/<target>/: numbered SQL files, upload.sh and run.sh for the ' +
    "target's own command line, a README with what to type, and plan.json. Every script claims its run in a ledger table in the " +
    'target: the same script again does nothing, an older one is refused.';
  static override examples = [
    {
      description: 'After an extract',
      command: '<%= config.bin %> generate-ingest --target snowflake',
    },
    {
      description: 'Eight loads at a time, into the rows that are there',
      command: '<%= config.bin %> generate-ingest --target postgres --table users --mode merge --parallel 8',
    },
    {
      description: 'BigQuery, from a bucket',
      command:
        '<%= config.bin %> generate-ingest --target bigquery --catalog my-project --bucket gs://my-bucket/landing --parallel 16',
    },
    {
      description: 'To look at',
      command: '<%= config.bin %> generate-ingest --target duckdb --table users --stdout',
    },
  ];
  static override flags = {
    target: string({
      summary: 'Kind of target (snowflake, postgres, …), or a name from `targets:` in sqlextract.yaml.',
      helpValue: '<name>',
    }),
    ...manifestFlags,
    ...loadFlags,
    ...locationFlags,
    format: string({
      char: 'f',
      summary: 'The format that the files must have; another one is an error that says what to type.',
      helpValue: '<format>',
    }),
    parallel: string({ summary: 'Loads at the same time (default 1).', helpValue: '<n>' }),
    'parallel-load': boolean({ summary: 'As many loads at the same time as extract has workers.' }),
    'chunk-size': string({
      summary: 'Bytes of files that one statement takes, where it takes several.',
      helpValue: '<size>',
    }),
    to: string({ summary: 'Folder of the scripts (default ingest/<target>).', helpValue: '<folder>' }),
    stdout: boolean({ summary: 'Print the SQL instead of writing files.' }),
    ...dryRunFlag,
    ...jsonFlag,
    ...quietFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(GenerateIngest);
    const settings = await this.settings(flags);
    const { runGenerateIngest } = await import('../cli/run-generate-ingest.ts');
    await runGenerateIngest(settings, flags, this.config.version);
  }
}
