export interface StorageStatus {
  readonly layout: 'plain' | 'timescale';
  readonly serverVersion: string;
  readonly extensionVersion: string | null;
  readonly tables: readonly PlainTableStatus[];
  readonly hypertables: readonly HypertableStatus[];
  readonly jobs: readonly JobStatus[];
  readonly advice: readonly Advice[];
}

export interface PlainTableStatus {
  readonly table: string;
  readonly rows: number;
  /** With its indexes. */
  readonly bytes: number;
}

export interface HypertableStatus {
  readonly table: string;
  readonly rows: number;
  readonly chunkInterval: string;
  readonly chunkSeconds: number;
  readonly chunks: number;
  readonly compressedChunks: number;
  /** Of another length than {@link chunkInterval}, which may have been set after they were made. */
  readonly otherChunks: number;
  readonly rowsPerChunk: number | null;
  /** Of what is stored, with the indexes. */
  readonly bytes: number;
  /** Of the chunks that are compressed. */
  readonly bytesBeforeCompression: number;
  readonly bytesAfterCompression: number;
  readonly oldest: Date | null;
  readonly newest: Date | null;
  /** Chunks older than the compression policy's age that are not compressed, or no longer wholly: what its next run takes. */
  readonly dueChunks: number;
  readonly dueBytes: number;
  /** Of these, how many the policy should have taken a day ago. */
  readonly overdueChunks: number;
  /** The policy's. */
  readonly compressAfter: string | null;
}

export interface JobStatus {
  readonly id: number;
  /** The procedure that it calls. */
  readonly job: string;
  readonly table: string | null;
  readonly every: string;
  readonly enabled: boolean;
  readonly lastRun: Date | null;
  readonly lastStatus: string | null;
  readonly failures: number;
  readonly nextRun: Date | null;
}

/** Something to be done about the storage, and the command or statement that does it. */
export interface Advice {
  /** As a sentence without its full stop. */
  readonly what: string;
  readonly command: string;
}
