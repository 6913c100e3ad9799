"""The board as a page for a browser: one value with all that it shows, and one HTML file around it.

html    The value as one self-contained HTML file: nothing in it is markup but our own
value   What the page shows, as one JSON-able value, and what of it has room

Template, style and script lie in the folder `assets`, with dagre, which lays out the graph, and its
licence.
"""
