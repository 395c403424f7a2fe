/* Where dialogs, menus and lists open: inside a landmark, above the page. */
export const layer = (): HTMLElement | null => document.getElementById('layers');
