"""What rules may ask: the vocabularies of segments and of offers' eligibility."""
