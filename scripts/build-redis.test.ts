/** What set-up reads before it builds Redis: lists of packages, versions, flags, Makefile, glue. Nothing is fetched. */
import { describe, expect, it } from 'vitest';
import { serverObjects, wrapped } from './build-redis.mjs';
import { packageFlags } from './redis/package-flags.mjs';
import { sourceLines, sourceParagraphs } from './redis/source-lists.mjs';
import { upstreamVersion, whyUnsupported, withoutEpoch } from './redis/source-package.mjs';

describe('lists of packages, an entry a line', () => {
  it('become lists of sources, with their options', () => {
    const text = [
      'deb http://archive.example/debian bookworm main contrib',
      'deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg]  http://archive.example/security bookworm-security main',
      '\tdeb http://flat.example/packages ./',
    ].join('\n');
    expect(sourceLines(text).split('\n')).toEqual([
      'deb-src http://archive.example/debian bookworm main contrib',
      'deb-src [arch=amd64 signed-by=/usr/share/keyrings/a.gpg]  http://archive.example/security bookworm-security main',
      'deb-src http://flat.example/packages ./',
      '',
    ]);
  });

  it('keep an entry of sources that is there, once', () => {
    const text =
      'deb http://archive.example/debian bookworm main\ndeb-src http://archive.example/debian bookworm main\n';
    expect(sourceLines(text)).toBe('deb-src http://archive.example/debian bookworm main\n');
    expect(sourceLines('deb-src http://archive.example/debian bookworm main')).toBe(
      'deb-src http://archive.example/debian bookworm main\n',
    );
  });

  it('lose comments, disks and what is no entry', () => {
    const text = [
      '# deb http://off.example/debian bookworm main',
      '#deb http://off.example/debian bookworm main',
      'deb http://archive.example/debian bookworm main # the mirror nearby',
      'deb cdrom:[Debian 12]/ bookworm main',
      'debug http://archive.example/debian bookworm main',
      '',
    ].join('\n');
    expect(sourceLines(text)).toBe('deb-src http://archive.example/debian bookworm main\n');
    expect(sourceLines('')).toBe('');
  });
});

describe('lists of packages in paragraphs', () => {
  const paragraph = (types: string, ...more: string[]) =>
    [
      `${types}`,
      'URIs: http://archive.example/debian',
      'Suites: bookworm bookworm-updates',
      ...more,
      '',
    ].join('\n');

  it('become lists of sources, with their keys', () => {
    const key = [
      'Signed-By:',
      ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
      ' .',
      ' mDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0srwuhlB6JKFkcf4HU4SSS/xcRfwEQWzr',
      ' -----END PGP PUBLIC KEY BLOCK-----',
    ];
    expect(sourceParagraphs(paragraph('Types: deb', 'Components: main', ...key))).toBe(
      paragraph('Types: deb-src', 'Components: main', ...key),
    );
    expect(sourceParagraphs(paragraph('types: deb deb-src', 'Signed-By: /usr/share/keyrings/a.gpg'))).toBe(
      paragraph('Types: deb-src', 'Signed-By: /usr/share/keyrings/a.gpg'),
    );
    expect(sourceParagraphs(paragraph('Types:\n deb\n deb-src'))).toBe(paragraph('Types: deb-src'));
  });

  it('stay apart, and one that is there twice is there once', () => {
    const other = 'Types: deb\nURIs: http://other.example/debian\nSuites: bookworm\n';
    const text = [paragraph('Types: deb'), paragraph('Types: deb-src'), other].join('\n \n');
    expect(sourceParagraphs(text)).toBe(
      [paragraph('Types: deb-src'), other.replace('deb', 'deb-src')].join('\n'),
    );
  });

  it('lose comments within and around them', () => {
    const text = `# Debian's own\n\n${paragraph('Types: deb', '# Signed-By: /old.gpg', 'Components: main')}`;
    expect(sourceParagraphs(text)).toBe(paragraph('Types: deb-src', 'Components: main'));
    expect(sourceParagraphs('# Types: deb\n# URIs: http://off.example/debian\n')).toBe('');
  });

  it('lose those that are disabled, and only those', () => {
    expect(sourceParagraphs(paragraph('Types: deb', 'Enabled: no'))).toBe('');
    expect(sourceParagraphs(paragraph('Types: deb', 'enabled: False'))).toBe('');
    expect(sourceParagraphs(paragraph('Types: deb', 'Enabled: yes'))).toBe(
      paragraph('Types: deb-src', 'Enabled: yes'),
    );
  });
});

describe('the version that is installed', () => {
  it.each([
    ['5:7.0.15-1~deb12u10', '7.0.15', '7.0.15-1~deb12u10'],
    ['5:7.0.15-1ubuntu0.24.04.1', '7.0.15', '7.0.15-1ubuntu0.24.04.1'],
    ['5:8.0.2-3', '8.0.2', '8.0.2-3'],
    ['7.0.4-rc1-2', '7.0.4-rc1', '7.0.4-rc1-2'],
  ])('%s is Redis %s', (version, upstream, inNames) => {
    expect(upstreamVersion(version)).toBe(upstream);
    expect(withoutEpoch(version)).toBe(inNames);
  });

  it.each(['7.0.0', '7.0.15', '7.0.16'])('%s is built', (upstream) => {
    expect(whyUnsupported(upstream)).toBeNull();
  });

  it.each(['6.0.16', '6.2.14', '7.2.4', '7.4.1', '70.0.1', '8.0.2'])(
    '%s is not, and why is said',
    (upstream) => {
      expect(whyUnsupported(upstream)).toMatch(
        `redis-server ${upstream} is installed, and the port is of Redis 7.0`,
      );
    },
  );
});

describe("the distribution's flags", () => {
  it('are taken but for those that are decided here', () => {
    const shown = [
      'ASFLAGS=',
      'CFLAGS=-g -O2 -ffile-prefix-map=/a/b=. -specs=/usr/share/dpkg/pie-compile.specs -flto=auto -ffat-lto-objects -fstack-clash-protection',
      'CPPFLAGS=-Wdate-time -D_FORTIFY_SOURCE=3',
      'CXXFLAGS=-g -O1',
      'LDFLAGS=-specs=/usr/share/dpkg/pie-link.specs -flto=auto -Wl,-z,relro -Wl,-z,now',
    ].join('\n');
    expect(packageFlags(shown)).toEqual({
      optimization: '-O2',
      compiler: ['-Wdate-time', '-D_FORTIFY_SOURCE=3', '-g', '-fstack-clash-protection'],
      linker: ['-Wl,-z,relro', '-Wl,-z,now'],
    });
  });

  it('have a level of optimisation of their own', () => {
    expect(packageFlags('CFLAGS=-g -O3').optimization).toBe('-O3');
    expect(packageFlags('CFLAGS=-g').optimization).toBe('-O2');
  });
});

describe('the port', () => {
  it('is linked from the objects of the server, with main under its other name', () => {
    const makefile = 'NAME=x\nREDIS_SERVER_OBJ=ae.o server.o release.o\nREDIS_CLI_OBJ=anet.o server.o\n';
    expect(serverObjects(makefile)).toEqual(['src/ae.o', 'src/server-library.o', 'src/release.o']);
  });

  it('takes the calls of the functions that the glue defines a wrapper of', () => {
    const glue = 'void __wrap_aeMain(aeEventLoop *loop)\n{\n}\nint __wrap_exit (int);\nint a = x__wrap_b(1);';
    expect(wrapped([glue, 'void __wrap_aeMain(aeEventLoop *loop);'])).toEqual(['aeMain', 'exit']);
  });
});
