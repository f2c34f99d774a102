/**
 * The page's script: live/ with Vega, in one piece, the same bytes for the same sources and packages. It is put
 * together when a report is written, so that it cannot be older than its sources.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

export interface PageScript {
  code: string;
  /** What the page's policy lets run, and nothing else: `'sha256-...'`. */
  source: string;
}

let made: Promise<PageScript> | null = null;

/** Takes about a second, once for a process. */
export function pageScript(): Promise<PageScript> {
  made ??= make();
  return made;
}

async function make(): Promise<PageScript> {
  const bundle = await rolldown({
    input: fileURLToPath(new URL('live/live.ts', import.meta.url)),
    platform: 'browser',
    tsconfig: false,
    onLog: (_level, log) => {
      throw new Error(`the page's script cannot be put together: ${log.message}`);
    },
  });
  const { output } = await bundle.generate({ format: 'iife', minify: true });
  await bundle.close();
  const code = `${await licences(output[0].moduleIds)}\n${output[0].code.trim()}\n`;
  if (output.length !== 1 || /<\/script|<!--/i.test(code)) {
    throw new Error("the page's script cannot stand inside an HTML element");
  }
  return { code, source: `'sha256-${createHash('sha256').update(code).digest('base64')}'` };
}

/** The licences of the packages whose code is in the script ask to go with it. Each text stands once. */
async function licences(modules: string[]): Promise<string> {
  const folders = new Set(
    modules.flatMap((module) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? []),
  );
  const names = new Map<string, string[]>();
  for (const folder of [...folders].sort()) {
    const file = (await readdir(folder)).find((name) => /^licen[cs]e/i.test(name));
    if (!file) throw new Error(`${folder} has no licence to show`);
    const text = (await readFile(join(folder, file), 'utf8')).replaceAll('\r', '').trim();
    names.set(text, [...(names.get(text) ?? []), packageName(folder)]);
  }
  const parts = [...names].map(([text, packages]) => `${packages.join(', ')}:\n\n${text}`);
  return `/*\n${parts.join('\n\n').replaceAll('*/', '* /')}\n*/`;
}

function packageName(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
}
