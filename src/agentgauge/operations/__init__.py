"""Operations, their components, tools, tokens and trends: the vocabulary of document 002."""
