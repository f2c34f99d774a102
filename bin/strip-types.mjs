/**
 * Node runs TypeScript by itself outside of node_modules only. Where this project is installed as a package it lies in
 * one: there bin/bypassbench has every Node that it starts, and those that they start, load this first.
 */
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const own = `${pathToFileURL(dirname(import.meta.dirname)).href}/`;

registerHooks({
  load(url, context, next) {
    if (!url.startsWith(own) || !url.endsWith('.ts')) return next(url, context);
    const source = stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'));
    return { format: 'module', source, shortCircuit: true };
  },
});
