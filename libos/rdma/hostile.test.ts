/**
 * A peer that breaks the rules of messages: its connection ends as PROTOCOL_ERROR, an honest one beside it
 * goes on, and no receive is missing afterwards.
 */
import { describe, expect, it } from 'vitest';
import {
  CONNECTION,
  CREDITS_RECEIVED,
  KEY,
  KIND_AND_LENGTH,
  KIND_SHIFT,
  Kind,
  LIMIT,
  SEQUENCE,
} from './message.ts';
import { EndReason, RecordKind } from './rendezvous.ts';
import { type Attacked, attackedHosts, carriesOn } from './test-attack.ts';

/** With the header that the next message of the attacked connection would carry. */
function setUp(): Attacked {
  const attacked = attackedHosts();
  attacked.header[SEQUENCE]++;
  return attacked;
}

/** The honest connection still carries data, and whoever is promised a receive has one. */
function expectOthersUntouched(setting: Attacked): void {
  carriesOn(setting, 20);
  const { server, world } = setting;
  const { budget } = server.transport.engine;
  expect(server.device.posted).toBeGreaterThanOrEqual(budget.promised);
  world.shutdown();
}

const data = (length: number) => (Kind.Data << KIND_SHIFT) | length;

describe('a message', () => {
  const attacks: [string, (header: number[]) => number[], number][] = [
    ['that claims more bytes than it has', (header) => withWord(header, KIND_AND_LENGTH, data(100)), 50],
    ['that has more bytes than it claims', (header) => withWord(header, KIND_AND_LENGTH, data(100)), 150],
    ['longer than a buffer', (header) => withWord(header, KIND_AND_LENGTH, data(5000)), 5000],
    [
      'of a kind that there is not',
      (header) => withWord(header, KIND_AND_LENGTH, (7 << KIND_SHIFT) | 10),
      10,
    ],
    ['that grants more than a window', (header) => withWord(header, LIMIT, header[LIMIT] + 10_000), 5],
    ['that takes credits back', (header) => withWord(header, LIMIT, header[LIMIT] - 3), 5],
    ['that has received credits which were never sent', (header) => withWord(header, CREDITS_RECEIVED, 4), 5],
    ['from the past', (header) => withWord(header, SEQUENCE, 0), 5],
    ['from beyond the window', (header) => withWord(header, SEQUENCE, 1000), 5],
  ];

  it.each(attacks)('%s ends its connection and no other', (_what, change, bytes) => {
    const setting = setUp();
    const { server, world, victim, header } = setting;
    const pop = server.libos.pop(victim.serverQd);
    const proper = withWord(header, KIND_AND_LENGTH, data(bytes));
    server.device.inject(change(proper), new Uint8Array(bytes));
    expect(world.wait(server.libos, pop).error).toBe('PROTOCOL_ERROR');
    const push = world.pushFreeing(server.libos, victim.serverQd, 'answer');
    expect(world.wait(server.libos, push).error).toBe('PROTOCOL_ERROR');
    expectOthersUntouched(setting);
  });

  it('beyond the credits ends its connection and no other', () => {
    const setting = setUp();
    const { server, world, victim, header } = setting;
    // Nobody reads: four credits at first.
    for (let i = 0; i < 6; i++) {
      server.device.inject(
        withWord(withWord(header, SEQUENCE, header[SEQUENCE] + i), KIND_AND_LENGTH, data(1)),
        new Uint8Array(1),
      );
    }
    world.settle(5);
    expect(() => world.pop(server.libos, victim.serverQd)).toThrow('PROTOCOL_ERROR');
    expectOthersUntouched(setting);
  });

  it.each([
    ['for a connection that is not there', (header: number[]) => withWord(header, CONNECTION, 77)],
    ['for a number below zero', (header: number[]) => withWord(header, CONNECTION, -1)],
    ['with the wrong key', (header: number[]) => withWord(header, KEY, header[KEY] ^ 1)],
  ])('%s is counted and forgotten', (_what, change) => {
    const setting = setUp();
    const { server, world, victim, header } = setting;
    server.device.inject(change(withWord(header, KIND_AND_LENGTH, data(5))), new Uint8Array(5));
    world.settle(5);
    expect(server.libos.counters()).toMatchObject({ stray_messages: 1 });
    world.pushFreeing(world.client, victim.clientQd, 'second');
    expect(world.popText(world.server, victim.serverQd)).toBe('second');
    expectOthersUntouched(setting);
  });
});

describe('a record of the end', () => {
  it.each([
    ['of a stream shorter than what has come', RecordKind.Finish, 0],
    ['of a stream longer than its credits', RecordKind.Finish, 1000],
    ['of everything, with fewer messages than have come', RecordKind.End, 0],
  ])('%s ends its connection and no other', (_what, kind, count) => {
    const setting = setUp();
    const { client, server, world, victim } = setting;
    const pop = server.libos.pop(victim.serverQd);
    const [line] = client.rendezvous.lines;
    line.send(kind, EndReason.Reset, count, 0);
    expect(world.wait(server.libos, pop).error).toMatch(/PROTOCOL_ERROR|CONNECTION_RESET/);
    client.libos.close(victim.clientQd);
    expectOthersUntouched(setting);
  });
});

function withWord(header: number[], at: number, value: number): number[] {
  const changed = [...header];
  changed[at] = value;
  return changed;
}
