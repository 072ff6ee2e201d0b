// What a browser remembers, where it may: with storage switched off all holds for this page alone.

export function keep(store, name, value) {
  try { store().setItem(name, value); } catch { /* for this page alone */ }
}

export function kept(store, name) {
  try { return store().getItem(name); } catch { return null; }
}
