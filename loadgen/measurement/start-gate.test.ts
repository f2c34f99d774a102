import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { timeOfDayOriginNs } from '../../libos/index.ts';
import { attendGate, createGate, StartGate } from './start-gate.ts';

const monotonicNs = () => Number(process.hrtime.bigint());
const timeOfDayNs = () => timeOfDayOriginNs() + process.hrtime.bigint();

function attended(threads: number) {
  const memory = createGate();
  const [input, output] = [new PassThrough(), new PassThrough()];
  const over = new AbortController();
  const told = attendGate(memory, threads, { input, output, signal: over.signal });
  const gates = Array.from({ length: threads }, () => new StartGate(memory, () => over.signal.aborted));
  const said = (): string => String(output.read() ?? '');
  return { gates, input, said, told, over };
}

test('it is ready when all threads are, and opens at the moment that it is told, byte by byte', async () => {
  const { gates, input, said, told } = attended(2);
  const [first, second] = gates as [StartGate, StartGate];
  first.populated();
  first.arrive();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(said()).toBe('{"populated":true}\n');
  second.arrive();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(said()).toBe('{"ready":true}\n');
  expect(first.startNs).toBeNull();
  const inNs = 50_000_000;
  const asked = monotonicNs();
  for (const byte of `${timeOfDayNs() + BigInt(inNs)}\n`) input.write(byte);
  const start = await told;
  expect(Math.abs(start!.startNs - asked - inNs)).toBeLessThan(20e6);
  expect([first.startNs, second.startNs]).toEqual([start?.startNs, start?.startNs]);
  expect(first.waitForStart(monotonicNs)).toBe(start?.startNs);
  expect(monotonicNs()).toBeGreaterThanOrEqual(start!.startNs);
});

test('it practises until it is told, and no longer than shortly before the moment', () => {
  const memory = createGate();
  const gate = new StartGate(memory, () => false);
  let now = 0;
  const practised: number[] = [];
  gate.stayWarm(
    () => now,
    20e6,
    (durationS) => {
      practised.push(durationS);
      now += durationS * 1e9;
      if (practised.length === 2) {
        memory.startNs[0] = now + 170e6;
        memory.words[2] = 1;
      }
      return true;
    },
  );
  expect(practised).toEqual([0.1, 0.1, 0.1, 0.05]);
});

test('what is no moment is refused, and so is an input that ends', async () => {
  const wrong = ['soon', '', '-5', `${Date.now()}`, `${timeOfDayNs() + 7_200_000_000_000n}`, '9'.repeat(30)];
  for (const line of wrong) {
    const { gates, input, told } = attended(1);
    gates[0]?.arrive();
    input.write(`${line}\n`);
    await expect(told, line).rejects.toMatchObject({ code: 'NO_START' });
  }
  const { gates, input, told } = attended(1);
  gates[0]?.arrive();
  input.end('176');
  await expect(told).rejects.toThrow('standard input ended before it said when to begin');
});

test('a load that ends otherwise is not waited for', async () => {
  const before = attended(1);
  before.over.abort();
  expect(await before.told).toBeNull();
  const ready = attended(1);
  ready.gates[0]?.arrive();
  await new Promise((resolve) => setTimeout(resolve, 30));
  ready.over.abort();
  expect(await ready.told).toBeNull();
  expect(ready.gates[0]?.waitForStart(monotonicNs)).toBeNull();
});
