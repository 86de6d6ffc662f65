"""Pure loan mathematics: schedules, quotes, replay."""
