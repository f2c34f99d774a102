/**
 * A button for each system of a chart: pressed while the system is shown, and the others fade while the pointer
 * rests on it. The entries of a legend inside the chart do what the buttons do.
 */
import type { View } from 'vega';
import { LEGEND_VIEW, MUTED_SIGNAL } from '../../charts/chart.ts';
import type { ChartData } from './chart-data.ts';

interface System {
  system: string;
  label: string;
  colour?: string;
}

export function offerToggles(figure: HTMLElement, { spec }: ChartData, view: View): void {
  const systems = systemsOf(spec);
  if (!spec.params?.some(({ name }) => name === MUTED_SIGNAL) || systems.length < 2) return;
  const muted = new Set<string>();
  const buttons = new Map<string, HTMLButtonElement>();
  const show = (faded: Iterable<string>): void => {
    view.signal(MUTED_SIGNAL, [...faded]).runAsync();
  };
  const toggle = (system: string): void => {
    if (!muted.delete(system)) muted.add(system);
    buttons.get(system)?.setAttribute('aria-pressed', String(!muted.has(system)));
    show(muted);
  };
  const row = figure.querySelector<HTMLElement>('.toggles')!;
  for (const one of systems) {
    const button = buttonFor(one);
    buttons.set(one.system, button);
    button.addEventListener('click', () => toggle(one.system));
    button.addEventListener('pointerenter', ({ pointerType }) => {
      const others = systems.map(({ system }) => system).filter((system) => system !== one.system);
      if (pointerType === 'mouse' && !muted.has(one.system)) show(others);
    });
    button.addEventListener('pointerleave', () => show(muted));
    row.append(button);
  }
  view.addEventListener('click', (_event, item) => {
    const { mark, datum } = (item ?? {}) as { mark?: { name?: string }; datum?: { system?: string } };
    if (mark?.name?.startsWith(LEGEND_VIEW) && datum?.system) toggle(datum.system);
  });
  row.hidden = false;
}

function buttonFor({ label, colour }: System): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.setAttribute('aria-pressed', 'true');
  const swatch = document.createElement('span');
  swatch.className = 'swatch';
  if (colour) swatch.style.background = colour;
  button.append(swatch, label);
  return button;
}

/** In the order in which they come in the data. A row may have the colour. */
function systemsOf({ datasets }: ChartData['spec']): System[] {
  const systems = new Map<string, System>();
  for (const row of Object.values(datasets ?? {}).flat()) {
    const { system, label, colour } = row as Partial<System>;
    if (typeof system !== 'string' || typeof label !== 'string') continue;
    if (!systems.has(system)) systems.set(system, { system, label, ...(colour && { colour }) });
  }
  return [...systems.values()];
}
