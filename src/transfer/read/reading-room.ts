/** How many small files are read at once. */
const PLACES = 4;
/** In rows: a file of so many comes nowhere near the memory that DuckDB may take. */
const SMALL = 50_000;

interface Waiting {
  readonly places: number;
  readonly enter: () => void;
}

let free = PLACES;
const waiting: Waiting[] = [];

/**
 * Runs what needs DuckDB's memory to read a file: of a large file alone, of small ones four at a time, in the order of asking, whoever asks in this
 * process. One reading keeps two threads busy and is quicker than the writing, so that more of them at once would cost memory and win no time.
 * `work` must wait for no other reading.
 */
export async function inReadingRoom<T>(rows: number, work: () => Promise<T>): Promise<T> {
  const places = rows <= SMALL ? 1 : PLACES;
  await new Promise<void>((enter) => {
    waiting.push({ places, enter });
    admit();
  });
  try {
    return await work();
  } finally {
    free += places;
    admit();
  }
}

function admit(): void {
  for (let next = waiting[0]; next && next.places <= free; next = waiting[0]) {
    waiting.shift();
    free -= next.places;
    next.enter();
  }
}
