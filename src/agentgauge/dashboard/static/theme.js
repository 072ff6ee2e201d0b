// Before anything is painted: the theme that was chosen on this machine.
try {
  const chosen = localStorage.getItem("agentgauge-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch { /* the system's */ }
