/** What a source says beside its batches. */
export class ReadCounts {
  /** Cells by column. */
  readonly replaced = new Map<string, number>();
  #arrived = 0;

  arrive(bytes: number): void {
    this.#arrived += bytes;
  }

  /** Since the last call. */
  takeArrived(): number {
    const bytes = this.#arrived;
    this.#arrived = 0;
    return bytes;
  }

  replace(column: string, cells: number): void {
    this.replaced.set(column, (this.replaced.get(column) ?? 0) + cells);
  }
}
