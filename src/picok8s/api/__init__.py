"""The vocabulary: kinds as data, schemas, selectors, quantities, patches, field ownership. Pure; imports nothing of ours."""
