/** A parameter of CONFIG GET and CONFIG SET. */
export interface ConfigParameter {
  get(): string;
  /** Sets the value; returns an error text if that is refused. Absent for what cannot be changed. */
  set?(value: string): string | null;
}
