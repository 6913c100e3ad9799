// The page of a file: its board is in it.

show(JSON.parse(document.getElementById("board-data").textContent));
begin();
