/**
 * Lines of a stream, whatever the pieces in which they come. A line that is too long is skipped up to its end and
 * reported, so that what stands in memory is bounded and the lines behind it are read.
 */

/** Of a line, without its end. The longest that is sent is a chunk of a file (file-transfer.ts). */
export const LONGEST_LINE_BYTES = 1024 * 1024;

const NEWLINE = 0x0a;

export interface LineListener {
  line(text: string): void;
  /** A line longer than the limit came, and was skipped. */
  tooLong(limitBytes: number): void;
}

export class LineReader {
  readonly #listener: LineListener;
  readonly #limitBytes: number;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #isSkipping = false;

  constructor(listener: LineListener, limitBytes = LONGEST_LINE_BYTES) {
    this.#listener = listener;
    this.#limitBytes = limitBytes;
  }

  receive(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#take(chunk.subarray(from, end));
      this.#end();
      from = end + 1;
    }
    if (from < chunk.length) this.#take(chunk.subarray(from));
  }

  #take(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#limitBytes) {
      this.#isSkipping = true;
      this.#pieces = [];
    }
    if (!this.#isSkipping) this.#pieces.push(piece);
  }

  #end(): void {
    const [text, isSkipping] = [Buffer.concat(this.#pieces).toString('utf8'), this.#isSkipping];
    this.#pieces = [];
    this.#bytes = 0;
    this.#isSkipping = false;
    if (isSkipping) this.#listener.tooLong(this.#limitBytes);
    else this.#listener.line(text);
  }
}
