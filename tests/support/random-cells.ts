import * as fc from 'fast-check';
import type { ColumnType } from '../../src/model/column-type.ts';
import type { Cell, TestColumn } from './batch.ts';

const MIN_MICROS = -62_135_596_800_000_000n;
const MAX_MICROS = 253_402_300_799_999_999n;

/** Values of one column, NULL among them. */
export function randomCell(type: ColumnType): fc.Arbitrary<Cell> {
  return fc.option(randomValue(type), { nil: null, freq: 6 });
}

function randomValue(type: ColumnType): fc.Arbitrary<Cell> {
  switch (type.kind) {
    case 'boolean':
      return fc.boolean();
    case 'int32':
      return fc.integer({ min: -2_147_483_648, max: 2_147_483_647 });
    case 'int64':
      return fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
    case 'float32':
      return fc.float();
    case 'float64':
      return fc.oneof(
        fc.double(),
        fc.integer({ min: -1e9, max: 1e9 }).map((value) => value / 100),
      );
    case 'decimal': {
      const limit = 10n ** BigInt(type.precision) - 1n;
      return fc.oneof(
        fc.bigInt({ min: -limit, max: limit }),
        fc.integer().map((value) => BigInt(value) % (limit + 1n)),
      );
    }
    case 'date':
      return fc.integer({ min: -719_162, max: 2_932_896 });
    case 'time':
      return fc.bigInt({ min: 0n, max: 86_400_000_000n });
    case 'timestamp':
      return fc.bigInt({ min: MIN_MICROS, max: MAX_MICROS });
    case 'binary':
      return fc.uint8Array({ maxLength: 200 });
    default:
      return fc.oneof(
        fc.string({ unit: 'binary', maxLength: 120 }),
        fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', '\\', 'N', ' ', 'a', 'ä', '🎉'), maxLength: 12 }),
        fc.constantFrom('few', 'values', ''),
      );
  }
}

export const randomType: fc.Arbitrary<ColumnType> = fc.oneof(
  fc.constantFrom<ColumnType>(
    { kind: 'boolean' },
    { kind: 'int32' },
    { kind: 'int64' },
    { kind: 'float32' },
    { kind: 'float64' },
    { kind: 'date' },
    { kind: 'time' },
    { kind: 'timestamp', zoned: true },
    { kind: 'timestamp', zoned: false },
    { kind: 'string' },
    { kind: 'binary' },
  ),
  fc
    .integer({ min: 1, max: 38 })
    .chain((precision) => fc.integer({ min: 0, max: precision }).map((scale) => ({ precision, scale })))
    .map(({ precision, scale }): ColumnType => ({ kind: 'decimal', precision, scale })),
);

export interface RandomTable {
  readonly columns: readonly TestColumn[];
  readonly rows: readonly (readonly Cell[])[];
  readonly batchSizes: readonly number[];
  readonly rowGroupBytes: number;
}

/** Some typed columns, some rows, and how they are cut. */
export function randomTable(types: fc.Arbitrary<ColumnType> = randomType): fc.Arbitrary<RandomTable> {
  return fc.array(types, { minLength: 1, maxLength: 6 }).chain((chosen) =>
    fc.record({
      columns: fc.constant(chosen.map((type, index): TestColumn => ({ name: `c${index}`, type }))),
      rows: fc.array(fc.tuple(...chosen.map(randomCell)), { maxLength: 150 }),
      batchSizes: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }),
      rowGroupBytes: fc.constantFrom(100, 2000, 1 << 26),
    }),
  );
}
