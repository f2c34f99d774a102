import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { folderProblem, hostProblem, identityProblem, jumpProblem, userProblem } from './ssh-words.ts';

const checks = { hostProblem, userProblem, jumpProblem, identityProblem, folderProblem };

describe('words for ssh', () => {
  test.each(['node0', 'node0.example.org', '10.0.0.1', '::1', 'fe80::1%lan0', 'my_host'])(
    'host %s',
    (host) => {
      expect(hostProblem(host)).toBeNull();
    },
  );

  test.each([
    ['', /empty/],
    ['-oProxyCommand=id', /option/],
    ['me@node0', /`user`/],
    ['node0:2222', /`port`/],
    ['node0:', /`port`/],
    ['node 0', /name or the address/],
    ['ssh://node0', /name or the address/],
  ])('no host: %j', (host, why) => {
    expect(hostProblem(host)).toMatch(why);
  });

  test.each(['gate', 'me@gate', 'gate:22', 'me@gate:2222', 'a,b@c:22,d', '[::1]:22', 'me@[fe80::1]', 'none'])(
    'jump %s',
    (jump) => {
      expect(jumpProblem(jump)).toBeNull();
    },
  );

  test.each([
    '',
    ',',
    'a,',
    'a b',
    '-x',
    'me@',
    '@gate',
    'gate:',
    'gate:0',
    'gate:65536',
    'gate:x',
    'a@b@c',
    '::1',
  ])('no jump: %j', (jump) => {
    expect(jumpProblem(jump)).toMatch(/\[user@\]host\[:port\]/);
  });

  test.each(['~/bypassbench', '/opt/a b', '~/x/y z/', '//srv'])('folder %s', (folder) => {
    expect(folderProblem(folder)).toBeNull();
  });

  test.each(['', '/', '//', '~', '~/', 'bypassbench', './x', '~me/x', '/a\nb', '-/x'])(
    'no folder: %j',
    (folder) => {
      expect(folderProblem(folder)).toMatch(/whole path/);
    },
  );

  test('none that passes is taken for an option or has a line break', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[-@:,[\]/~ \na1]{0,12}$/));
    fc.assert(
      fc.property(text, fc.constantFrom(...Object.values(checks)), (word, check) => {
        if (check(word) !== null) return;
        expect(word).not.toMatch(/^-|\n/);
        expect(word).not.toBe('');
      }),
    );
  });
});
