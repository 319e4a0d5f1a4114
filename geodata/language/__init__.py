"""Words: phrases that are translated, pinyin."""
