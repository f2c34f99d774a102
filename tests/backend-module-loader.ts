/**
 * Loads modules of backends one after the other, for backend-module.test.ts: prints what became of each, as JSON. In a
 * process of its own, since a test's process loads modules in a way of its own.
 *
 *     node backend-module-loader.ts '[["./x.js", "/folder"], ...]'
 */
import { backendFiles, loadBackendModule, openLibos } from '../libos/index.ts';

const asked = JSON.parse(process.argv[2]) as [reference: string, folder: string][];
const outcomes: unknown[] = [];
for (const [reference, folder] of asked) {
  try {
    const { name } = await loadBackendModule(reference, folder);
    const libos = await openLibos({ backend: name, backendOptions: { folder } });
    outcomes.push({ name, backend: libos.backend, files: backendFiles(name) });
    libos.shutdown();
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    outcomes.push({ code, message });
  }
}
console.log(JSON.stringify(outcomes));
