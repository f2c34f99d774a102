/**
 * The font that a name means: for the fonts of papers one with the same metrics that Debian has, since the originals
 * may not be given away.
 */
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { ResultsError } from '../../errors.ts';
import { dejaVuSans, Font } from './font.ts';

interface KnownFont {
  name: string;
  normal: string;
  bold: string;
  /** The Debian package that has it. */
  debian: string;
}

const liberation = (kind: string): KnownFont => ({
  name: `Liberation ${kind}`,
  normal: `Liberation${kind}-Regular.ttf`,
  bold: `Liberation${kind}-Bold.ttf`,
  debian: 'fonts-liberation',
});

const texGyre = (kind: string): KnownFont => ({
  name: `TeX Gyre ${kind}`,
  normal: `texgyre${kind.toLowerCase()}-regular.otf`,
  bold: `texgyre${kind.toLowerCase()}-bold.otf`,
  debian: 'fonts-texgyre',
});

/** Fonts by what papers call them, those that are taken first in front. */
const knownFonts: { names: string[]; generic: string; fonts: KnownFont[] }[] = [
  {
    names: ['Times', 'Times New Roman'],
    generic: 'serif',
    fonts: [liberation('Serif'), texGyre('Termes')],
  },
  {
    names: ['Helvetica', 'Arial'],
    generic: 'sans-serif',
    fonts: [liberation('Sans'), texGyre('Heros')],
  },
  {
    names: ['Courier', 'Courier New'],
    generic: 'monospace',
    fonts: [liberation('Mono'), texGyre('Cursor')],
  },
  { names: ['Palatino'], generic: 'serif', fonts: [texGyre('Pagella')] },
  {
    names: ['Computer Modern', 'Latin Modern'],
    generic: 'serif',
    fonts: [
      {
        name: 'Latin Modern Roman',
        normal: 'lmroman8-regular.otf',
        bold: 'lmroman8-bold.otf',
        debian: 'fonts-lmodern',
      },
    ],
  },
  {
    names: ['Libertine'],
    generic: 'serif',
    fonts: [
      {
        name: 'Linux Libertine',
        normal: 'LinLibertine_R.otf',
        bold: 'LinLibertine_RB.otf',
        debian: 'fonts-linuxlibertine',
      },
    ],
  },
];

const folders = [
  '/usr/share/fonts',
  '/usr/local/share/fonts',
  '/usr/share/texmf/fonts',
  '/usr/share/texlive/texmf-dist/fonts',
  join(homedir(), '.local/share/fonts'),
  join(homedir(), '.fonts'),
];

/**
 * `wanted`: a name such as "Times", or the path of a .ttf or .otf file, which then draws what is bold as well. `files`:
 * those that the machine has, by their names. Throws ResultsError FONT_NOT_FOUND, which says what to install.
 */
export function findFont(wanted: string, files: ReadonlyMap<string, string> = fontFiles()): Font {
  if (/\.(ttf|otf)$/i.test(wanted)) return fontOfFile(wanted);
  if (same(wanted, dejaVuSans.name)) return dejaVuSans;
  const known = knownFonts.find(({ names, fonts }) =>
    [...names, ...fonts.map(({ name }) => name)].some((name) => same(name, wanted)),
  );
  if (!known) {
    const names = [...knownFonts.map((one) => one.names[0]), dejaVuSans.name];
    throw notFound(
      `the font '${wanted}' is not known; known are ${names.join(', ')}, and the path of any .ttf or .otf file`,
    );
  }
  const itself = known.fonts.filter(({ name }) => same(name, wanted));
  const candidates = itself.length > 0 ? itself : known.fonts;
  for (const { name, normal, bold } of candidates) {
    const [normalFile, boldFile] = [files.get(normal), files.get(bold)];
    if (normalFile && boldFile) {
      const family = `${[name, ...known.names].join(', ')}, ${known.generic}`;
      return new Font(name, family, { normal: normalFile, bold: boldFile });
    }
  }
  const [{ name, debian }] = candidates;
  throw notFound(
    `the font '${wanted}' needs ${name}, which is not here: apt-get install ${debian}; or take --font '${dejaVuSans.name}', which is always there`,
  );
}

/** By file name. */
function fontFiles(): Map<string, string> {
  return new Map(
    folders
      .filter((folder) => existsSync(folder))
      .flatMap((folder) =>
        readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
      )
      .filter((file) => ['.ttf', '.otf'].includes(extname(file)))
      .map((file) => [basename(file), file]),
  );
}

function fontOfFile(file: string): Font {
  try {
    return Font.ofFile(file);
  } catch (error) {
    throw notFound(
      `the font ${file} cannot be read (${(error as Error).message}); give a TrueType or OpenType file`,
    );
  }
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function notFound(message: string): ResultsError {
  return new ResultsError('FONT_NOT_FOUND', message);
}
