/**
 * Prints what backends stand on, as JSON: for backend-versions.ts. Its arguments are names, each with the URL of its
 * module, or - for one of this project.
 */
import { loadBackendModule } from './backend-module.ts';
import { backendNamed } from './backends.ts';

const versions: Record<string, Readonly<Record<string, string>>> = {};
const words = process.argv.slice(2);
for (let at = 0; at < words.length; at += 2) {
  const [name, module] = words.slice(at, at + 2);
  try {
    if (module !== '-') await loadBackendModule(module);
    versions[name] = backendNamed(name).versions?.() ?? {};
  } catch {
    // It is not installed here.
    versions[name] = {};
  }
}
process.stdout.write(JSON.stringify(versions));
