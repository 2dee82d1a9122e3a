import type { TableSchema } from '../../model/table.ts';
import { type ColumnPlan, type NativeType, planColumn } from './types.ts';

/** A declared type of the server, out of the text that columns.ts made of it; null for an alias or CLR type, whose name does not say what it is. */
export function declaredType(display: string): NativeType | null {
  const found = /^([a-z_0-9]+?)(?:\((max|\d+)(?:,(\d+))?\))?$/.exec(display);
  if (found === null) return null;
  const [, name = '', first, second] = found;
  const number = first === undefined || first === 'max' ? null : Number(first);
  const exact = name === 'decimal' || name === 'numeric';
  const national = name === 'nchar' || name === 'nvarchar';
  return {
    display,
    name: name === 'rowversion' ? 'timestamp' : name,
    precision: exact ? (number ?? 0) : 0,
    scale: exact ? Number(second ?? 0) : (number ?? 0),
    maxLength: number === null ? -1 : national ? 2 * number : number,
    collation: null,
    userType: null,
  };
}

/** How each planned column is read, by its declared type alone; null when that does not say it and the catalog must be asked. */
export function declaredPlans({ columns }: TableSchema): readonly ColumnPlan[] | null {
  const plans = columns.map(({ nativeType, type }) => {
    const native = declaredType(nativeType);
    return native === null ? null : planFor(native, type);
  });
  return plans.every((plan) => plan !== null) ? plans : null;
}

/** The plan of a type that writes what was planned, by itself or as text; null when neither does. */
export function planFor(native: NativeType, type: ColumnPlan['type']): ColumnPlan | null {
  const wanted = JSON.stringify(type);
  const plans = [planColumn(native, false), planColumn(native, true)];
  return plans.find((plan) => plan !== null && JSON.stringify(plan.type) === wanted) ?? null;
}
