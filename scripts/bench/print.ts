/** What a program of a goal prints: one number with its unit (experiments/goals/*.yaml). */

export function printNumber(value: number, unit: string): void {
  console.log(JSON.stringify({ value, unit }));
}

/** The words of the command line; `usage` names those that must be there. */
export function words(usage: string): string[] {
  const given = process.argv.slice(2);
  const wanted = usage.split(' ').length;
  if (given.length !== wanted) throw new Error(`usage: ${usage}`);
  return given;
}

export const MIB = 2 ** 20;
