let surviving = false;

/** Lets a command finish its work when the reader of its output has left, as `| head` does, instead of dying of EPIPE. */
export function surviveClosedPipes(): void {
  if (surviving) return;
  surviving = true;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
