import { expect, test } from 'vitest';
import { report } from '../test-report.ts';
import { manifest } from '../test-synthetic-run.ts';
import { backendInWords, outsideBackends } from './backends.ts';
import { shortCaption } from './caption.ts';

const common = { api_version: 1, moments: true, versions: {} };
const own = { ...common, name: 'rdma', title: 'RDMA', module: null };
const sha256 = '0123456789abcdef'.repeat(4);
const outside = {
  ...common,
  name: 'pipes',
  title: 'Pipes',
  module: { package: 'pipes-backend', version: '1.2.0', sha256, files: 3 },
};

test('a backend is called as its descriptor did; in an older run by its name', () => {
  expect(backendInWords({ backends: [own] }, 'rdma')).toBe('RDMA');
  expect(backendInWords({ backends: [] }, 'rdma')).toBe('rdma');
});

test('one from outside has its package, version and hash; without a package the hash alone', () => {
  expect(backendInWords({ backends: [own, outside] }, 'pipes')).toBe(
    'Pipes (pipes-backend 1.2.0, 0123456789ab)',
  );
  const bare = { ...outside, module: { ...outside.module, package: null, version: null } };
  expect(backendInWords({ backends: [bare] }, 'pipes')).toBe('Pipes (0123456789ab)');
});

test('a figure of a backend from outside says so, in its caption and in its text; others do not', async () => {
  expect(outsideBackends({ backends: [own] })).toEqual([]);
  const ofOutside = manifest({ backends: [{ ...outside, name: 'kernel', title: 'Pipes' }] });
  const { words, summary } = await report({ manifest: ofOutside });
  expect(words.join(' ')).toContain(
    'The client polls through the Pipes (pipes-backend 1.2.0, 0123456789ab) backend.',
  );
  expect(shortCaption(ofOutside, summary)).toContain(
    'Backend from outside: Pipes (pipes-backend 1.2.0, 0123456789ab).',
  );
});
