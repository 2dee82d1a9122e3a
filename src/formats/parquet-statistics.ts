import type { ColumnVector } from '../model/row-batch.ts';
import type { Bounds, BoundsCollector } from './bounds-collector.ts';
import { ByteBounds } from './parquet-byte-bounds.ts';
import { isValid } from './parquet-plain.ts';
import type { ParquetColumn } from './parquet-schema.ts';
import { WordBounds } from './parquet-word-bounds.ts';

export function boundsCollector(column: ParquetColumn, table: string): BoundsCollector {
  switch (column.physical) {
    case 'boolean':
      return { observe: () => undefined, take: () => null };
    case 'float':
    case 'double':
      return new FloatBounds(column.physical === 'float' ? 4 : 8);
    case 'byteArray':
      return new ByteBounds();
    default:
      if (column.type.kind === 'decimal') return new WordBounds(4, column, table);
      return new WordBounds(column.physical === 'int32' ? 1 : 2, column, table);
  }
}

class FloatBounds implements BoundsCollector {
  readonly #bytes: 4 | 8;
  #min = Infinity;
  #max = -Infinity;
  #any = false;
  #nan = false;

  constructor(bytes: 4 | 8) {
    this.#bytes = bytes;
  }

  observe(vector: ColumnVector, from: number, to: number): void {
    const source = vector.values as Float32Array | Float64Array;
    const validity = vector.nullCount === 0 ? null : vector.validity;
    for (let row = from; row < to; row++) {
      if (!isValid(validity, row)) continue;
      const value = source[row] as number;
      this.#any = true;
      if (value < this.#min) this.#min = value;
      if (value > this.#max) this.#max = value;
      if (Number.isNaN(value)) this.#nan = true;
    }
  }

  /** Engines disagree where NaN sorts: a row group that has one carries no bounds. Zero is written as −0 below and +0 above (parquet.thrift). */
  take(): Bounds | null {
    const known = this.#any && !this.#nan;
    const min = this.#encode(this.#min === 0 ? -0 : this.#min);
    const max = this.#encode(this.#max === 0 ? 0 : this.#max);
    this.#min = Infinity;
    this.#max = -Infinity;
    this.#any = false;
    this.#nan = false;
    return known ? { min, max, minExact: true, maxExact: true } : null;
  }

  #encode(value: number): Uint8Array {
    const view = new DataView(new ArrayBuffer(this.#bytes));
    if (this.#bytes === 4) view.setFloat32(0, value, true);
    else view.setFloat64(0, value, true);
    return new Uint8Array(view.buffer);
  }
}
