import { boolean } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.ts';
import { watermarkFilter, watermarkFlags } from '../cli/watermark-flags.ts';

export default class WatermarkReset extends BaseCommand {
  static override summary = 'Forget how far an incremental job has come: its next run reads all.';
  static override description =
    'What that run reads takes the place of whatever targets have of the table. Asks first; --confirm where there is no terminal.';
  static override examples = [
    { description: 'One table', command: '<%= config.bin %> watermark reset --table users' },
    { description: 'From a script', command: '<%= config.bin %> watermark reset --table users --confirm --json' },
  ];
  static override flags = { ...watermarkFlags, confirm: boolean({ summary: 'Do not ask.' }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(WatermarkReset);
    const settings = await this.settings(flags);
    const { runWatermarkReset } = await import('../cli/run-watermark-change.ts');
    await runWatermarkReset(settings, {
      argv: ['watermark', 'reset', ...this.argv],
      toolVersion: this.config.version,
      filter: watermarkFilter(flags),
      confirmed: flags.confirm,
    });
  }
}
