/** Every script of segments below scripts/ is a test, named by its rule (docs/segments.md). */
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { doScript, readScript, SCRIPT_FOLDER, scriptNames } from './test-script-files.ts';

/** One that cannot be read fails as a test of its own. */
const scripts = scriptNames().map((name) => {
  const file = relative(process.cwd(), join(SCRIPT_FOLDER, name));
  try {
    const script = readScript(file);
    return { name, title: `${script.rule} (${script.source})`, run: () => doScript(script, file) };
  } catch (error) {
    return { name, title: 'can be read', run: () => Promise.reject(error) };
  }
});

describe('scripts of segments', () => {
  it.each(scripts)('$name: $title', ({ run }) => run());

  it('have a rule each of their own', () => {
    const titles = scripts.map(({ title }) => title);
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
  });
});
