import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Demultiplexer, type Named } from './demultiplexer.ts';

function connectionOf(localPort: number, remoteAddress: number, remotePort: number): Named {
  return { localPort, remoteAddress, remotePort };
}

describe('Demultiplexer', () => {
  it('tells connections apart by each of their names', () => {
    const table = new Demultiplexer<Named>(7);
    const names = [
      [80, 1, 2],
      [81, 1, 2],
      [80, -1, 2],
      [80, 1, 3],
      [2, 1, 80],
    ] as const;
    const connections = names.map(([port, address, remotePort]) => connectionOf(port, address, remotePort));
    for (const connection of connections) table.add(connection);
    names.forEach(([port, address, remotePort], index) => {
      expect(table.find(port, address, remotePort)).toBe(connections[index]);
    });
    expect(table.find(80, 2, 1)).toBeNull();
  });

  it('forgets the connection that was found last when it is deleted', () => {
    const table = new Demultiplexer<Named>(7);
    const connection = connectionOf(80, 1, 2);
    table.add(connection);
    expect(table.find(80, 1, 2)).toBe(connection);
    table.delete(connection);
    expect(table.find(80, 1, 2)).toBeNull();
    expect(table.size).toBe(0);
  });

  it('deletes nothing that it does not hold', () => {
    const table = new Demultiplexer<Named>(7);
    table.add(connectionOf(80, 1, 2));
    table.delete(connectionOf(80, 1, 2));
    expect(table.size).toBe(1);
  });

  it('agrees with a map, whatever is added and deleted, and visits each once', () => {
    const name = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: -9, max: 9 }),
      fc.nat({ max: 9 }),
    );
    const steps = fc.array(fc.tuple(fc.boolean(), name), { maxLength: 400 });
    fc.assert(
      fc.property(fc.integer(), steps, (key, list) => {
        const table = new Demultiplexer<Named>(key);
        const reference = new Map<string, Named>();
        for (const [adds, names] of list) {
          const known = reference.get(names.join());
          expect(table.find(...names)).toBe(known ?? null);
          if (adds && known === undefined) {
            const connection = connectionOf(...names);
            table.add(connection);
            reference.set(names.join(), connection);
          } else if (!adds && known !== undefined) {
            table.delete(known);
            reference.delete(names.join());
          }
        }
        expect(table.size).toBe(reference.size);
        const visited: Named[] = [];
        table.forEach((connection) => void visited.push(connection));
        expect(visited.length).toBe(reference.size);
        expect(new Set(visited)).toEqual(new Set(reference.values()));
      }),
    );
  });

  it('holds ten thousand and lets them all go', () => {
    const table = new Demultiplexer<Named>(-5);
    const all = Array.from({ length: 10_000 }, (_, i) => connectionOf(80, i % 7, i));
    for (const connection of all) table.add(connection);
    for (const connection of all) {
      expect(table.find(80, connection.remoteAddress, connection.remotePort)).toBe(connection);
      table.delete(connection);
    }
    expect(table.size).toBe(0);
  });
});
