/**
 * From the machine's lists of Debian packages to the lists of their sources, in both formats of sources.list(5).
 * Archives, suites, components and options such as keys stay as they are. Plain JavaScript without dependencies, as
 * all of set-up.
 */

const unique = (entries) => [...new Set(entries)];

/** Disks that must be put in have no sources that could be fetched. */
const ON_DISK = /\bcdrom:/;

/** Of the text of a file `*.list`: an entry a line. */
export function sourceLines(text) {
  const entries = text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => /^deb(-src)?\s/.test(line) && !ON_DISK.test(line));
  return unique(entries.map((line) => `${line.replace(/^deb(-src)?\s+/, 'deb-src ')}\n`)).join('');
}

/** A field may go on in lines that begin with a blank. */
const TYPES = /^Types:.*(\n[ \t].*)*/im;
/** The values that apt takes for no. */
const DISABLED = /^Enabled:\s*(no|false|without|off|disable|0)\s*$/im;

/** Of the text of a file `*.sources`: paragraphs of fields, with an empty line between them. */
export function sourceParagraphs(text) {
  const entries = text
    .replace(/^#.*\n?/gm, '')
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => TYPES.test(paragraph) && !DISABLED.test(paragraph) && !ON_DISK.test(paragraph));
  return unique(entries.map((paragraph) => `${paragraph.replace(TYPES, 'Types: deb-src')}\n`)).join('\n');
}
