/**
 * What comes out of the guest: the output of commands, and between it marks that tell what the guest is
 * doing. Both come over one channel, so that a mark is never ahead of the output before it.
 *
 *     output ... \x1e KEY space WORD space DETAIL \n output ...
 *
 * KEY is drawn anew for each guest, so that nothing that a command prints is taken for a mark.
 */

export interface Mark {
  word: string;
  detail: string;
}

export interface ChannelListener {
  output(bytes: Buffer): void;
  mark(mark: Mark): void;
}

const RECORD_SEPARATOR = '\x1e';
const NEWLINE = 0x0a;

export class ChannelReader {
  readonly #start: Buffer;
  readonly #listener: ChannelListener;
  /** What may turn out to be a mark when more arrives. */
  #held: Buffer = Buffer.alloc(0);

  constructor(key: string, listener: ChannelListener) {
    this.#start = Buffer.from(`${RECORD_SEPARATOR}${key} `);
    this.#listener = listener;
  }

  /** Takes the next bytes from the guest, however they are cut. */
  receive(chunk: Buffer): void {
    let rest = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (;;) {
      const start = rest.indexOf(this.#start);
      const end = start < 0 ? -1 : rest.indexOf(NEWLINE, start);
      if (end < 0) {
        const keep = start < 0 ? beginsAt(rest, this.#start) : start;
        this.#say(rest.subarray(0, keep));
        this.#held = rest.subarray(keep);
        return;
      }
      this.#say(rest.subarray(0, start));
      const [word, ...detail] = rest.toString('utf8', start + this.#start.length, end).split(' ');
      this.#listener.mark({ word, detail: detail.join(' ') });
      rest = rest.subarray(end + 1);
    }
  }

  #say(bytes: Buffer): void {
    if (bytes.length > 0) this.#listener.output(bytes);
  }
}

/** Where the end of `bytes` is a beginning of `pattern`, or the length when it is not. */
function beginsAt(bytes: Buffer, pattern: Buffer): number {
  for (let at = Math.max(0, bytes.length - pattern.length + 1); at < bytes.length; at++) {
    if (pattern.subarray(0, bytes.length - at).equals(bytes.subarray(at))) return at;
  }
  return bytes.length;
}
