/**
 * A list in pages: it grows and shrinks at its end by one page at a time. A single array of V8 is copied whole
 * each time that it grows, which takes tens of milliseconds for millions of elements.
 */

const PAGE_BITS = 12;
const PAGE_LENGTH = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_LENGTH - 1;

export class Pages<T> {
  length = 0;
  /** All are full but the last one, which is never empty unless it is the only one. */
  readonly #pages: T[][] = [[]];

  at(index: number): T {
    return this.#pages[index >>> PAGE_BITS][index & PAGE_MASK];
  }

  set(index: number, value: T): void {
    this.#pages[index >>> PAGE_BITS][index & PAGE_MASK] = value;
  }

  push(value: T): void {
    const pages = this.#pages;
    const page = this.length >>> PAGE_BITS;
    if (page === pages.length) pages.push([]);
    pages[page].push(value);
    this.length++;
  }

  /** The last one, which is there. */
  pop(): T {
    const pages = this.#pages;
    const page = pages[pages.length - 1];
    const value = page.pop() as T;
    if (page.length === 0 && pages.length > 1) pages.pop();
    this.length--;
    return value;
  }

  copy(): Pages<T> {
    const copy = new Pages<T>();
    copy.length = this.length;
    for (const [index, page] of this.#pages.entries()) copy.#pages[index] = page.slice();
    return copy;
  }
}
