import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ErrorCode } from '../errors.ts';
import { Warnings } from './warnings.ts';

const moment = fc.record({
  afterUs: fc.nat(700_000),
  reason: fc.constantFrom(null, 'one', 'other'),
  code: fc.constantFrom<ErrorCode[]>('CONNECTION_RESET', 'PROTOCOL_ERROR'),
});

it('says of each code one line in a second, the first at once, and counts all', () => {
  fc.assert(
    fc.property(fc.array(moment), (moments) => {
      let nowUs = 0;
      const said: { atUs: number; line: string }[] = [];
      const warnings = new Warnings((line) => said.push({ atUs: nowUs, line }));
      const given = new Map<ErrorCode, number>();
      for (const { afterUs, reason, code } of moments) {
        nowUs += afterUs;
        warnings.tick(nowUs);
        if (reason === null) continue;
        warnings.add(nowUs, reason, code);
        if (!given.has(code)) expect(said.at(-1)).toEqual({ atUs: nowUs, line: `${reason} (${code})` });
        given.set(code, (given.get(code) ?? 0) + 1);
      }
      nowUs += 1_000_000;
      warnings.tick(nowUs);
      for (const [code, count] of given) {
        const ofCode = said.filter(({ line }) => line.includes(code));
        const more = ofCode.map(({ line }) => 1 + Number(/and (\d+) more/.exec(line)?.[1] ?? 0));
        expect(more.reduce((sum, one) => sum + one, 0)).toBe(count);
        for (let i = 1; i < ofCode.length; i++) {
          expect(ofCode[i].atUs - ofCode[i - 1].atUs).toBeGreaterThanOrEqual(1_000_000);
        }
      }
    }),
  );
});
