"""Fine-tuning whole reward models with SCPO: input formats, scoring, and a trainer on top of TRL's."""
