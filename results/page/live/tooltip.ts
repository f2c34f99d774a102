/** The one tooltip of the page: lines of a name and a value beside the pointer, as text and never as HTML. */

/** Between the pointer and the tooltip, and between it and the edge of the window, in pixels. */
const GAP = 12;

const box = document.createElement('div');
box.className = 'tooltip';
box.setAttribute('role', 'status');
box.hidden = true;
document.body.append(box);

/** `value`: an object of texts, whose `title` is the heading; anything without one hides the tooltip. */
export function showTooltip(event: Event, value: unknown): void {
  const { clientX, clientY } = event as MouseEvent;
  if (typeof value !== 'object' || value === null) {
    hideTooltip();
    return;
  }
  const { title, ...lines } = value as Record<string, unknown>;
  box.replaceChildren(element('strong', title), definitions(lines));
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const left = clientX + GAP + width > clientWidth ? clientX - GAP - width : clientX + GAP;
  const top = clientY + GAP + height > clientHeight ? clientY - GAP - height : clientY + GAP;
  box.style.left = `${Math.max(GAP / 2, Math.min(left, clientWidth - width - GAP / 2))}px`;
  box.style.top = `${Math.max(GAP / 2, top)}px`;
}

export function hideTooltip(): void {
  box.hidden = true;
}

function definitions(lines: Record<string, unknown>): HTMLElement {
  const list = document.createElement('dl');
  for (const [name, value] of Object.entries(lines)) list.append(element('dt', name), element('dd', value));
  return list;
}

function element(tag: string, text: unknown): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = String(text ?? '');
  return made;
}
