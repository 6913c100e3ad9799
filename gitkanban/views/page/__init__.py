"""The board as a page for a browser: one value with all that it shows, and one HTML file around it.

html    The value as one self-contained HTML file: nothing in it is markup but our own
value   What the page shows, as one JSON-able value that fits the page's limit in bytes

Template, style and scripts are in the folder `assets`, with dagre, which lays out the graph, and
its licence.
"""
