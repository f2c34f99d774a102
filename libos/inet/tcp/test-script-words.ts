/** The words of one line of a script, read one after the other. */
import { UNITS_US } from './test-script.ts';

/** A script says something that cannot be read. */
export class ScriptSyntaxError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.name = 'ScriptSyntaxError';
    this.line = line;
  }
}

const TIME = /^(\d+(?:\.\d+)?)(us|ms|s|min|h|d)$/;
const INTEGER = /^-?\d{1,10}$/;

export class Words {
  /** Of the line. */
  readonly number: number;
  readonly #words: string[];

  constructor(line: string, number: number) {
    this.number = number;
    this.#words = line.split(/\s+/).filter((word) => word !== '');
  }

  get isAtEnd(): boolean {
    return this.#words.length === 0;
  }

  peek(): string | undefined {
    return this.#words[0];
  }

  /** @throws ScriptSyntaxError */
  fail(message: string): never {
    throw new ScriptSyntaxError(this.number, message);
  }

  end(): void {
    if (!this.isAtEnd) this.fail(`"${this.#words.join(' ')}" is too much`);
  }

  /** @param what what the word says, for the error when there is none */
  word(what: string): string {
    return this.#words.shift() ?? this.fail(`the line ends before ${what}`);
  }

  takeIf(word: string): boolean {
    if (this.peek() !== word) return false;
    this.#words.shift();
    return true;
  }

  takeIfMatches(pattern: RegExp): RegExpExecArray | null {
    const match = pattern.exec(this.peek() ?? '');
    if (match !== null) this.#words.shift();
    return match;
  }

  oneOf(words: readonly string[], what: string): string {
    const word = this.word(`${what} ${words.join(', ')}`);
    return words.includes(word) ? word : this.fail(`"${word}": ${what} ${words.join(', ')}`);
  }

  integer(what: string): number {
    const word = this.word(what);
    return INTEGER.test(word) ? Number(word) : this.fail(`"${word}" is no number: ${what}`);
  }

  /** A number from 0 on. */
  number0(what: string): number {
    const number = this.integer(what);
    return number >= 0 ? number : this.fail(`${number} is below 0: ${what}`);
  }

  /** A number from 1 on. */
  count(what: string): number {
    const number = this.integer(`a number ${what}`);
    return number >= 1 ? number : this.fail(`${number} is below 1: a number ${what}`);
  }

  /** Microseconds. */
  timeOf(word: string): number {
    const [, number, unit] = TIME.exec(word) ?? this.fail(`"${word}" is no time, such as 10ms, 1.5s, 200us`);
    const us = Number(number) * UNITS_US[unit as keyof typeof UNITS_US];
    // 1.1s is not quite a whole number of microseconds as a double.
    return Math.round(us);
  }
}
