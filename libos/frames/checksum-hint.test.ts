import { expect, it } from 'vitest';
import { connectHint } from './checksum-hint.ts';

const dropped = { rx_bad_checksum: 7 };

it('names the wrong checksums and the remedies where a connect timed out', () => {
  const verifying = connectHint('TIMED_OUT', dropped, { checksum: 'verify' });
  expect(verifying).toMatch(/^7 frames with wrong checksums/);
  expect(verifying).toContain('ethtool -K PEER tx off');
  expect(verifying).toContain('-o checksum=partial');
  expect(connectHint('TIMED_OUT', dropped, { checksum: 'partial' })).not.toContain('checksum=partial');
});

it('says nothing of what has other reasons', () => {
  expect(connectHint('TIMED_OUT', { rx_bad_checksum: 0 }, { checksum: 'verify' })).toBeNull();
  expect(connectHint('CONNECTION_REFUSED', dropped, { checksum: 'verify' })).toBeNull();
});
