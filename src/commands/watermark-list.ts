import { BaseCommand } from '../cli/base-command.ts';
import { watermarkFilter, watermarkFlags } from '../cli/watermark-flags.ts';

export default class WatermarkList extends BaseCommand {
  static override summary = 'Show how far the incremental jobs of a state folder have come.';
  static override description =
    'Reads the states only. With --source only jobs of that source, which is asked who it is.';
  static override examples = [
    { description: 'All of them', command: '<%= config.bin %> watermark list' },
    { description: 'One table, for a monitor', command: '<%= config.bin %> watermark list --table users --json' },
  ];
  static override flags = watermarkFlags;

  async run(): Promise<void> {
    const { flags } = await this.parse(WatermarkList);
    const settings = await this.settings(flags);
    const { runWatermarkList } = await import('../cli/run-watermark-list.ts');
    await runWatermarkList(settings, watermarkFilter(flags));
  }
}
