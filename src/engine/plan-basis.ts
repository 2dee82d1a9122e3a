import type { PlanBasis } from '../model/plan.ts';
import type { TableSchema } from '../model/table.ts';
import type { SplitChoice } from '../planner/choose-key.ts';

/** The part of a choice that a run keeps, so that a rerun cuts on with the same. */
export function basisOf(choice: SplitChoice, table: TableSchema): PlanBasis {
  switch (choice.kind) {
    case 'key':
      return { kind: 'key', key: choice.key.columns, nullable: choice.key.nullable, why: choice.why };
    case 'physical':
      return { kind: 'physical', parts: table.physicalParts, why: choice.why };
    case 'whole':
      return { kind: 'whole', why: choice.why };
    default:
      return choice satisfies never;
  }
}
