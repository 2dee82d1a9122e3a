/** How to find the holder of a snapshot again after a kill; stored in the state. Opaque outside its source; holds no secret. */
export type SnapshotLease = Readonly<Record<string, string>>;

/** Opaque to everyone but the source; small; holds no secret. */
export type SnapshotToken = Readonly<Record<string, string>>;

/** What the manifest and a later proof need to know of an epoch: a stretch of a run that reads one snapshot. */
export interface EpochFacts {
  /** ISO 8601, the server's clock where it has one. */
  readonly takenAt: string;
  /** For people: `snapshot 00000003-0000001B-1 at WAL 0/3A1F2C8`. */
  readonly label: string;
  /** All sessions of the epoch read one state. */
  readonly shared: boolean;
  /** Only when not shared: what is promised instead, for plan, report and manifest: "each reader has a snapshot of its own". */
  readonly spread?: string;
  /** Source-specific, for `unchangedSince`. */
  readonly proof: Readonly<Record<string, string>>;
}
