"""Questions about applications and cases. They never write, and start from what the asker may see."""
