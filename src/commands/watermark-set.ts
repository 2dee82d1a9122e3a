import { string } from '@oclif/core/args';
import { BaseCommand } from '../cli/base-command.ts';
import { incrementalFlags } from '../cli/incremental-flags.ts';
import { watermarkFilter, watermarkFlags } from '../cli/watermark-flags.ts';

export default class WatermarkSet extends BaseCommand {
  static override summary = 'Let the next run of an incremental job begin at a value.';
  static override description =
    'The server checks the value against the type of the column. Rows at exactly this value are read, but by append without a key, which would double them. What lies before it is not.';
  static override examples = [
    {
      description: 'From the first of January on',
      command: "<%= config.bin %> watermark set --table users '2026-01-01 00:00:00'",
    },
  ];
  static override args = { value: string({ required: true, description: 'As the server writes it.' }) };
  static override flags = { ...watermarkFlags, 'incremental-by': incrementalFlags['incremental-by'] };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(WatermarkSet);
    const settings = await this.settings(flags);
    const { runWatermarkSet } = await import('../cli/run-watermark-change.ts');
    await runWatermarkSet(settings, {
      argv: ['watermark', 'set', ...this.argv],
      toolVersion: this.config.version,
      filter: watermarkFilter(flags),
      value: args.value,
    });
  }
}
