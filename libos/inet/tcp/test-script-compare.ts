/** In what a segment of the stack is not what a script expects. */

import type { SegmentLine } from './test-script.ts';
import type { Heard } from './test-script-flow.ts';

/**
 * Numbers, flags and SACK blocks must be equal, PSH only where the script has it; the rest is compared where the script
 * says it. Returns what is different, in words.
 */
export function differences(expected: SegmentLine & { seq: number }, heard: Heard): string[] {
  const found: string[] = [];
  const different = (name: string, came: unknown, wanted: unknown) => {
    if (came !== wanted) found.push(`${name} is ${came}, not ${wanted}`);
  };
  const compared = /P/.test(expected.flags) ? /$^/ : /P/;
  const flagsOf = (flags: string) => flags.replace(compared, '') || 'none';
  different('the flags', flagsOf(heard.flags), flagsOf(expected.flags));
  different('the sequence number', heard.seq, expected.seq);
  different('its length', heard.bytes, expected.bytes);
  const acknowledges = expected.ack !== null || !/[SR]/.test(expected.flags);
  if (acknowledges !== (heard.ack !== null)) found.push(acknowledges ? 'it has no ACK' : 'it has an ACK');
  else if (expected.ack !== null) different('ack', heard.ack?.number, expected.ack.number);
  for (const name of ['win', 'mss', 'wscale'] as const) {
    if (expected[name] !== null) different(name, heard[name], expected[name]);
  }
  if (expected.sackok && !heard.sackok) found.push('it has no sackok');
  const blocks = (of: SegmentLine) => of.sack.map(([start, end]) => `${start}:${end}`).join(' ') || 'none';
  different('sack', blocks(heard), blocks(expected));
  compareTimestamps(expected, heard, different);
  for (const name of expected.absent) {
    if (heard[name as Exclude<typeof name, 'ack'>]) found.push(`it has ${name}`);
    else if (name === 'wscale' && heard.wscale !== null) found.push('it has wscale');
  }
  return found;
}

function compareTimestamps(
  expected: SegmentLine,
  heard: Heard,
  different: (name: string, came: unknown, wanted: unknown) => void,
): void {
  if (expected.ts === null) return;
  different('that it has ts', heard.ts !== null, true);
  if (heard.ts === null) return;
  if (expected.ts.value !== null) different('ts val', heard.ts.value, expected.ts.value);
  if (expected.ts.echo !== null) different('ts ecr', heard.ts.echo, expected.ts.echo);
}
