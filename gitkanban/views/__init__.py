"""Values to text: tables, JSON, markdown, commit messages. No decisions."""
