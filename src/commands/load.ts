import { BaseCommand } from '../cli/base-command.ts';
import { dryRunFlag, jsonFlag, manifestFlags, quietFlag, stateFlags, targetFlag } from '../cli/flags.ts';
import { loadFlags, reachFlags } from '../cli/load-flags.ts';
import { locationFlags } from '../cli/location-flags.ts';

export default class Load extends BaseCommand {
  static override summary = 'Load extracted files into a target that can be reached, each run exactly once.';
  static override description =
    'Runs what generate-ingest writes, through a driver; reads Parquet also for targets whose clients do not. A run that is loaded ' +
    'already does nothing; killed and run again it goes on with the files that are not in, and ends exact.';
  static override examples = [
    {
      description: 'Into a DuckDB file (warehouse.duckdb beside the configuration)',
      command: '<%= config.bin %> load',
    },
    {
      description: 'Into PostgreSQL, four connections',
      command: '<%= config.bin %> load --target postgres://loader@warehouse/dw --table users --mode merge --parallel 4',
    },
    { description: 'Into a target of sqlextract.yaml', command: '<%= config.bin %> load --target warehouse --json' },
  ];
  static override flags = {
    ...targetFlag,
    ...manifestFlags,
    ...loadFlags,
    'server-path': locationFlags['server-path'],
    ...reachFlags,
    ...dryRunFlag,
    ...stateFlags,
    ...jsonFlag,
    ...quietFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Load);
    const settings = await this.settings(flags);
    const { runLoad } = await import('../cli/run-load.ts');
    await runLoad(settings, flags, this.config.version);
  }
}
