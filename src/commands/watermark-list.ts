import { BaseCommand } from '../cli/base-command.ts';
import { targetFlag } from '../cli/flags.ts';
import { watermarkFilter, watermarkFlags } from '../cli/watermark-flags.ts';

export default class WatermarkList extends BaseCommand {
  static override summary = 'Show how far the incremental jobs of a state folder have come.';
  static override description =
    'Reads the states only. With --source only jobs of that source, which is asked who it is.';
  static override examples = [
    { description: 'All of them', command: '<%= config.bin %> watermark list' },
    { description: 'And how far a target is', command: '<%= config.bin %> watermark list --target warehouse.duckdb' },
    { description: 'One table, for a monitor', command: '<%= config.bin %> watermark list --table users --json' },
  ];
  static override flags = { ...watermarkFlags, ...targetFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(WatermarkList);
    const settings = await this.settings(flags);
    const { runWatermarkList } = await import('../cli/run-watermark-list.ts');
    await runWatermarkList(settings, {
      filter: watermarkFilter(flags),
      flags,
      toolVersion: this.config.version,
      ofTarget: flags.target !== undefined,
    });
  }
}
