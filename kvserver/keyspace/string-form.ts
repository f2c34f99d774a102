/** How a string came to be, which says in which form Redis would hold it: bits of an entry's flags (entries.ts). */

/** It was set: Redis has an integer as such. */
export const FORM_PLAIN = 0;
/** It was made as text, also where it is an integer. */
export const FORM_TEXT = 0x10;
/** Its bytes were changed. */
export const FORM_RAW = 0x20;
/** A copy of one that was set: Redis shares no integer with other keys. */
export const FORM_COPY = 0x30;
