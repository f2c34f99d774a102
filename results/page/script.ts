/**
 * The page's script: live/ with Vega, in one piece, the same bytes for the same sources and packages. It is put
 * together when a report is written, so that it cannot be older than its sources: kept is what came of it, for as long
 * as none of them has changed.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { replaceFile } from '../formats/index.ts';

export interface PageScript {
  code: string;
  /** What the page's policy lets run, and nothing else: `'sha256-...'`. */
  source: string;
}

/** What was put together, and of what. */
interface Kept {
  /** Each file that it depends on, and of which content it was. */
  sources: [file: string, sha256: string][];
  code: string;
}

/** Where the packages lie: of a checkout in its own folder, of an installed package perhaps beside it. */
const modules = join(dirname(findPackageJSON('rolldown', import.meta.url)!), '..');
const keptFile = join(modules, '.cache', 'page-script.json');
/** npm's list of what is installed, and this file: they say how it is put together. */
const makers = [join(modules, '.package-lock.json'), fileURLToPath(import.meta.url)];

let made: Promise<PageScript> | null = null;

/** Putting it together takes a third of a second of processor time, as often as a source has changed. */
export function pageScript(): Promise<PageScript> {
  made ??= codeKeptIn(keptFile).then((code) => ({ code, source: `'sha256-${sha256(code, 'base64')}'` }));
  return made;
}

/** Of this file if it was made of these sources; else it is put together, and kept there. */
export async function codeKeptIn(file: string): Promise<string> {
  const kept = readKept(file);
  if (kept !== null) return kept;
  const { code, files } = await make();
  await keep(file, code, files);
  return code;
}

/** Null where there is none, or one of other sources. */
function readKept(file: string): string | null {
  try {
    const { sources, code }: Kept = JSON.parse(readFileSync(file, 'utf8'));
    return sources.every(([source, hash]) => sha256(readFileSync(source), 'hex') === hash) ? code : null;
  } catch {
    return null;
  }
}

async function keep(file: string, code: string, files: string[]): Promise<void> {
  try {
    const sources = files.map((source): Kept['sources'][number] => [
      source,
      sha256(readFileSync(source), 'hex'),
    ]);
    await mkdir(dirname(file), { recursive: true });
    await replaceFile(file, JSON.stringify({ sources, code } satisfies Kept));
  } catch {
    // Where nothing may be written, or a package is none of npm's, it is put together each time.
  }
}

async function make(): Promise<{ code: string; files: string[] }> {
  // Loaded where something is to be put together.
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({
    input: fileURLToPath(new URL('live/live.ts', import.meta.url)),
    platform: 'browser',
    tsconfig: false,
    onLog: (_level, log) => {
      throw new Error(`the page's script cannot be put together: ${log.message}`);
    },
  });
  const { output } = await bundle.generate({ format: 'iife', minify: true });
  const files = await bundle.watchFiles;
  await bundle.close();
  const licences = await licencesOf(output[0].moduleIds);
  const code = `${licences.text}\n${output[0].code.trim()}\n`;
  if (output.length !== 1 || /<\/script|<!--/i.test(code)) {
    throw new Error("the page's script cannot stand inside an HTML element");
  }
  return { code, files: [...makers, ...files, ...licences.files] };
}

/** The licences of the packages whose code is in the script ask to go with it. Each text stands once. */
async function licencesOf(modules: string[]): Promise<{ text: string; files: string[] }> {
  const folders = new Set(
    modules.flatMap((module) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? []),
  );
  const names = new Map<string, string[]>();
  const files: string[] = [];
  for (const folder of [...folders].sort()) {
    const name = (await readdir(folder)).find((one) => /^licen[cs]e/i.test(one));
    if (!name) throw new Error(`${folder} has no licence to show`);
    const file = join(folder, name);
    const text = (await readFile(file, 'utf8')).replaceAll('\r', '').trim();
    names.set(text, [...(names.get(text) ?? []), packageName(folder)]);
    files.push(file);
  }
  const parts = [...names].map(([text, packages]) => `${packages.join(', ')}:\n\n${text}`);
  return { text: `/*\n${parts.join('\n\n').replaceAll('*/', '* /')}\n*/`, files };
}

function packageName(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function sha256(content: string | Uint8Array, encoding: 'hex' | 'base64'): string {
  return createHash('sha256').update(content).digest(encoding);
}
