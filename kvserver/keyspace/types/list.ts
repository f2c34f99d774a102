/**
 * A list: a ring buffer of strings (one character a byte) that grows and shrinks at both ends. Free slots
 * hold ''.
 */

const CAPACITY_MIN = 8;

export class ListValue {
  length = 0;
  #items: string[] = new Array(CAPACITY_MIN).fill('');
  #head = 0;

  /** `index` counts from the head and is within the list. */
  at(index: number): string {
    return this.#items[this.#slot(index)];
  }

  replace(index: number, item: string): void {
    this.#items[this.#slot(index)] = item;
  }

  pushHead(item: string): void {
    if (this.length === this.#items.length) this.#resize(2 * this.length);
    this.#head = (this.#head - 1) & (this.#items.length - 1);
    this.#items[this.#head] = item;
    this.length++;
  }

  pushTail(item: string): void {
    if (this.length === this.#items.length) this.#resize(2 * this.length);
    this.#items[this.#slot(this.length)] = item;
    this.length++;
  }

  /** The list is not empty. */
  popHead(): string {
    const item = this.#items[this.#head];
    this.#items[this.#head] = '';
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.length--;
    this.#shrink();
    return item;
  }

  /** The list is not empty. */
  popTail(): string {
    const slot = this.#slot(this.length - 1);
    const item = this.#items[slot];
    this.#items[slot] = '';
    this.length--;
    this.#shrink();
    return item;
  }

  toArray(): string[] {
    return Array.from({ length: this.length }, (_, index) => this.at(index));
  }

  copy(): ListValue {
    return ListValue.of(this.toArray());
  }

  static of(items: string[]): ListValue {
    const list = new ListValue();
    for (const item of items) list.pushTail(item);
    return list;
  }

  #slot(index: number): number {
    return (this.#head + index) & (this.#items.length - 1);
  }

  #shrink(): void {
    if (this.#items.length > CAPACITY_MIN && this.length < this.#items.length / 4) {
      this.#resize(this.#items.length / 2);
    }
  }

  #resize(capacity: number): void {
    const items: string[] = new Array(capacity).fill('');
    for (let i = 0; i < this.length; i++) items[i] = this.#items[this.#slot(i)];
    this.#items = items;
    this.#head = 0;
  }
}
