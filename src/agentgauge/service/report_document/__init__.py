"""Reports as documents: what `agentgauge report --html`, `--pdf` and `--png` write, and the weekly job sends by mail.

question    what a report is to be about
building    the answers, as a `Document`: every figure in words, once for all forms
courses     its charts; `work` and `standing` its tables
drawn       its charts, drawn once for a form
html        one file: style and charts inside it, no script, nothing from elsewhere
paper       PDF, and one long picture, by Typst
mail        a body whose charts are attached pictures, as plain text too, and the PDF
writing     a process of its own for a server, which has none of the 150 MB that drawing takes
"""
