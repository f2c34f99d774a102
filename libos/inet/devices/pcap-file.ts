/** The file behind a PcapDevice. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { LibosError } from '../../errors.ts';
import type { Device } from '../device.ts';
import { PcapDevice, type PcapSink } from './pcap-device.ts';

export interface PcapFile {
  readonly sink: PcapSink;
  /** After the device's close, which writes the last frames. */
  close(): void;
}

/**
 * Makes the file, or empties it. Throws INVALID_ARGUMENT when it cannot; the sink throws SYSTEM_ERROR when
 * the disk takes no more, rather than leave a recording with holes.
 */
export function openPcapFile(path: string): PcapFile {
  const descriptor = open(path);
  return {
    sink(chunk) {
      let written = 0;
      try {
        while (written < chunk.length) written += writeSync(descriptor, chunk, written);
      } catch (error) {
        const detail = `cannot write to ${path}: ${(error as Error).message}; free disk space, or record less`;
        throw new LibosError('SYSTEM_ERROR', 'pcap', -1, detail);
      }
    },
    close: () => closeSync(descriptor),
  };
}

/** `device`, with every frame recorded in the file, which is closed with it. Throws INVALID_ARGUMENT. */
export function recordTo(path: string, device: Device, epochUs: number): Device {
  return new FileRecorder(openPcapFile(path), device, epochUs);
}

class FileRecorder extends PcapDevice {
  readonly #file: PcapFile;

  constructor(file: PcapFile, device: Device, epochUs: number) {
    super(device, file.sink, epochUs);
    this.#file = file;
  }

  override close(): void {
    super.close();
    this.#file.close();
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    const detail = `cannot make ${path}: ${(error as Error).message}; name a file in a folder that you may write to`;
    throw new LibosError('INVALID_ARGUMENT', 'pcap', -1, detail);
  }
}
