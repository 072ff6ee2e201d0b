-- What an alert was raised from, as JSON; null of what was found before. Steps keep theirs among their figures.

ALTER TABLE performance_alerts ADD COLUMN evidence TEXT;
