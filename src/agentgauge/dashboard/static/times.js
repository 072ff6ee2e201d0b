// Times: sent as UTC, shown by the reader's own clock, with its zone.
const FORMS = {
  minute: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
  second: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" },
};

export function localTimes(within) {
  for (const element of within.querySelectorAll("time[datetime]")) {
    const time = new Date(element.dateTime);
    if (element.title === time.toISOString()) continue;
    element.textContent = time.toLocaleString(undefined, { hour12: false, ...FORMS[element.dataset.form] });
    element.title = time.toISOString();
  }
}
