import type { TypeLine } from '../source.ts';
import { TYPE_RULES } from './types.ts';

/** See SourceDriver.typeLines; `native` is what a column is declared as, `note` the cells that fit. */
export function typeLines(): readonly TypeLine[] {
  return TYPE_RULES.map(({ declared, becomes, cells, plan }) => {
    const planned = plan(EXAMPLE);
    const type = planned.kind === 'type' ? planned.type : ({ kind: 'string' } as const);
    return { native: declared, type, becomes, note: cells };
  });
}

/** Only the rule for decimals looks at the declaration. */
const EXAMPLE = 'decimal(15,2)';
