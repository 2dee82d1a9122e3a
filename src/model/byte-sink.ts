/** Where encoded bytes go. `write` resolves when the next write may come: that is the back-pressure. */
export interface ByteSink {
  /** The sink owns the bytes until it resolves; the caller may not change them before. */
  write(bytes: Uint8Array): Promise<void>;
}
