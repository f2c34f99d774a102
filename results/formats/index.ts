/** The door of the file formats: each has its type, its writer and its reader here, and nowhere else. */
export * from './bundle.ts';
export * from './calibration.ts';
export * from './older-manifest.ts';
export * from './pauses.ts';
