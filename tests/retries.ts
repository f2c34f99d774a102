/** Prints that a test was tried again: a test that passes at its second try only is one to look at. */
import { afterEach } from 'vitest';

afterEach(({ task }) => {
  const again = task.result?.retryCount ?? 0;
  if (again > 0) console.warn(`tried again, try ${again + 1}: ${task.file.name}: ${task.name}`);
});
