/** A hash: fields and their values, both strings of one character a byte, in the order of insertion. */

export class HashValue {
  readonly fields: Map<string, string>;

  constructor(fields: Map<string, string> = new Map()) {
    this.fields = fields;
  }

  get size(): number {
    return this.fields.size;
  }

  copy(): HashValue {
    return new HashValue(new Map(this.fields));
  }
}
