"""What every address stands on: settings, access, language, errors, answers."""
