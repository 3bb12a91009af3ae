"""How a field is answered: context, loaders, pages, one file a noun, one file a mutation."""
