const LINE_FEED = 0x0a;
/** Longer than any document that the store writes. */
const LONGEST = 64 * 2 ** 20;

/** Lines without their line feeds. A text reader would take other characters for the end of a line, which JSON may have in it. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void> {
  let rest: Buffer[] = [];
  let length = 0;
  for await (const bytes of chunks) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, at)]);
      [rest, length, from] = [[], 0, at + 1];
    }
    rest.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > LONGEST) throw new Error('a line is longer than 64 MB');
  }
  if (length > 0) throw new Error('the last line has no end: the file was cut');
}
