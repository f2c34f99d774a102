/**
 * Writes the part of docs/commands.md that says which engine has which command of Redis, from the command tables of
 * both servers: npm run command-docs. tests/kvserver-commands.test.ts holds it up to date.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedisServer, startTypescript } from '../redis-suite/external.ts';
import { commandSection, withSection } from './section.ts';
import { readTable } from './table.ts';

const document = join(import.meta.dirname, '..', '..', 'docs', 'commands.md');
const folder = mkdtempSync(join(tmpdir(), 'command-docs-'));
const redis = await startRedisServer(folder);
const typescript = await startTypescript();
try {
  const section = commandSection(await readTable(typescript.port), await readTable(redis.port));
  writeFileSync(document, withSection(readFileSync(document, 'utf8'), section));
} finally {
  await typescript.stop();
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
}
