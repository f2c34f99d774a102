import { describe, expect, it } from 'vitest';
import { Ports } from './ports.ts';

const ANY = () => true;
const FIRST = 49_152;
const LAST = 65_535;

describe('Ports', () => {
  it('are taken once and released', () => {
    const ports = new Ports();
    expect(ports.take(80)).toBe(true);
    expect(ports.take(80)).toBe(false);
    ports.release(80);
    expect(ports.take(80)).toBe(true);
  });

  it('are ephemeral from 49152 to 65535 (RFC 6335, 6), each once before any comes again', () => {
    const ports = new Ports();
    const seen = new Set<number>();
    for (let i = 0; i <= LAST - FIRST; i++) seen.add(ports.ephemeral(-12_345, ANY));
    expect(seen.size).toBe(LAST - FIRST + 1);
    expect(Math.min(...seen)).toBe(FIRST);
    expect(Math.max(...seen)).toBe(LAST);
  });

  it('start elsewhere for another destination (RFC 6056, 3.3.3)', () => {
    const first = [0, 1, 5000, -2, 0x7fff_ffff].map((offset) => new Ports().ephemeral(offset, ANY));
    expect(new Set(first).size).toBe(5);
  });

  it('are never those that are taken, or that the caller does not want', () => {
    const ports = new Ports();
    for (let port = FIRST; port <= LAST; port++) if (port !== 50_000 && port !== 60_000) ports.take(port);
    expect(ports.ephemeral(7, (port) => port !== 50_000)).toBe(60_000);
    expect(ports.ephemeral(7, (port) => port !== 60_000)).toBe(50_000);
  });

  it('are none when all are taken', () => {
    const ports = new Ports();
    expect(ports.ephemeral(7, () => false)).toBe(0);
  });
});
