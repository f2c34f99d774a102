import { expect, it } from 'vitest';
import { nativeProgram } from './programs.ts';

it('a program that is not built is reported with the remedy, in one line', () => {
  expect(() => nativeProgram('no-such-program')).toThrow(
    expect.objectContaining({
      code: 'BACKEND_UNAVAILABLE',
      message:
        "no-such-program: loadgen/floor/native/build/no-such-program is not there: 'npm run setup' builds it, " +
        'and says what ' +
        'it lacks for that (BACKEND_UNAVAILABLE)',
    }),
  );
});
